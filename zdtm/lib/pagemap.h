/* What /proc/self/pagemap tells of one page. */
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

#define PAGE_BYTES ((size_t)sysconf(_SC_PAGESIZE))

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_SWAPPED (1ull << 62)
#define PAGEMAP_FILE (1ull << 61)
#define PAGEMAP_GUARD (1ull << 58) /* Linux 6.15 */
#define PAGEMAP_FRAME ((1ull << 55) - 1)

static inline uint64_t pagemap_entry(const volatile void* addr) {
  uint64_t entry = 0;
  int fd = must(open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  if (pread(fd, &entry, sizeof(entry), (uintptr_t)addr / PAGE_BYTES * sizeof(entry)) != sizeof(entry))
    die("no pagemap entry for %p: %s", addr, strerror(errno));
  close(fd);
  return entry;
}

/* The page has content of its own (in memory or in swap). */
static inline int page_populated(const volatile void* addr) {
  return (pagemap_entry(addr) & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED)) != 0;
}

/* The page frame number; 0 when it isn't present or the caller may not know it. */
static inline uint64_t page_frame(const volatile void* addr) {
  uint64_t entry = pagemap_entry(addr);
  return entry & PAGEMAP_PRESENT ? entry & PAGEMAP_FRAME : 0;
}

/* A case that counts single pages: no huge page may come in their stead, which the kernel's setting may demand. */
static inline void small_pages_only(void* addr, size_t size) {
  if (madvise(addr, size, MADV_NOHUGEPAGE) && errno != EINVAL) die("madvise(MADV_NOHUGEPAGE): %s", strerror(errno));
}

static inline size_t populated_pages(const volatile void* addr, size_t pages) {
  size_t n = 0;
  for (size_t i = 0; i < pages; i++) n += page_populated((const volatile char*)addr + i * PAGE_BYTES);
  return n;
}
