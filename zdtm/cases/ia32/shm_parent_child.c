/* zdtm:
 * title: a 32-bit program: shared anonymous memory of a parent and its child stays one object
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../mm/shm_parent_child.c"
