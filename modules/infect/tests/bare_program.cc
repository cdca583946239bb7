// A program that makes no system calls: there is no instruction for one in its text. It faults when its sums go
// wrong.
extern "C" void _start() {
  volatile unsigned long a = 0, b = 0;
  for (;;) {
    a = a + 1;
    b = b + 2;
    if (b != 2 * a) __builtin_trap();
  }
}
