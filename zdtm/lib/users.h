/* User namespaces: what they show to those who live in them, and who owns what. */
#pragma once

#include <fcntl.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "check.h"
#include "proc.h"

enum { kNobody = 65534 };

/* The view of one thread. */
struct users {
  char uid_map[256], gid_map[256], setgroups[16];
  char uid[64], gid[64], groups[128], capabilities[5][24];
};

static inline void users_read(const char* path, char* text, size_t size) {
  int fd = must(open(path, O_RDONLY | O_CLOEXEC));
  ssize_t n = must(read(fd, text, size - 1));
  text[n] = 0;
  close(fd);
}

static inline struct users users_look(void) {
  static const char* const kSets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
  struct users v;
  memset(&v, 0, sizeof v);
  users_read("/proc/thread-self/uid_map", v.uid_map, sizeof v.uid_map);
  users_read("/proc/thread-self/gid_map", v.gid_map, sizeof v.gid_map);
  users_read("/proc/thread-self/setgroups", v.setgroups, sizeof v.setgroups);
  char text[8192];
  users_read("/proc/thread-self/status", text, sizeof text);
  const struct {
    const char* name;
    char* out;
    size_t size;
  } lines[] = {{"\nUid:\t", v.uid, sizeof v.uid}, {"\nGid:\t", v.gid, sizeof v.gid}, {"\nGroups:\t", v.groups, sizeof v.groups}};
  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
    const char* at = strstr(text, lines[i].name);
    if (!at) die("no %s in status", lines[i].name + 1);
    at += strlen(lines[i].name);
    snprintf(lines[i].out, lines[i].size, "%.*s", (int)strcspn(at, "\n"), at);
  }
  for (int i = 0; i < 5; i++) {
    const char* at = strstr(text, kSets[i]);
    if (!at) die("no %s in status", kSets[i]);
    snprintf(v.capabilities[i], sizeof v.capabilities[i], "%.16s", at + strlen(kSets[i]) + 2);
  }
  return v;
}

static inline void expect_users(const struct users* before) {
  struct users now = users_look();
#define USERS_SAME(what) \
  if (strcmp(before->what, now.what)) die("%s: %s was \"%s\", is \"%s\"", __func__, #what, before->what, now.what)
  USERS_SAME(uid_map);
  USERS_SAME(gid_map);
  USERS_SAME(setgroups);
  USERS_SAME(uid);
  USERS_SAME(gid);
  USERS_SAME(groups);
  for (int i = 0; i < 5; i++) USERS_SAME(capabilities[i]);
#undef USERS_SAME
}

/* Fills the maps of the namespace that `pid` lives in. */
static inline void users_map(pid_t pid, const char* uids, const char* gids, int deny) {
  char path[64];
  const struct {
    const char *name, *text;
  } files[] = {{"uid_map", uids}, {"setgroups", deny ? "deny" : "allow"}, {"gid_map", gids}};
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i].name);
    int fd = must(open(path, O_WRONLY | O_CLOEXEC));
    must(write(fd, files[i].text, strlen(files[i].text)));
    close(fd);
  }
}

/* The namespace that a task lives in; `pid` 0 is the caller. */
static inline int users_open_ns(pid_t pid, const char* kind) {
  char path[64];
  if (pid)
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
  else
    snprintf(path, sizeof path, "/proc/thread-self/ns/%s", kind);
  return must(open(path, O_RDONLY | O_CLOEXEC));
}

static inline ino_t users_inode(int fd) {
  struct stat st;
  must(fstat(fd, &st));
  close(fd);
  return st.st_ino;
}

static inline ino_t users_ns(pid_t pid, const char* kind) { return users_inode(users_open_ns(pid, kind)); }

/* Of the user namespace of `pid` the parent, of a namespace of another kind the owner. */
static inline ino_t users_related(pid_t pid, const char* kind) {
  int ns = users_open_ns(pid, kind);
  int fd = must(ioctl(ns, strcmp(kind, "user") ? NS_GET_USERNS : NS_GET_PARENT));
  close(ns);
  return users_inode(fd);
}

/* Who has made the user namespace of `pid`, as the caller sees him. */
static inline uid_t users_maker(pid_t pid) {
  uid_t uid = -1;
  int ns = users_open_ns(pid, "user");
  must(ioctl(ns, NS_GET_OWNER_UID, &uid));
  close(ns);
  return uid;
}
