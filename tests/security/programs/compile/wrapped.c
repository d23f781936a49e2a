/* Asks the compiler to run a program of its own for each of its tools.

   Must: contained
   With: -wrapper python3,/box/wrapper.py
*/
int main(void) { return 0; }
