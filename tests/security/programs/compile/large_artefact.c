/* Fills the disk by one line: an artefact of 8 GiB.

   Must: error
*/
char large[1ul << 33] = {1};
int main(void) { return 0; }
