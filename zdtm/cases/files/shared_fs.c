/* zdtm:
 * title: CLONE_FS: working directory and umask are one for two processes, and apart from a third's
 */
#include <limits.h>

#include "check.h"
#include "clone_child.h"
#include "descriptors.h"

static void child_moves(void *arg)
{
  expect_eq(umask(027), 071);
  must(chdir(arg));
}
static void child_stays(void *arg)
{
  (void)arg;
  expect_eq(umask(0), 022);
  must(access("below", F_OK));
}

int main(int argc, char **argv)
{
  test_init(argc, argv);
  must(mkdir("below", 0755));
  close(make_file("below/mark", 1, 1));
  umask(022);
  pid_t apart = waiting_child_start(NULL, child_stays, NULL);
  pid_t sharing = waiting_child_sharing(CLONE_FS, child_moves, "below");
  umask(071);

  test_daemon();
  test_waitsig();

  waiting_child_finish(sharing);
  must(access("mark", F_OK)); /* the child took this process along */
  expect_eq(umask(0), 027);
  must(chdir(".."));
  waiting_child_finish(apart);
  pass();
}
