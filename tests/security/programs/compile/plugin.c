/* Asks the compiler to load a library of the job's, and to take its rules and tools from the job.

   Must: error
   With: -fplugin=/box/evil.so -specs=/box/evil.specs -B/box @/etc/shadow
*/
int main(void) { return 0; }
