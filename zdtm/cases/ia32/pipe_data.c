/* zdtm:
 * title: a 32-bit program: pipes with data: a few bytes, many pages, partly read, and none
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../files/pipe_data.c"
