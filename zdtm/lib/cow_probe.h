/* Copy-on-write sharing between processes: a child reports the page frames of a range to its parent. */
#pragma once

#include "mapping.h"
#include "pagemap.h"
#include "waiting_child.h"

enum { kMaxCowPages = 256 };

struct cow_probe {
  char* mem;
  size_t pages;
  uint64_t* frames; /* shared with the child: its page frames as of waiting_child_finish() */
};

static inline struct cow_probe cow_probe_of(char* mem, size_t pages) {
  struct cow_probe p = {mem, pages, (uint64_t*)map_shared(kMaxCowPages * sizeof(uint64_t))};
  if (page_frame(&p) == 0) skip("page frame numbers are hidden: CAP_SYS_ADMIN in the first user namespace is needed");
  return p;
}

/* For use in a child: notes the frames of the range as this process sees them. */
static inline void cow_probe_note(struct cow_probe* p) {
  for (size_t i = 0; i < p->pages; i++) p->frames[i] = page_frame(p->mem + i * PAGE_BYTES);
}

/* The number of pages from first on for which this process and the noted one use the same frame. */
static inline size_t cow_probe_shared(const struct cow_probe* p, size_t first, size_t count) {
  size_t same = 0;
  for (size_t i = first; i < first + count; i++) {
    uint64_t mine = page_frame(p->mem + i * PAGE_BYTES);
    same += mine != 0 && mine == p->frames[i];
  }
  return same;
}
