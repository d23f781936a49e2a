/* Puts a secret into its object file by the assembler, and prints it when run.

   Must: error
*/
#include <stdio.h>
__asm__("secret: .incbin \"/etc/shadow\"\n.byte 0\n");
extern const char secret[];
int main(void) { puts("ESCAPED"); puts(secret); return 0; }
