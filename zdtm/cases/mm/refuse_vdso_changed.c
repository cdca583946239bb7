/* zdtm:
 * title: a program that hooks a function of its vdso
 * refuse: has changed the code of its vdso
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/auxv.h>

#include "check.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  volatile unsigned char* vdso = (unsigned char*)getauxval(AT_SYSINFO_EHDR);
  unsigned char mark = 0x55;
  int mem = must(open("/proc/self/mem", O_RDWR | O_CLOEXEC)); /* as debuggers write: the mapping itself is read-only */
  expect_eq(pwrite(mem, &mark, 1, (off_t)(unsigned long)&vdso[9]), 1); /* padding of e_ident */
  close(mem);

  test_daemon();
  test_waitsig();

  expect_eq(vdso[9], 0x55);
  pass();
}
