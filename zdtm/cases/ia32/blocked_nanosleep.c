/* zdtm:
 * title: a 32-bit program: nanosleep keeps its remaining time
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/blocked_nanosleep.c"
