/* zdtm:
 * title: an io_uring is refused by name and still takes requests
 * refuse: anon_inode:[io_uring]
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"

int main(int argc, char** argv) {
  struct io_uring_params params = {0};
  test_init(argc, argv);
  int fd = syscall(SYS_io_uring_setup, 4, &params);
  if (fd < 0) skip("no io_uring here: %s", strerror(errno));
  fd = move_fd(fd, 77);
  char* ring = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING));
  struct io_uring_sqe* entries =
      must(mmap(NULL, 4 * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES));

  test_daemon();
  test_waitsig();

  /* One request that does nothing. With IORING_FEAT_SINGLE_MMAP (5.4) both rings are in one mapping. */
  entries[0] = (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = 4711};
  ((uint32_t*)(ring + params.sq_off.array))[0] = 0;
  __atomic_store_n((uint32_t*)(ring + params.sq_off.tail), 1, __ATOMIC_RELEASE);
  expect_eq(syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
  expect_eq(__atomic_load_n((uint32_t*)(ring + params.cq_off.tail), __ATOMIC_ACQUIRE), 1);
  expect_eq(((struct io_uring_cqe*)(ring + params.cq_off.cqes))[0].user_data, 4711);
  pass();
}
