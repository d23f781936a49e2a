/* Includes what only root may read, and what describes other processes; an error would quote it.

   Must: error
*/
#include "/etc/shadow"
#include "/proc/1/environ"
#include "/proc/1/mem"
#include "/root/.bashrc"
#include "/var/run/docker.sock"
#include "../../../../../../etc/shadow"
int main(void) { return 0; }
