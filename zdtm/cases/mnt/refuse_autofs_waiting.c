/* zdtm:
 * title: autofs whose daemon has not answered yet is refused: who waits can't be stopped
 * dump: --timeout 1
 * refuse: cannot stop thread
 * needs: root
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "autofs.h"

int main(int argc, char** argv) {
  int ends[2], status;
  struct autofs_v5_packet packet;
  test_init(argc, argv);
  int root = mount_autofs("indirect", ends);
  pid_t asker = must(fork());
  if (asker == 0) {
    must(setpgid(0, 0));
    _exit(openat(root, "what", O_RDONLY) < 0 && errno == ENOENT ? 7 : 1);
  }
  expect_eq(must(read(ends[0], &packet, sizeof packet)), sizeof packet);

  test_daemon();
  test_waitsig();

  must(ioctl(root, AUTOFS_IOC_FAIL, packet.wait_queue_token));
  expect_eq(waitpid(asker, &status, 0), asker);
  expect_eq(WEXITSTATUS(status), 7);
  pass();
}
