/* Control groups of cases: made below the hierarchies of /sys/fs/cgroup, removed at the end. */
#pragma once

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "check.h"

/* "pids" and "/name" -> where it is; skips the case when the machine has no such hierarchy mounted. */
static inline const char* group_path(const char* hierarchy, const char* name) {
  static char paths[8][PATH_MAX];
  static int next;
  char* path = paths[next++ % 8];
  snprintf(path, PATH_MAX, "/sys/fs/cgroup/%s/cgroup.procs", hierarchy);
  if (access(path, W_OK)) skip("the hierarchy %s is not mounted, or not ours to write", hierarchy);
  snprintf(path, PATH_MAX, "/sys/fs/cgroup/%s/%s", hierarchy, name);
  return path;
}

static inline void put_setting(const char* group, const char* file, const char* value) {
  char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/%s", group, file);
  int fd = must(open(path, O_WRONLY));
  if (write(fd, value, strlen(value)) < 0) die("%s to %s: %s", value, path, strerror(errno));
  close(fd);
}

/* Without the newline at its end. */
static inline const char* setting(const char* group, const char* file) {
  static char text[4][4096];
  static int next;
  char path[PATH_MAX], *to = text[next++ % 4];
  snprintf(path, sizeof(path), "%s/%s", group, file);
  int fd = must(open(path, O_RDONLY));
  ssize_t n = must(read(fd, to, 4095));
  close(fd);
  while (n > 0 && to[n - 1] == '\n') n--;
  to[n] = 0;
  return to;
}

static inline void make_group(const char* group) {
  if (mkdir(group, 0755) && errno != EEXIST) die("%s: %s", group, strerror(errno));
}

static inline void enter_group(const char* group) { put_setting(group, "cgroup.procs", "0"); }

/* Whether /proc/self/task/TID/cgroup has that line: "pids:/name". */
static inline int is_in_group(int tid, const char* hierarchy_and_name) {
  char path[64], text[4096], wanted[300];
  snprintf(path, sizeof(path), "/proc/self/task/%d/cgroup", tid);
  int fd = must(open(path, O_RDONLY));
  ssize_t n = must(read(fd, text, sizeof(text) - 1));
  close(fd);
  text[n] = 0;
  snprintf(wanted, sizeof(wanted), ":%s\n", hierarchy_and_name);
  if (strstr(text, wanted)) return 1;
  test_msg("%s is not in\n%s", wanted, text);
  return 0;
}

/* Leaves it for the root of the hierarchy and removes it. */
static inline void remove_group(const char* hierarchy, const char* group) {
  enter_group(group_path(hierarchy, ""));
  for (int i = 0; rmdir(group) && i < 100; i++) usleep(10000);
}
