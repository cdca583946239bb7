/* One io_uring as a case uses it, by the bare system calls. Newer flags have our own spelling. */
#pragma once

#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"

enum {
  kUringSubmitAll = 1u << 7,
  kUringTaskrunFlag = 1u << 9,
  kUringSqe128 = 1u << 10,
  kUringCqe32 = 1u << 11,
  kUringSingleIssuer = 1u << 12,
  kUringDeferTaskrun = 1u << 13,
  kUringNoSqArray = 1u << 16,
  /* of io_uring_enter(2) and io_uring_register(2) */
  kUringEnterRegisteredRing = 1u << 4,
  kUringRegisterRingFds = 20,
};

struct uring {
  int fd;
  struct io_uring_params p;
  char *rings, *entries;
  unsigned tail; /* the program's own count, as liburing has it */
};

static inline unsigned* uring_word(struct uring* u, unsigned offset) { return (unsigned*)(u->rings + offset); }
static inline size_t uring_entry_size(struct uring* u) { return u->p.flags & kUringSqe128 ? 128 : 64; }
static inline size_t uring_result_size(struct uring* u) { return u->p.flags & kUringCqe32 ? 32 : 16; }

/* 0: this kernel has no such ring. */
static inline int uring_make(struct uring* u, unsigned entries, unsigned flags, unsigned results) {
  memset(u, 0, sizeof(*u));
  u->p.flags = flags | (results ? IORING_SETUP_CQSIZE : 0);
  u->p.cq_entries = results;
  u->fd = syscall(SYS_io_uring_setup, entries, &u->p);
  if (u->fd < 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM)) return 0;
  must(u->fd);
  size_t size = u->p.cq_off.cqes + u->p.cq_entries * uring_result_size(u);
  if (!(flags & kUringNoSqArray) && u->p.sq_off.array + entries * 4 > size) size = u->p.sq_off.array + entries * 4;
  u->rings = must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, IORING_OFF_SQ_RING));
  u->entries = must(mmap(NULL, u->p.sq_entries * uring_entry_size(u), PROT_READ | PROT_WRITE, MAP_SHARED, u->fd,
                         IORING_OFF_SQES));
  return 1;
}

/* The next entry, queued but not yet submitted. */
static inline struct io_uring_sqe* uring_queue(struct uring* u, int opcode, uint64_t data) {
  unsigned place = u->tail & (u->p.sq_entries - 1);
  struct io_uring_sqe* e = (struct io_uring_sqe*)(u->entries + place * uring_entry_size(u));
  memset(e, 0, uring_entry_size(u));
  e->opcode = opcode;
  e->user_data = data;
  if (!(u->p.flags & kUringNoSqArray)) uring_word(u, u->p.sq_off.array)[place] = place;
  __atomic_store_n(uring_word(u, u->p.sq_off.tail), ++u->tail, __ATOMIC_RELEASE);
  return e;
}

static inline int uring_submit(struct uring* u, unsigned count, unsigned wait_for) {
  unsigned flags = (wait_for ? IORING_ENTER_GETEVENTS : 0) |
                   (u->p.flags & IORING_SETUP_SQPOLL ? IORING_ENTER_SQ_WAKEUP : 0);
  return syscall(SYS_io_uring_enter, u->fd, count, wait_for, flags, NULL, 0);
}

struct uring_result {
  uint64_t user_data;
  int res;
  unsigned flags;
};

/* Takes the next result, which must be there. */
static inline struct uring_result uring_take(struct uring* u) {
  unsigned head = *uring_word(u, u->p.cq_off.head);
  if (head == __atomic_load_n(uring_word(u, u->p.cq_off.tail), __ATOMIC_ACQUIRE)) die("no result in ring %d", u->fd);
  struct io_uring_cqe* found =
      (struct io_uring_cqe*)(u->rings + u->p.cq_off.cqes + (head & (u->p.cq_entries - 1)) * uring_result_size(u));
  struct uring_result result = {.user_data = found->user_data, .res = found->res, .flags = found->flags};
  __atomic_store_n(uring_word(u, u->p.cq_off.head), head + 1, __ATOMIC_RELEASE);
  return result;
}

static inline unsigned uring_unread(struct uring* u) {
  return __atomic_load_n(uring_word(u, u->p.cq_off.tail), __ATOMIC_ACQUIRE) - *uring_word(u, u->p.cq_off.head);
}

/* `count` requests that do nothing, one after the other, results taken. */
static inline void uring_turn(struct uring* u, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    uring_queue(u, IORING_OP_NOP, 90000 + i);
    expect_eq(uring_submit(u, 1, 1), 1);
    expect_eq(uring_take(u).user_data, 90000 + i);
  }
}

static inline void uring_register(struct uring* u, unsigned opcode, const void* argument, unsigned count) {
  must(syscall(SYS_io_uring_register, u->fd, opcode, argument, count));
}
