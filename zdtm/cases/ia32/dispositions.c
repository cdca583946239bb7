/* zdtm:
 * title: a 32-bit program: handler, flags and mask of every signal
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../signals/dispositions.c"
