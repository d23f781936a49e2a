/* Includes itself twice, each time to the depth that the compiler allows.

   Must: limit
*/
#if __INCLUDE_LEVEL__ < 190
#include "include_bomb.c"
#include "include_bomb.c"
#endif
int main(void) { return 0; }
