/* zdtm:
 * title: a 32-bit program: stopped children stay stopped and go on when continued
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/stopped.c"
