/* zdtm:
 * title: tasks that have left the user namespace of the others (unshare, setns), what they had from before, and their children
 * needs: root
 * network: own
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <grp.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>

#include "keys.h"
#include "nested.h"
#include "users.h"

enum { kMaker = 33, kPort = 611 };

static struct events { zdtm_event_t unshared, mapped; } * events;
static struct node stranger, mapped, joined, child;
static struct users view, of_thread;
static int memory, ends[2], listener, directory;
static void* segment;
static volatile int thread_state;
static pid_t thread_tid, mapped_pid;

static void* thread_main(void* arg) {
  (void)arg;
  thread_tid = gettid();
  of_thread = users_look();
  thread_state = 1;
  while (thread_state != 2) usleep(1000);
  expect_eq(thread_tid, gettid());
  expect_users(&of_thread);
  thread_state = 3;
  return NULL;
}

static void leave(struct events* told) {
  must(unshare(CLONE_NEWUSER));
  event_set(&told->unshared, 1);
  event_wait(&told->mapped, 1);
}

static void set_up_child(void) {
  must(syscall(SYS_setresgid, 1, 2, 3));
  must(syscall(SYS_setresuid, 4, 5, 6));
  must(prctl(PR_SET_DUMPABLE, 1));
  view = users_look();
}
static void check_child(void) {
  expect_users(&view);
  expect_errno(sethostname("x", 1), EPERM);
}

static void expect_owner(uid_t uid) {
  struct stat st;
  struct ucred peer;
  socklen_t size = sizeof peer;
  must(fstat(memory, &st));
  expect_eq(st.st_uid, uid);
  expect_eq(st.st_gid, uid);
  must(getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &size));
  expect_eq(peer.uid, uid);
  must(fstatat(directory, "before", &st, 0));
  expect_eq(st.st_uid, uid);
}

/* Everything that it has was made by somebody whom its namespace does not know, as it is itself. */
static void set_up_stranger(void) {
  gid_t groups[] = {55, 20004};
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(kPort), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  pthread_t t;
  must(setgroups(2, groups));
  memory = must(memfd_create("outside", MFD_CLOEXEC));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  listener = must(socket(AF_INET, SOCK_STREAM, 0));
  must(bind(listener, (struct sockaddr*)&here, sizeof here));
  must(listen(listener, 1));
  int id = must(shmget(IPC_PRIVATE, 4096, 0600));
  segment = shmat(id, NULL, 0);
  must((long)segment);
  must(shmctl(id, IPC_RMID, NULL));
  strcpy(segment, "shared");
  int fd = must(openat(directory, "before", O_RDWR | O_CREAT | O_EXCL, 0600));
  must(write(fd, "x", 1));
  close(fd);
  leave(&events[0]);
  must(prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN));
  expect_eq(pthread_create(&t, NULL, thread_main, NULL), 0);
  while (thread_state != 1) usleep(1000);
  node_start(&child, 0, set_up_child, check_child);
  view = users_look();
}

static void check_stranger(void) {
  struct sockaddr_in here;
  socklen_t size = sizeof here;
  expect_users(&view);
  expect_eq(getuid(), kNobody);
  expect_owner(kNobody);
  expect_errno(fchown(memory, 0, 0), EPERM);
  close(must(openat(directory, "after", O_RDWR | O_CREAT, 0600))); /* main() sees whose it is */
  expect_errno(setgroups(0, NULL), EPERM);
  must(getsockname(listener, (struct sockaddr*)&here, &size));
  expect_eq(ntohs(here.sin_port), kPort);
  expect(!strcmp(segment, "shared"));
  thread_state = 2;
  while (thread_state != 3) usleep(1000);
  node_finish(&child);
}

