/* zdtm:
 * title: rings of asynchronous I/O (io_setup): unread events, one that has gone round, one that was moved, an empty one
 */
#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"
#include "mapping.h"

enum { kEvents = 10, kPage = 4096 };

/* What the kernel keeps at the start of a ring (fs/aio.c, struct aio_ring). */
struct ring {
  unsigned id, nr, head, tail, magic, compat, incompat, header_length;
  struct io_event events[];
};

static int file;
static char buffer[16];

static aio_context_t make_ring(void) {
  aio_context_t ring = 0;
  if (syscall(SYS_io_setup, kEvents, &ring) != 0) skip("no asynchronous I/O here: %s", strerror(errno));
  return ring;
}

/* Reads of a file by way of the page cache are complete when io_submit returns. */
static void submit(aio_context_t ring, uint64_t data, size_t len) {
  struct iocb request = {.aio_data = data,
                         .aio_lio_opcode = IOCB_CMD_PREAD,
                         .aio_fildes = file,
                         .aio_buf = (uintptr_t)buffer,
                         .aio_nbytes = len},
              *list[] = {&request};
  expect_eq(syscall(SYS_io_submit, ring, 1, list), 1);
}

static void expect_event(aio_context_t ring, uint64_t data, long result) {
  struct io_event event;
  expect_eq(syscall(SYS_io_getevents, ring, 1, 1, &event, NULL), 1);
  expect_eq(event.data, data);
  expect_eq(event.res, result);
}

static void expect_nothing(aio_context_t ring) {
  struct io_event event;
  expect_eq(syscall(SYS_io_getevents, ring, 0, 1, &event, &(struct timespec){0}), 0);
}

/* Every place of the ring can be used. */
static void use_all_of(aio_context_t ring) {
  for (unsigned i = 0; i < ((struct ring*)ring)->nr + 3; ++i) {
    submit(ring, 1000 + i, i % 7);
    expect_event(ring, 1000 + i, i % 7);
  }
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  file = make_file(test_path("data"), 16, 1);

  aio_context_t fresh = make_ring(), unread = make_ring(), round = make_ring(), moved = make_ring();
  for (int i = 0; i < 5; ++i) submit(unread, 100 + i, i);
  for (int i = 0; i < 2; ++i) expect_event(unread, 100 + i, i);

  unsigned nr = ((struct ring*)round)->nr;
  for (unsigned i = 0; i < nr - 2; ++i) {
    submit(round, i, 1);
    expect_event(round, i, 1);
  }
  for (int i = 0; i < 4; ++i) submit(round, 200 + i, i);
  expect(((struct ring*)round)->tail < ((struct ring*)round)->head);

  char* place = map_private(kPage);
  moved = (aio_context_t)must(mremap((void*)moved, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, place));
  submit(moved, 300, 3);

  aio_context_t rings[] = {fresh, unread, round, moved};
  struct ring before[4];
  for (int i = 0; i < 4; ++i) before[i] = *(struct ring*)rings[i];

  test_daemon();
  test_waitsig();

  for (int i = 0; i < 4; ++i) expect(memcmp(&before[i], (void*)rings[i], sizeof(before[i])) == 0);
  for (int i = 2; i < 5; ++i) expect_event(unread, 100 + i, i);
  for (int i = 0; i < 4; ++i) expect_event(round, 200 + i, i);
  expect_event(moved, 300, 3);
  for (int i = 0; i < 4; ++i) {
    expect_nothing(rings[i]);
    use_all_of(rings[i]);
    must(syscall(SYS_io_destroy, rings[i]));
  }
  expect(!check_pattern(buffer, 6, 1));
  pass();
}
