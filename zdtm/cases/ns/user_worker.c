/* zdtm:
 * title: a worker as browsers make it, in user and other namespaces below those of its parent
 * nosnapshot: another pid namespace
 * needs: root
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "nested.h"
#include "proc.h"

enum { kUid = 7, kGid = 8, kInside = 100, kOutside = 20000, kCount = 50 };

static struct events { zdtm_event_t mapped, ready, go; } * events;
static int to_worker[2], memory, sockets[2], message[2];
static volatile int thread_state;
static pid_t thread_tid, somebody;
static int segment;
static char maps_before[256], groups_before[16];

static void read_line(const char* path, char* out, size_t size) {
  int fd = must(open(path, O_RDONLY | O_CLOEXEC));
  ssize_t n = must(read(fd, out, size - 1));
  out[n] = 0;
  close(fd);
}

static unsigned long long capabilities(void) {
  char text[8192], line[64];
  read_line("/proc/thread-self/status", text, sizeof text);
  number_line(text, "CapEff:\t", line, sizeof line);
  return strtoull(line, NULL, 16);
}

static void* thread_main(void* arg) {
  (void)arg;
  thread_tid = (pid_t)syscall(SYS_gettid);
  struct numbers own = own_numbers();
  thread_state = 1;
  while (thread_state != 2) usleep(1000);
  expect_eq(thread_tid, syscall(SYS_gettid));
  expect_numbers(&own);
  expect(capabilities() != 0);
  thread_state = 3;
  return NULL;
}

static void become_somebody(void) {
  must(setresgid(kInside + 1, kInside + 2, kInside + 3));
  must(setresuid(kInside + 4, kInside + 5, kInside + 6));
}
static void run_member(struct events* told) {
  become_somebody();
  struct numbers own = own_numbers();
  event_set(&told->ready, 1);
  event_wait(&told->go, 1);
  uid_t u[3];
  gid_t g[3];
  must(getresuid(&u[0], &u[1], &u[2]));
  must(getresgid(&g[0], &g[1], &g[2]));
  for (int i = 0; i < 3; i++) {
    expect_eq(g[i], kInside + 1 + i);
    expect_eq(u[i], kInside + 4 + i);
  }
  expect_numbers(&own);
  expect_eq(capabilities(), 0);
  _exit(0);
}

static void set_up_worker(struct events* told) {
  struct shmid_ds state;
  pthread_t t;
  expect_eq(getpid(), 1);
  must(setresgid(0, 0, 0));
  must(setresuid(0, 0, 0));
  must(prctl(PR_SET_DUMPABLE, 1)); /* the others look at its namespace: docs/fidelity.md */
  must(sethostname("worker", 6));
  segment = must(shmget(0x5a, 4096, IPC_CREAT | IPC_EXCL | 0600));
  state = (struct shmid_ds){0};
  must(shmctl(segment, IPC_STAT, &state));
  state.shm_perm.uid = kInside + 9;
  must(shmctl(segment, IPC_SET, &state));
  struct ifreq lo = {.ifr_name = "lo"};
  int s = must(socket(AF_INET, SOCK_DGRAM, 0));
  must(ioctl(s, SIOCGIFFLAGS, &lo));
  lo.ifr_flags |= IFF_UP;
  must(ioctl(s, SIOCSIFFLAGS, &lo));
  close(s);
  memory = must(memfd_create("inside", MFD_CLOEXEC));
  must(fchown(memory, kInside + 7, kInside + 8));
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
  must(send(message[1], "m", 1, 0));
  expect_eq(pthread_create(&t, NULL, thread_main, NULL), 0);
  while (thread_state != 1) usleep(1000);
  somebody = fork_with(0);
  if (!somebody) run_member(told + 1);
  event_wait(&told[1].ready, 1);
  read_line("/proc/self/uid_map", maps_before, sizeof maps_before);
  read_line("/proc/self/setgroups", groups_before, sizeof groups_before);
}

