/* zdtm:
 * title: a mount namespace that belongs to a user namespace below: its own file systems, and the locks on what it was lent
 * needs: root
 */
#define _GNU_SOURCE
#include <linux/securebits.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>

#include "nested.h"
#include "users.h"

static struct node tenant, lodger;
static pid_t tenant_pid;
static int lent;
static char own[512], bound[512]; /* in the directory of the case: what a failed run leaves is in nobody's way */

/* Takes the flags off what it was lent, for a moment; 0 or errno. */
static int try_to_unlock(void) {
  struct statvfs fs;
  must(statvfs("/proc", &fs));
  if (mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND, NULL)) return errno;
  must(mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | (fs.f_flag & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)), NULL));
  return 0;
}

static void put_file(const char* directory, const char* name, const char* text) {
  char path[512 + 16];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  int fd = must(open(path, O_RDWR | O_CREAT | O_EXCL, 0640));
  must(write(fd, text, strlen(text)));
  close(fd);
}

static void expect_file(const char* directory, const char* name, const char* text, uid_t owner) {
  char path[512 + 16], found[64];
  struct stat st;
  snprintf(path, sizeof path, "%s/%s", directory, name);
  users_read(path, found, sizeof found);
  expect(!strcmp(found, text));
  must(stat(path, &st));
  expect_eq(st.st_uid, owner);
  expect_eq(st.st_mode & 07777, 0640);
}

static void set_up_tenant(void) {
  must(unshare(CLONE_NEWUSER | CLONE_NEWNS));
  users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  must(mount("own", own, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755"));
  put_file(own, "inside", "of the tenant");
  must(mount(own, bound, NULL, MS_BIND, NULL));
  must(mount(NULL, bound, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL));
  lent = try_to_unlock();
}

static void check_tenant(void) {
  expect_eq(users_related(0, "mnt"), users_ns(0, "user"));
  expect_file(own, "inside", "of the tenant", 0);
  expect_file(bound, "inside", "of the tenant", 0);
  put_file(own, "later", "x");
  char path[512 + 16];
  snprintf(path, sizeof path, "%s/ro", bound);
  expect_errno(open(path, O_RDWR | O_CREAT, 0600), EROFS);
  expect_eq(try_to_unlock(), lent);
  must(mount(NULL, own, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV, "size=2m")); /* its file system is its own */
  must(umount2(bound, 0));
  must(mount("new", bound, "tmpfs", 0, NULL));
}

/* Comes later, from outside, as somebody whom the namespace does not know. */
static void set_up_lodger(void) {
  must(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
  must(syscall(SYS_setresuid, 7, 7, 7));
  int users = users_open_ns(tenant_pid, "user"), mounts = users_open_ns(tenant_pid, "mnt");
  must(setns(users, CLONE_NEWUSER));
  must(setns(mounts, CLONE_NEWNS));
  close(users);
  close(mounts);
  must(prctl(PR_SET_DUMPABLE, 1));
}
static void check_lodger(void) {
  expect_eq(users_ns(0, "mnt"), users_ns(tenant_pid, "mnt"));
  expect_file(own, "inside", "of the tenant", 0);
  expect_eq(getuid(), kNobody);
  char path[512 + 16];
  snprintf(path, sizeof path, "%s/nobodys", own);
  expect_errno(open(path, O_RDWR | O_CREAT, 0600), EOVERFLOW); /* the file system is the tenant's */
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  expect(getcwd(own, sizeof own - 16) != NULL);
  strcat(strcpy(bound, own), "/bound");
  strcat(own, "/own");
  must(mkdir(own, 0755));
  must(mkdir(bound, 0755));
  node_start(&tenant, 0, set_up_tenant, check_tenant);
  tenant_pid = tenant.pid;
  node_start(&lodger, 0, set_up_lodger, check_lodger);

  test_daemon();
  test_waitsig();

  expect(users_ns(tenant.pid, "mnt") != users_ns(0, "mnt"));
  node_finish(&lodger);
  node_finish(&tenant);
  must(rmdir(own));
  must(rmdir(bound));
  pass();
  return 0;
}
