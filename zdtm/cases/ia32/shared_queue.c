/* zdtm:
 * title: a 32-bit program: the process's queue of pending signals, with siginfo and in order
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../signals/shared_queue.c"
