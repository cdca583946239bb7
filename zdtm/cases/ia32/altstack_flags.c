/* zdtm:
 * title: a 32-bit program: an alternate stack with SS_AUTODISARM
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../signals/altstack_flags.c"
