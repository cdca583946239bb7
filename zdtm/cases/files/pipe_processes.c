/* zdtm:
 * title: a ring of five processes, each with one pipe from its neighbour and one to the next
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "waiting_child.h"

enum { kRing = 5 };
static int pipes[kRing + 1][2];

/* Child i reads from pipe i and writes to pipe i + 1; it has closed all else. */
static void keep_two(void* arg) {
  long i = (long)arg;
  for (int j = 0; j <= kRing; j++) {
    if (j != i) close(pipes[j][0]);
    if (j != i + 1) close(pipes[j][1]);
  }
}

static void pass_on(void* arg) {
  long i = (long)arg;
  char text[64], more[96];
  ssize_t n = must(read(pipes[i][0], text, sizeof(text) - 1));
  text[n] = 0;
  snprintf(more, sizeof(more), "%s%ld", text, i);
  write_text(pipes[i + 1][1], more);
}

int main(int argc, char** argv) {
  pid_t pid[kRing];
  test_init(argc, argv);
  for (int i = 0; i <= kRing; i++) must(pipe(pipes[i]));
  for (long i = 0; i < kRing; i++) pid[i] = waiting_child_start(keep_two, pass_on, (void*)i);
  for (int i = 0; i <= kRing; i++) {
    if (i != kRing) close(pipes[i][0]);
    if (i != 0) close(pipes[i][1]);
  }
  write_text(pipes[0][1], "a"); /* already in flight when the dump comes */

  test_daemon();
  test_waitsig();

  for (int i = 0; i < kRing; i++) waiting_child_finish(pid[i]);
  expect_read(pipes[kRing][0], "a01234");
  char byte;
  expect_eq(read(pipes[kRing][0], &byte, 1), 0);
  pass();
}
