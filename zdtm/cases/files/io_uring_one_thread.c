/* zdtm:
 * title: rings of one thread each (IORING_SETUP_SINGLE_ISSUER, DEFER_TASKRUN) are still theirs: unread results, entries
 *   not yet submitted, registered files, memory and eventfd; one that a thread knows by a number of its own
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>

#include "descriptors.h"
#include "threads.h"
#include "uring.h"

enum { kThreads = 4, kPage = 4096, kNumber = 3 };

static const unsigned kFlags[kThreads + 1] = {
    kUringSingleIssuer,
    kUringSingleIssuer | kUringDeferTaskrun,
    kUringSingleIssuer | kUringDeferTaskrun | kUringNoSqArray,
    kUringSingleIssuer | kUringDeferTaskrun | kUringTaskrunFlag | kUringSubmitAll,
    kUringSingleIssuer | kUringDeferTaskrun, /* the main thread's */
};
static struct uring rings[kThreads + 1];
static int files[kThreads + 1], signalled;
static char* memory;

static void set_up(int n) {
  struct uring* u = &rings[n];
  must(uring_make(u, 8, kFlags[n], 16) - 1);
  uring_turn(u, 1000 + n);
  for (int i = 0; i < 5 + n; ++i) {
    uring_queue(u, IORING_OP_NOP, 100 * n + i);
    expect_eq(uring_submit(u, 1, 0), 1);
  }
  for (int i = 0; i < 3; ++i) uring_queue(u, IORING_OP_NOP, 5000 + i);
  char name[16];
  sprintf(name, "data%d", n);
  files[n] = make_file(test_path(name), 200, n);
  uring_register(u, IORING_REGISTER_FILES, &files[n], 1);
  struct iovec part = {memory + n * kPage, kPage};
  uring_register(u, IORING_REGISTER_BUFFERS, &part, 1);
  if (n == 1) uring_register(u, IORING_REGISTER_EVENTFD, &signalled, 1);
  struct io_uring_rsrc_update number = {.offset = kNumber, .data = u->fd};
  if (n != 0) must(syscall(SYS_io_uring_register, u->fd, kUringRegisterRingFds, &number, 1));
}

static int enter(int ring, unsigned flags) {
  return syscall(SYS_io_uring_enter, ring, 1, 1, flags | IORING_ENTER_GETEVENTS, NULL, 0);
}

static void check(int n) {
  struct uring* u = &rings[n];
  expect_eq(uring_unread(u), 5 + n);
  for (int i = 0; i < 5 + n; ++i) expect_eq(uring_take(u).user_data, 100 * n + i);
  expect_eq(uring_submit(u, 3, 3), 3);
  for (int i = 0; i < 3; ++i) expect_eq(uring_take(u).user_data, 5000 + i);
  struct io_uring_sqe* e = uring_queue(u, IORING_OP_READ_FIXED, 1);
  e->flags = IOSQE_FIXED_FILE;
  e->addr = (uintptr_t)memory + n * kPage + 50;
  e->len = 200;
  expect_eq(n != 0 ? enter(kNumber, kUringEnterRegisteredRing) : enter(u->fd, 0), 1);
  expect_eq(uring_take(u).res, 200);
  expect(!check_pattern(memory + n * kPage + 50, 200, n));
  /* It is nobody else's. */
  expect_eq(enter(rings[(n + 1) % kThreads].fd, 0), -1);
  expect_eq(errno, EEXIST);
  /* And what was not registered is not. */
  if (n == 0) expect(enter(kNumber, kUringEnterRegisteredRing) == -1 && errno == EBADF);
  expect(enter(kNumber + 1, kUringEnterRegisteredRing) == -1 && errno == EBADF);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct uring probe;
  if (!uring_make(&probe, 8, kUringSingleIssuer | kUringDeferTaskrun | kUringNoSqArray, 0))
    skip("no such io_uring here: %s", strerror(errno));
  close(probe.fd);
  munmap(probe.rings, probe.p.cq_off.cqes + probe.p.cq_entries * 16);
  munmap(probe.entries, probe.p.sq_entries * 64);
  memory = must(mmap(NULL, (kThreads + 1) * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  signalled = must(eventfd(0, EFD_NONBLOCK));
  struct threads t = {.count = kThreads, .setup = set_up, .check = check};
  threads_start(&t);
  set_up(kThreads);

  test_daemon();
  test_waitsig();

  check(kThreads);
  threads_finish(&t);
  uint64_t signals = 0;
  expect_eq(read(signalled, &signals, 8), 8);
  expect_eq(signals, 2); /* one for those that were submitted together */
  pass();
}
