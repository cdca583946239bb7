/* zdtm:
 * title: a 32-bit program: a robust mutex whose owner dies after the restore is passed on with EOWNERDEAD
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/threads_robust_list.c"
