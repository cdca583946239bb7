/* zdtm:
 * title: a 32-bit program: children in groups and sessions of their own, and one whose parent has moved to another session
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/sessions.c"
