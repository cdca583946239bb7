/* zdtm:
 * title: the nice value of a session among sessions (/proc/PID/autogroup), of two sessions
 * needs: file:/proc/self/autogroup
 * rights: to raise it takes those of the machine's root
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "waiting_child.h"

static void set_nice(const char* value) {
  int fd = must(open("/proc/self/autogroup", O_WRONLY));
  if (write(fd, value, strlen(value)) < 0) skip("autogroup: %s", strerror(errno));
  close(fd);
}

static int nice_of_session(void) {
  char text[64] = "";
  int fd = must(open("/proc/self/autogroup", O_RDONLY));
  must(read(fd, text, sizeof(text) - 1));
  close(fd);
  const char* nice = strstr(text, "nice ");
  if (!nice) skip("autogroup is off");
  return atoi(nice + 5);
}

static void set_up_child(void* unused) {
  (void)unused;
  must(setsid());
  set_nice("9");
}

static void check_child(void* unused) {
  (void)unused;
  expect_eq(nice_of_session(), 9);
}

static void check_same(void* unused) {
  (void)unused;
  expect_eq(nice_of_session(), -4);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  nice_of_session();
  set_nice("-4");
  pid_t child = waiting_child_start(set_up_child, check_child, NULL);
  pid_t same = waiting_child_start(NULL, check_same, NULL);
  expect_eq(nice_of_session(), -4);

  test_daemon();
  test_waitsig();

  expect_eq(nice_of_session(), -4);
  waiting_child_finish(child);
  waiting_child_finish(same);
  pass();
}
