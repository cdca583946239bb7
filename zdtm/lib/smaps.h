/* One mapping of this process as /proc/self/smaps shows it. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "check.h"

struct vma {
  uintptr_t start, end;
  char perms[5];
  uint64_t offset;
  unsigned long inode;
  char path[512];
  long rss_kb, locked_kb, page_kb, anon_huge_kb, pkey;
  char flags[256]; /* " rd wr mr mw me ac ": every flag between two spaces */
};

/* Finds the mapping that covers addr; 0, or -1 when there is none. */
static inline int vma_at(const volatile void* addr, struct vma* out) {
  char line[1024];
  int found = 0;
  FILE* f = fopen("/proc/self/smaps", "re");
  if (!f) die("cannot open smaps: %s", strerror(errno));
  while (fgets(line, sizeof(line), f)) {
    struct vma v = {.rss_kb = -1};
    unsigned long start, end;
    if (sscanf(line, "%lx-%lx %4s %lx %*s %lu %511[^\n]", &start, &end, v.perms, &v.offset, &v.inode, v.path) >= 5) {
      if (found) break;
      found = (uintptr_t)addr >= start && (uintptr_t)addr < end;
      v.start = start, v.end = end;
      if (found) *out = v;
    } else if (found) {
      sscanf(line, "Rss: %ld", &out->rss_kb);
      sscanf(line, "Locked: %ld", &out->locked_kb);
      sscanf(line, "KernelPageSize: %ld", &out->page_kb);
      sscanf(line, "ProtectionKey: %ld", &out->pkey);
      sscanf(line, "AnonHugePages: %ld", &out->anon_huge_kb);
      if (strncmp(line, "VmFlags:", 8) == 0)
        snprintf(out->flags, sizeof(out->flags), "%.*s ", (int)strcspn(line + 8, "\n"), line + 8);
    }
  }
  fclose(f);
  return found ? 0 : -1;
}

/* Has the mapping at addr this two-letter flag? */
static inline int vma_has_flag(const volatile void* addr, const char* flag) {
  struct vma v = {0};
  char wanted[8];
  if (vma_at(addr, &v) < 0) die("no mapping at %p", addr);
  snprintf(wanted, sizeof(wanted), " %s ", flag);
  return strstr(v.flags, wanted) != NULL;
}

/* The mapping at addr; there must be one. */
static inline struct vma must_vma(const volatile void* addr) {
  struct vma v = {0};
  if (vma_at(addr, &v) < 0) die("no mapping at %p", addr);
  return v;
}
