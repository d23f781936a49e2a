/* Includes a file that never ends.

   Must: limit
*/
#include "/dev/urandom"
int main(void) { return 0; }
