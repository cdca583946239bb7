/* zdtm:
 * title: a 32-bit program: pages that parent and child share copy-on-write still share their frames; modified ones differ
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../mm/cow_parent_child.c"
