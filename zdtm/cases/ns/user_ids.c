/* zdtm:
 * title: id maps, owners of all kinds, and the rights of root, as they are seen from inside (a user namespace in flavour uns)
 * needs: root
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "child.h"

enum { kUid = 33, kGid = 44, kGroup = 55 };

static int memory, ends[2], deleted, segment;

struct views {
  char uid_map[256], gid_map[256], setgroups[16];
};

static void read_file(const char* path, char* text, size_t size) {
  int fd = must(open(path, O_RDONLY | O_CLOEXEC));
  ssize_t n = must(read(fd, text, size - 1));
  text[n] = 0;
  close(fd);
}

static struct views look(void) {
  struct views v;
  read_file("/proc/self/uid_map", v.uid_map, sizeof v.uid_map);
  read_file("/proc/self/gid_map", v.gid_map, sizeof v.gid_map);
  read_file("/proc/self/setgroups", v.setgroups, sizeof v.setgroups);
  return v;
}

static int become_somebody(void* arg) {
  (void)arg;
  gid_t groups[] = {kGroup};
  must(setgroups(1, groups));
  must(setresgid(kGid, kGid + 1, kGid + 2));
  must(setresuid(kUid, kUid + 1, kUid + 2));
  return 0;
}

static int is_somebody(void* arg) {
  (void)arg;
  uid_t u[3];
  gid_t g[3], group = 0;
  must(getresuid(&u[0], &u[1], &u[2]));
  must(getresgid(&g[0], &g[1], &g[2]));
  expect_eq(must(getgroups(1, &group)), 1);
  expect_eq(group, kGroup);
  for (int i = 0; i < 3; i++) {
    expect_eq(u[i], kUid + i);
    expect_eq(g[i], kGid + i);
  }
  return 0;
}

static void expect_owner(int fd, uid_t uid, gid_t gid) {
  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_uid, uid);
  expect_eq(st.st_gid, gid);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  struct child child = {become_somebody, is_somebody, NULL, 0, NULL};
  child_start(&child);
  memory = must(memfd_create("owned", MFD_CLOEXEC));
  must(fchown(memory, 5, 6));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  deleted = must(open("/dev/shm/zdtm-owned", O_RDWR | O_CREAT | O_EXCL, 0600));
  must(fchown(deleted, 7, 8));
  must(unlink("/dev/shm/zdtm-owned"));
  struct shmid_ds state;
  segment = must(shmget(IPC_PRIVATE, 4096, 0600));
  must(shmctl(segment, IPC_STAT, &state));
  state.shm_perm.uid = 9;
  state.shm_perm.gid = 10;
  must(shmctl(segment, IPC_SET, &state));
  void* at = shmat(segment, NULL, 0);
  if (at == (void*)-1) die("shmat: %s", strerror(errno));
  struct views before = look();
  test_daemon();
  test_waitsig();
  struct views after = look();
  if (strcmp(before.uid_map, after.uid_map) || strcmp(before.gid_map, after.gid_map))
    fail("the maps were %s and %s, are %s and %s", before.uid_map, before.gid_map, after.uid_map, after.gid_map);
  if (strcmp(before.setgroups, after.setgroups)) fail("setgroups was %s, is %s", before.setgroups, after.setgroups);
  expect_owner(memory, 5, 6);
  expect_owner(deleted, 7, 8);
  must(shmctl(segment, IPC_STAT, &state));
  expect_eq(state.shm_perm.uid, 9);
  expect_eq(state.shm_perm.gid, 10);
  expect_eq(state.shm_perm.cuid, 0);
  struct ucred peer;
  socklen_t size = sizeof peer;
  must(getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &size));
  expect_eq(peer.uid, 0);
  expect_eq(peer.gid, 0);
  must(fchown(memory, 11, 12)); /* root's rights are there too */
  shmdt(at);
  must(shmctl(segment, IPC_RMID, NULL));
  child_finish(&child);
  pass();
  return 0;
}
