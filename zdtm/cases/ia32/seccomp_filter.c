/* zdtm:
 * title: a 32-bit program: one seccomp filter of a user without privileges, inherited by a child
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../security/seccomp_filter.c"
