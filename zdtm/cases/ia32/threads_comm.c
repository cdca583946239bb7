/* zdtm:
 * title: a 32-bit program: threads keep their tids, their names and their thread-local data
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../task/threads_comm.c"
