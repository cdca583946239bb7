/* zdtm:
 * title: a 32-bit program: the auxiliary vector, as /proc shows it and as it lies in memory
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../mm/auxv.c"
