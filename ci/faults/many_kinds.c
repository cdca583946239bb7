/* A program that has one of nearly every kind of state that an image can hold, for the faults in images. usage: many_kinds DIRECTORY
 * It says "ready" by a file of that name and sleeps. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int must(int result) {
  if (result < 0) abort();
  return result;
}

static void *thread(void *arg) {
  for (;;) pause();
  return arg;
}

static void sockets(void) {
  int pair[2], on = 1;
  struct sockaddr_un name = {AF_UNIX, "named"};
  struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  must(write(pair[0], "stream", 6));
  must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
  must(write(pair[0], "packet", 6));
  int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
  must(bind(fd, (struct sockaddr *)&name, sizeof name));
  must(listen(fd, 5));
  fd = must(socket(AF_INET, SOCK_STREAM, 0));
  must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  must(bind(fd, (struct sockaddr *)&any, sizeof any));
  must(listen(fd, 5));
  fd = must(socket(AF_INET6, SOCK_DGRAM, 0));
  fd = must(socket(AF_NETLINK, SOCK_RAW, 0));
  fd = must(socket(AF_PACKET, SOCK_DGRAM, 0));
}

static void descriptors(void) {
  int ends[2];
  sigset_t set;
  struct itimerspec at = {.it_value.tv_sec = 1000, .it_interval.tv_sec = 1};
  must(pipe(ends));
  must(write(ends[1], "in the pipe", 11));
  must(mkfifo("fifo", 0600));
  must(open("fifo", O_RDWR));
  must(eventfd(7, EFD_SEMAPHORE));
  sigemptyset(&set);
  must(signalfd(-1, &set, 0));
  int timer = must(timerfd_create(CLOCK_MONOTONIC, 0));
  must(timerfd_settime(timer, 0, &at, NULL));
  int epoll = must(epoll_create1(0));
  struct epoll_event event = {EPOLLIN, {.fd = timer}};
  must(epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event));
  must(inotify_add_watch(must(inotify_init1(0)), "/", IN_ATTRIB));
  int file = must(open("gone", O_RDWR | O_CREAT, 0600));
  must(write(file, "ghost", 5));
  must(unlink("gone"));
  must(flock(must(open("locked", O_RDWR | O_CREAT, 0600)), LOCK_EX));
  int memory = must(memfd_create("memory", MFD_ALLOW_SEALING));
  must(ftruncate(memory, 8192));
  if (mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0) == MAP_FAILED) abort();
  int master = must(posix_openpt(O_RDWR | O_NOCTTY));
  must(grantpt(master));
  must(unlockpt(master));
  must(open(ptsname(master), O_RDWR | O_NOCTTY));
}

static void others(void) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
  struct itimerspec at = {.it_value.tv_sec = 1000};
  timer_t timer;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  must(sigprocmask(SIG_BLOCK, &set, NULL));
  must(raise(SIGUSR1));
  must(timer_create(CLOCK_MONOTONIC, &event, &timer));
  must(timer_settime(timer, 0, &at, NULL));
  int segment = must(shmget(IPC_PRIVATE, 8192, 0600));
  char *shared = shmat(segment, NULL, 0);
  if (shared == (char *)-1) abort();
  shared[0] = 1;
  must(semget(IPC_PRIVATE, 3, 0600));
  must(msgget(IPC_PRIVATE, 0600));
  char *anonymous = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  anonymous[5000] = 1;
}

int main(int argc, char **argv) {
  pthread_t other;
  if (argc != 2 || chdir(argv[1]) != 0) return 2;
  sockets();
  descriptors();
  others();
  if (must(fork()) == 0) _exit(3); /* a zombie */
  if (must(fork()) == 0) {
    must(setsid());
    if (pthread_create(&other, NULL, thread, NULL) != 0) abort();
    thread(NULL);
  }
  if (pthread_create(&other, NULL, thread, NULL) != 0) abort();
  usleep(100000);
  must(creat("ready", 0600));
  thread(NULL);
}