/* This one has made its namespace as another user, and is root there. */
static void set_up_mapped(void) {
  gid_t groups[] = {3, 4};
  memory = must(memfd_create("outside", MFD_CLOEXEC));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
  must(syscall(SYS_setresuid, -1, kMaker, -1));
  must(prctl(PR_SET_DUMPABLE, 1)); /* who else may look at its namespaces: docs/fidelity.md */
  leave(&events[1]);
  must(syscall(SYS_setresgid, 0, 0, 0));
  must(syscall(SYS_setresuid, 0, 0, 0));
  must(prctl(PR_SET_DUMPABLE, 1));
  must(setgroups(2, groups));
  view = users_look();
}
static void check_mapped(void) {
  expect_users(&view);
  expect_owner(1000);
  must(fchown(memory, 1, 1)); /* its rights are there too */
  int fd = must(memfd_create("inside", MFD_CLOEXEC));
  struct stat st;
  must(fstat(fd, &st));
  expect_eq(st.st_uid, 0);
  must(setgroups(0, NULL));
}

static void set_up_joined(void) {
  int ns = users_open_ns(mapped_pid, "user");
  must(setns(ns, CLONE_NEWUSER));
  close(ns);
  must(syscall(SYS_setresuid, 7, 7, 7));
  must(prctl(PR_SET_DUMPABLE, 1));
  view = users_look();
}
static void check_joined(void) {
  expect_users(&view);
  expect_eq(users_ns(0, "user"), users_ns(mapped_pid, "user"));
}

/* node_start() waits for the child, which waits for its maps. */
static pid_t start_writer(struct events* told, pid_t me, const char* uids, const char* gids, int deny) {
  pid_t writer = fork_with(0);
  if (writer) return writer;
  event_wait(&told->unshared, 1);
  char path[64], text[64];
  pid_t last = 0;
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", me, me);
  users_read(path, text, sizeof text);
  for (char* at = strtok(text, " "); at; at = strtok(NULL, " "))
    if (users_ns(atoi(at), "user") != users_ns(0, "user")) {
      int fd;
      snprintf(path, sizeof path, "/proc/%d/uid_map", atoi(at));
      fd = must(open(path, O_RDONLY));
      if (read(fd, path, 1) == 0) last = atoi(at);
      close(fd);
    }
  users_map(last, uids, gids, deny);
  event_set(&told->mapped, 1);
  _exit(0);
}

int main(int argc, char** argv) {
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  /* While anybody has a key the keyrings of all are read. Those of the namespaces below hold what their user has anyway. */
  if (add_key("user", "zdtm:parents", "x", PROCESS_RING) < 0) printf("no keys here: %s\n", strerror(errno));
  events = shared_memory(2 * sizeof *events);
  directory = must(open(".", O_RDONLY | O_DIRECTORY));
  must(fchmod(directory, 0777));
  pid_t writer = start_writer(&events[0], getpid(), "0 20000 10\n", "0 20000 10\n", 1);
  node_start(&stranger, 0, set_up_stranger, check_stranger);
  if (expect_exit(writer, 0)) return 1;
  writer = start_writer(&events[1], getpid(), "0 20000 10\n1000 0 1\n", "0 20000 10\n1000 0 1\n", 0);
  node_start(&mapped, 0, set_up_mapped, check_mapped);
  if (expect_exit(writer, 0)) return 1;
  mapped_pid = mapped.pid;
  node_start(&joined, 0, set_up_joined, check_joined);
  expect_eq(users_maker(mapped.pid), kMaker);

  test_daemon();
  test_waitsig();

  ino_t own = users_ns(0, "user");
  expect_eq(users_related(stranger.pid, "user"), own);
  expect_eq(users_related(mapped.pid, "user"), own);
  expect(users_ns(stranger.pid, "user") != users_ns(mapped.pid, "user"));
  expect_eq(users_maker(stranger.pid), 0);
  expect_eq(users_maker(mapped.pid), kMaker);
  expect_eq(users_related(stranger.pid, "net"), own); /* those that it did not leave */
  node_finish(&joined);
  node_finish(&mapped);
  node_finish(&stranger);
  struct stat st;
  must(fstatat(directory, "after", &st, 0));
  expect_eq(st.st_uid, 0);
  pass();
  return 0;
}
