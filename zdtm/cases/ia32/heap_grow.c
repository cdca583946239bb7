/* zdtm:
 * title: a 32-bit program: the heap keeps its content and its break, and grows and shrinks after the restore
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../mm/heap_grow.c"
