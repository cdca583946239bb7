/* zdtm:
 * title: a 32-bit program: epoll: one-shot entries fired or not, edge-triggered, exclusive and wake-up ones keep their flags
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../files/epoll_flags.c"
