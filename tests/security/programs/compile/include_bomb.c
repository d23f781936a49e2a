/* Includes itself twice, each time to the depth that the compiler allows.

   Must: end
*/
#if __INCLUDE_LEVEL__ < 190
#include __FILE__
#include __FILE__
#endif
int main(void) { return 0; }
