/* A line that becomes some 10 to the 9 characters.

   Must: limit
*/
#define A(x) x x x x x x x x x x
#define B(x) A(A(A(x)))
int main(void) { B(B(B(return 0;))) }
