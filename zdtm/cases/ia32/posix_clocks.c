/* zdtm:
 * title: a 32-bit program: POSIX timers on every clock keep remaining time, interval and clock
 * needs: arch:x86_64 ia32
 * build: -m32 -static
 */
#include "../timers/posix_clocks.c"
