/* zdtm:
 * title: a container as unshare -Urpnf makes it: all its namespaces belong to its user namespace, its maker lives in it too
 * nosnapshot: another pid namespace
 * needs: root
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "nested.h"
#include "users.h"

static const char* const kKinds[] = {"pid", "uts", "ipc", "net"};

static struct node maker, init, member;
static struct users view;
static int segment, memory, packets;
static volatile int thread_state;
static pid_t thread_tid;

static void* thread_main(void* arg) {
  (void)arg;
  thread_tid = gettid();
  struct numbers before = own_numbers();
  thread_state = 1;
  while (thread_state != 2) usleep(1000);
  expect_eq(thread_tid, gettid());
  expect_numbers(&before);
  thread_state = 3;
  return NULL;
}

static void start_thread(void) {
  pthread_t t;
  expect_eq(pthread_create(&t, NULL, thread_main, NULL), 0);
  while (thread_state != 1) usleep(1000);
}
static void end_thread(void) {
  thread_state = 2;
  while (thread_state != 3) usleep(1000);
}

static int lo_flags(int add) {
  struct ifreq lo = {.ifr_name = "lo"};
  int s = must(socket(AF_INET, SOCK_DGRAM, 0));
  must(ioctl(s, SIOCGIFFLAGS, &lo));
  lo.ifr_flags |= add;
  if (add) must(ioctl(s, SIOCSIFFLAGS, &lo));
  close(s);
  return lo.ifr_flags;
}

static void expect_belongings(void) {
  ino_t users = users_ns(0, "user");
  for (int i = 1; i < 4; i++) expect_eq(users_related(0, kKinds[i]), users);
}

static void set_up_member(void) { view = users_look(); }
static void check_member(void) {
  expect_users(&view);
  expect_eq(own_depth(), 1);
  expect_belongings();
}

static void set_up_init(void) {
  expect_eq(getpid(), 1);
  must(sethostname("rootless", 8));
  lo_flags(IFF_UP);
  segment = must(shmget(0x5b, 4096, IPC_CREAT | IPC_EXCL | 0600));
  memory = must(memfd_create("inside", MFD_CLOEXEC));
  packets = must(socket(AF_INET, SOCK_RAW, 1));
  start_thread();
  node_start(&member, 0, set_up_member, check_member);
  view = users_look();
}

static void check_init(void) {
  struct utsname name;
  struct shmid_ds state;
  struct stat st;
  expect_eq(getpid(), 1);
  expect_users(&view);
  expect_belongings();
  expect_eq(users_related(0, "pid"), users_ns(0, "user"));
  must(uname(&name));
  expect(!strcmp(name.nodename, "rootless"));
  must(sethostname("again", 5));
  expect(lo_flags(0) & IFF_UP);
  expect_eq(shmget(0x5b, 0, 0), segment);
  must(shmctl(segment, IPC_STAT, &state));
  expect_eq(state.shm_perm.uid, 0);
  must(fstat(memory, &st));
  expect_eq(st.st_uid, 0);
  end_thread();
  node_finish(&member);
}

/* Its own pid namespace is the old one. */
static void set_up_maker(void) {
  must(unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET));
  users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
  node_start(&init, 0, set_up_init, check_init);
  view = users_look();
}
static void check_maker(void) {
  expect_users(&view);
  expect_belongings();
  expect_eq(users_ns(init.pid, "net"), users_ns(0, "net"));
  expect_eq(users_ns(init.pid, "user"), users_ns(0, "user"));
  node_finish(&init);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  node_start(&maker, 0, set_up_maker, check_maker);

  test_daemon();
  test_waitsig();

  expect(users_ns(maker.pid, "user") != users_ns(0, "user"));
  expect_eq(users_related(maker.pid, "user"), users_ns(0, "user"));
  for (int i = 1; i < 4; i++) expect(users_ns(maker.pid, kKinds[i]) != users_ns(0, kKinds[i]));
  node_finish(&maker);
  pass();
  return 0;
}
