/* zdtm:
 * title: a 32-bit program: time from the vDSO, asked for without pause, never goes back and agrees with the kernel's
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/vdso_time.c"
