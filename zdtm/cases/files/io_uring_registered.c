/* zdtm:
 * title: files, memory and an eventfd that are registered with an io_uring; a worker thread of the kernel's that idles
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "descriptors.h"
#include "uring.h"

enum { kPage = 4096 };

static struct uring ring;

static int run(struct io_uring_sqe* entry) {
  (void)entry;
  expect_eq(uring_submit(&ring, 1, 1), 1);
  return uring_take(&ring).res;
}

static struct io_uring_sqe* on_place(int opcode, int place, void* at, unsigned size) {
  struct io_uring_sqe* e = uring_queue(&ring, opcode, 1);
  e->flags = IOSQE_FIXED_FILE;
  e->fd = place;
  e->addr = (uintptr_t)at;
  e->len = size;
  return e;
}

/* A read that waits goes to a worker of the kernel's, which stays when it is done. */
static void wait_in_worker(void) {
  int slow[2];
  char got;
  must(pipe(slow));
  struct io_uring_sqe* e = uring_queue(&ring, IORING_OP_READ, 7);
  e->fd = slow[0], e->addr = (uintptr_t)&got, e->len = 1, e->flags = IOSQE_ASYNC;
  expect_eq(uring_submit(&ring, 1, 0), 1);
  must(write(slow[1], "x", 1));
  while (uring_unread(&ring) == 0) usleep(1000);
  expect_eq(uring_take(&ring).res, 1);
}

int main(int argc, char** argv) {
  int other[2], pair[2];
  char got[16] = {0};
  test_init(argc, argv);
  if (!uring_make(&ring, 4, 0, 0)) skip("no io_uring here: %s", strerror(errno));
  int file = make_file(test_path("data"), 100, 1);
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, other));
  int signalled = must(eventfd(0, EFD_NONBLOCK));
  int files[] = {file, -1, other[1], pair[0]};
  uring_register(&ring, IORING_REGISTER_FILES, files, 4);
  char* memory = must(mmap(NULL, 4 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  struct iovec parts[] = {{memory, kPage}, {NULL, 0}, {memory + 2 * kPage + 100, 300}};
  uring_register(&ring, IORING_REGISTER_BUFFERS, parts, 3);
  strcpy(memory + 2 * kPage + 100, "registered");

  wait_in_worker();
  uring_register(&ring, IORING_REGISTER_EVENTFD, &signalled, 1);

  test_daemon();
  test_waitsig();

  /* The position moves for descriptor and place alike. */
  struct io_uring_sqe* e = on_place(IORING_OP_READ, 0, got, 10);
  e->off = -1;
  expect_eq(run(e), 10);
  expect_eq(lseek(file, 0, SEEK_CUR), 10);
  expect(!check_pattern(got, 10, 1));
  expect_eq(run(on_place(IORING_OP_READ, 1, got, 1)), -EBADF);
  expect_eq(run(on_place(IORING_OP_WRITE, 2, "else", 4)), 4);
  expect_read(other[0], "else");
  expect_eq(run(on_place(IORING_OP_WRITE, 3, "pair", 4)), 4);
  expect_read(pair[1], "pair");

  e = on_place(IORING_OP_WRITE_FIXED, 2, memory + 2 * kPage + 100, 10);
  e->buf_index = 2;
  expect_eq(run(e), 10);
  expect_read(other[0], "registered");
  e = on_place(IORING_OP_READ_FIXED, 0, memory + 8, 20);
  e->buf_index = 0;
  e->off = 0;
  expect_eq(run(e), 20);
  expect(!check_pattern(memory + 8, 20, 1));
  e = on_place(IORING_OP_READ_FIXED, 0, memory, 1);
  e->buf_index = 1;
  expect_eq(run(e), -EFAULT);

  uint64_t signals = 0;
  expect_eq(read(signalled, &signals, 8), 8);
  expect_eq(signals, 7);
  uring_register(&ring, IORING_UNREGISTER_EVENTFD, NULL, 0);
  uring_register(&ring, IORING_UNREGISTER_FILES, NULL, 0);
  uring_register(&ring, IORING_UNREGISTER_BUFFERS, NULL, 0);
  pass();
}
