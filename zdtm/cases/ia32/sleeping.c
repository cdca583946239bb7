/* zdtm:
 * title: a 32-bit program: a process that sleeps in sigsuspend, with data in its memory and on its stack
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/sleeping.c"
