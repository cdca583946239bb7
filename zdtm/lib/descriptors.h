/* Descriptors of a case: making files, and what the kernel tells of an open descriptor. */
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "check.h"

/* Creates a file of len bytes of the seed's pattern and returns it open for reading and writing, position 0. */
static inline int make_file(const char* path, size_t len, uint32_t seed) {
  int fd = must(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
  char* content = malloc(len + 1);
  fill_pattern(content, len, seed);
  if (pwrite(fd, content, len, 0) != (ssize_t)len) die("cannot fill %s: %s", path, strerror(errno));
  free(content);
  return fd;
}

/* The file behind fd holds exactly len bytes of the seed's pattern. Doesn't move the position. */
static inline void expect_file(int fd, size_t len, uint32_t seed) {
  char* content = malloc(len + 1);
  if (pread(fd, content, len + 1, 0) != (ssize_t)len) die("fd %d hasn't the length %zu", fd, len);
  if (check_pattern(content, len, seed)) die("fd %d has other content", fd);
  free(content);
}

/* Reads exactly this text from fd. */
static inline void expect_read(int fd, const char* text) {
  char got[8192];
  size_t len = strlen(text);
  ssize_t n = read(fd, got, len);
  if (n < 0) die("cannot read fd %d: %s", fd, strerror(errno));
  if ((size_t)n != len || memcmp(got, text, len)) die("fd %d gave \"%.*s\", not \"%s\"", fd, (int)n, got, text);
}

static inline void write_text(int fd, const char* text) {
  if (write(fd, text, strlen(text)) != (ssize_t)strlen(text)) die("cannot write to fd %d: %s", fd, strerror(errno));
}

/* The rest of the line of /proc/self/fdinfo/FD that starts with key; die() when there is none. */
static inline const char* fdinfo_line_if_there(int fd, const char* key) {
  static char line[512];
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
  FILE* f = fopen(path, "re");
  if (!f) die("no %s: %s", path, strerror(errno));
  while (fgets(line, sizeof(line), f))
    if (strncmp(line, key, strlen(key)) == 0) {
      fclose(f);
      line[strcspn(line, "\n")] = 0;
      return line + strlen(key);
    }
  fclose(f);
  return NULL;
}

static inline const char* fdinfo_line(int fd, const char* key) {
  const char* text = fdinfo_line_if_there(fd, key);
  if (!text) die("no line %s in the fdinfo of %d", key, fd);
  return text;
}

/* Where /proc/self/fd/FD points. */
static inline const char* fd_link(int fd) {
  static char target[4096];
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  target[must(readlink(path, target, sizeof(target) - 1))] = 0;
  return target;
}

/* Is (pid_a, fd_a) the same open file description as (pid_b, fd_b)? By kcmp, so nothing is moved. */
static inline int same_description(pid_t pid_a, int fd_a, pid_t pid_b, int fd_b) {
  enum { kKcmpFile = 0 };
  return must(syscall(SYS_kcmp, pid_a, pid_b, kKcmpFile, fd_a, fd_b)) == 0;
}

/* Moves fd to the given number. */
static inline int move_fd(int fd, int number) {
  must(dup2(fd, number));
  close(fd);
  return number;
}
