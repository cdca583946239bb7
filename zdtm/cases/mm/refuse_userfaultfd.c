/* zdtm:
 * title: a userfaultfd with a registered range is refused by name; the range is still watched
 * refuse: fd 77 (anon_inode:[userfaultfd])
 */
#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "check.h"
#include "descriptors.h"
#include "mapping.h"
#include "pagemap.h"

int main(int argc, char** argv) {
  test_init(argc, argv);
  int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
  if (fd < 0) skip("no userfaultfd here: %s", strerror(errno));
  fd = move_fd(fd, 77);
  must(ioctl(fd, UFFDIO_API, &(struct uffdio_api){.api = UFFD_API}));
  char *mem = map_isolated(2 * PAGE_BYTES), *page = map_private(PAGE_BYTES);
  must(ioctl(
      fd, UFFDIO_REGISTER,
      &(struct uffdio_register){.range = {(uintptr_t)mem, 2 * PAGE_BYTES}, .mode = UFFDIO_REGISTER_MODE_MISSING}));

  test_daemon();
  test_waitsig();

  /* Pages can be put in by the descriptor only as long as the range is registered. */
  fill_pattern(page, PAGE_BYTES, 1);
  must(ioctl(fd, UFFDIO_COPY,
             &(struct uffdio_copy){.dst = (uintptr_t)mem, .src = (uintptr_t)page, .len = PAGE_BYTES}));
  expect(!check_pattern(mem, PAGE_BYTES, 1));
  expect(!page_populated(mem + PAGE_BYTES));
  pass();
}
