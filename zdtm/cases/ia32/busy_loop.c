/* zdtm:
 * title: a 32-bit program: a process that never enters the kernel computes on and makes no mistake
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/busy_loop.c"
