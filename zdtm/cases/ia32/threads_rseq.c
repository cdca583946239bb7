/* zdtm:
 * title: a 32-bit program: the restartable-sequence area of every thread stays registered
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/threads_rseq.c"
