/* zdtm:
 * title: a 32-bit program: private anonymous memory keeps its content, page by page, and stays private
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../mm/anon_private.c"
