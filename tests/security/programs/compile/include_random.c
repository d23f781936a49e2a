/* Includes a file that never ends.

   Must: end
*/
#include "/dev/urandom"
int main(void) { return 0; }
