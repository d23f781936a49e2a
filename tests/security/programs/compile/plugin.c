/* Asks the compiler to load a library of the job's, to take its tools from the job, and to read secrets.

   Must: error
   With: -fplugin=/box/wrapper.py -B/box -include /proc/1/environ @/etc/shadow
*/
int main(void) { return 0; }
