/* zdtm:
 * title: a 32-bit program: FUTEX_WAIT with a relative timeout keeps its remaining time
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/blocked_futex_timeout.c"
