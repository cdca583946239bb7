/* Huge pages of hugetlbfs for a case. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "check.h"

#define HUGE_BYTES (2ul << 20)

/* Lets the kernel make huge pages when they are asked for. Raises a limit only: pages made so are given back when
 * they are freed, so the machine is as before after the case. Skips when there are none to be had. */
static inline void need_huge_pages(void) {
  static const char kLimit[] = "/proc/sys/vm/nr_overcommit_hugepages";
  long now = 0;
  FILE* f = fopen(kLimit, "re");
  if (!f || fscanf(f, "%ld", &now) != 1) skip("no hugetlb in this kernel");
  fclose(f);
  if (now < 64) {
    int fd = open(kLimit, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "64", 2) != 2) skip("cannot raise %s: %s", kLimit, strerror(errno));
    close(fd);
  }
  void* probe = mmap(NULL, 4 * HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
  if (probe == MAP_FAILED) skip("no huge pages to be had: %s", strerror(errno));
  munmap(probe, 4 * HUGE_BYTES);
}
