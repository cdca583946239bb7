/* The mappings that most memory cases start from. */
#pragma once

#include <sys/mman.h>

#include "check.h"

static inline char* map_anon(size_t len, int flags) {
  return must(mmap(NULL, len, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0));
}
static inline char* map_private(size_t len) { return map_anon(len, MAP_PRIVATE); }
static inline char* map_shared(size_t len) { return map_anon(len, MAP_SHARED); }

static inline char* map_file(int fd, size_t len, int flags, off_t offset) {
  return must(mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, offset));
}

/* Private memory with a hole before and behind it, so that it never merges with what lies there. */
static inline char* map_isolated(size_t len) {
  const size_t kHole = 65536; /* the largest page */
  char* mem = map_private(len + 2 * kHole);
  must(munmap(mem, kHole));
  must(munmap(mem + kHole + len, kHole));
  return mem + kHole;
}