static void check_worker(struct events* told) {
  char text[256];
  struct utsname name;
  struct stat st;
  struct ucred peer;
  socklen_t size = sizeof peer;
  expect_eq(getpid(), 1);
  expect_eq(own_depth(), 1);
  expect_eq(getuid(), 0);
  expect_eq(getgid(), 0);
  expect(capabilities() != 0);
  read_line("/proc/self/uid_map", text, sizeof text);
  if (strcmp(text, maps_before)) die("the map was %s, is %s", maps_before, text);
  read_line("/proc/self/setgroups", text, sizeof text);
  expect(!strcmp(text, groups_before));
  must(uname(&name));
  expect(!strcmp(name.nodename, "worker"));
  must(sethostname("again", 5)); /* it is root in there */
  struct shmid_ds state;
  expect_eq(shmget(0x5a, 0, 0), segment);
  must(shmctl(segment, IPC_STAT, &state));
  expect_eq(state.shm_perm.uid, kInside + 9);
  struct ifreq lo = {.ifr_name = "lo"};
  int s = must(socket(AF_INET, SOCK_DGRAM, 0));
  must(ioctl(s, SIOCGIFFLAGS, &lo));
  expect(lo.ifr_flags & IFF_UP);
  must(fstat(memory, &st));
  expect_eq(st.st_uid, kInside + 7);
  expect_eq(st.st_gid, kInside + 8);
  must(getsockopt(sockets[0], SOL_SOCKET, SO_PEERCRED, &peer, &size));
  expect_eq(peer.uid, 0);
  expect_eq(peer.pid, 1);
  char byte;
  expect_eq(must(read(to_worker[0], &byte, 1)), 1);
  expect_eq(byte, 'w');
  thread_state = 2;
  while (thread_state != 3) usleep(1000);
  event_set(&told[1].go, 1);
  if (expect_exit(somebody, 0)) _exit(1);
}

static void write_map(pid_t pid, const char* name, const char* text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  expect(write_file(path, text) >= 0);
}

int main(int argc, char** argv) {
  char map[128], byte;
  struct stat own, theirs;
  struct ucred who;
  test_init(argc, argv);
  if (access("/proc/self/ns/user", F_OK) != 0) skip("no user namespaces here");
  events = shared_memory(2 * sizeof *events);
  must(pipe(to_worker));
  must(write(to_worker[1], "w", 1));
  must(socketpair(AF_UNIX, SOCK_DGRAM, 0, message));
  int on = 1;
  must(setsockopt(message[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
  pid_t worker = fork_with(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC);
  if (!worker) {
    event_wait(&events->mapped, 1);
    set_up_worker(events);
    event_set(&events->ready, 1);
    event_wait(&events->go, 1);
    check_worker(events);
    _exit(0);
  }
  snprintf(map, sizeof map, "0 %d 1\n%d %d %d\n", kUid, kInside, kOutside, kCount);
  write_map(worker, "uid_map", map);
  snprintf(map, sizeof map, "0 %d 1\n%d %d %d\n", kGid, kInside, kOutside, kCount);
  write_map(worker, "gid_map", map);
  event_set(&events->mapped, 1);
  event_wait(&events->ready, 1);

  test_daemon();
  test_waitsig();

  char path[64];
  must(stat("/proc/self/ns/user", &own));
  snprintf(path, sizeof path, "/proc/%d/ns/user", worker);
  must(stat(path, &theirs));
  expect(own.st_ino != theirs.st_ino);
  expect_eq(proc_status_number(worker, "Uid", 10), kUid);
  expect_eq(proc_status_number(worker, "Gid", 10), kGid);
  union {
    char room[CMSG_SPACE(sizeof who)];
    struct cmsghdr align;
  } control;
  struct iovec part = {&byte, 1};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  expect_eq(must(recvmsg(message[0], &m, 0)), 1);
  memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof who);
  expect_eq(who.pid, worker);
  expect_eq(who.uid, kUid);
  event_set(&events->go, 1);
  if (!expect_exit(worker, 0)) pass();
  return 0;
}
