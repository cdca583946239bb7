/* zdtm:
 * title: a 32-bit program: stream socketpair: data in flight in both directions, partly read, order kept
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../net/unix_stream_data.c"
