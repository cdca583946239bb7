/* zdtm:
 * title: a 32-bit program: poll runs into its timeout at the right time
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/blocked_poll_timeout.c"
