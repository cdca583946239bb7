/* zdtm:
 * title: a 32-bit program: a process caught inside a signal handler on its alternate stack returns to where it was
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../signals/in_handler.c"
