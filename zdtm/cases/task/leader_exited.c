/* zdtm:
 * title: the main thread has ended while others run on
 * needs: kernel>=6.9
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "zdtm.h"

enum { kThreads = 3, kSeed = 71, kMemory = 1 << 20, kChildStatus = 7, kLastStatus = 3, kPosition = 4321 };

struct shared {
	zdtm_event_t child_ready, go, stopped_go;
};

static struct shared *shared;
static char memory[kMemory];
static pid_t self, tids[kThreads], worker_child, child, stopped;
static __thread unsigned long own; /* by way of the thread's fs base */
static volatile uint32_t turn;
static int fd;

/* The thread's state and wait status, from its stat line. */
static char state_of(pid_t pid, pid_t tid, int *status, char comm[32])
{
	char path[64], text[1024] = "";
	char *at;

	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", pid, tid);
	int stat = open(path, O_RDONLY | O_CLOEXEC);
	if (stat < 0 || read(stat, text, sizeof text - 1) <= 0)
		die("%s: %s", path, strerror(errno));
	close(stat);
	at = strrchr(text, ')');
	snprintf(comm, 32, "%.*s", (int)(at - strchr(text, '(') - 1), strchr(text, '(') + 1);
	*status = atoi(strrchr(text, ' ') + 1);
	return at[2];
}

static void expect_dead(pid_t pid, const char *name, int want)
{
	char comm[32];
	int status;

	if (state_of(pid, pid, &status, comm) != 'Z')
		fail("the main thread of %d lives", pid);
	if (strcmp(comm, name) || status != want)
		fail("the main thread of %d is \"%s\" with status %x, want \"%s\" and %x", pid, comm, status, name, want);
}

static void await_dead(pid_t pid)
{
	char comm[32];
	int status;

	while (state_of(pid, pid, &status, comm) != 'Z')
		usleep(1000);
}

/* Waits for its turn, checks, and gives the turn to the next one. */
static void *follower(void *number)
{
	long i = (long)number;

	own = 0x1000 + i;
	tids[i] = syscall(SYS_gettid);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (uint32_t now; (now = turn) != (uint32_t)i;)
		syscall(SYS_futex, &turn, 0, now, NULL);
	if (syscall(SYS_gettid) != tids[i] || own != 0x1000ul + i || getpid() != self)
		fail("thread %ld is %d of %d now, its own word %lx", i, (int)syscall(SYS_gettid), getpid(), own);
	turn = i + 1;
	syscall(SYS_futex, &turn, 1, 100);
	return NULL;
}

static void check(void)
{
	int status;

	if (getpid() != self || syscall(SYS_gettid) != tids[0])
		fail("%d of %d, was %d of %d", (int)syscall(SYS_gettid), getpid(), tids[0], self);
	expect_dead(self, "gone", 0);
	if (check_pattern(memory, sizeof memory, kSeed))
		fail("memory differs");
	if (lseek(fd, 0, SEEK_CUR) != kPosition)
		fail("the file stands at %ld", (long)lseek(fd, 0, SEEK_CUR));
	turn = 1;
	syscall(SYS_futex, &turn, 1, 100);
	for (uint32_t now; (now = turn) != kThreads;)
		syscall(SYS_futex, &turn, 0, now, NULL);
	expect_dead(child, "child", kChildStatus << 8);
	event_set(&shared->go, 1);
	/* The last thread's since Linux 5.18, the leader's before. */
	if (waitpid(child, &status, 0) != child || (status != kLastStatus << 8 && status != kChildStatus << 8))
		fail("the child of the dead leader ended with %x", status);
	if (waitpid(worker_child, &status, 0) != worker_child || status != 0)
		fail("the child of the first thread ended with %x", status);
	expect_dead(stopped, "stopped", 5 << 8);
	if (waitpid(stopped, &status, WUNTRACED | WNOHANG) != 0)
		fail("the stopped child says %x again", status);
	kill(stopped, SIGCONT);
	event_set(&shared->stopped_go, 1);
	if (waitpid(stopped, &status, 0) != stopped || status != 9 << 8)
		fail("the stopped child ended with %x", status);
}

/* A process whose main thread has exited with a status; its last thread ends like a thread. */
static void *last_thread(void *unused)
{
	event_set(&shared->child_ready, 1);
	event_wait(&shared->go, 1);
	syscall(SYS_exit, kLastStatus);
	return unused;
}

static void *stopped_thread(void *unused)
{
	await_dead(getpid());
	kill(getpid(), SIGSTOP);
	event_wait(&shared->stopped_go, 1);
	_exit(9);
	return unused;
}

static pid_t with_dead_leader(const char *name, void *(*thread)(void *), int status)
{
	pthread_t t;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_NAME, name);
	if (pthread_create(&t, NULL, thread, NULL))
		die("thread: %s", strerror(errno));
	syscall(SYS_exit, status);
	return 0;
}

static void *worker(void *unused)
{
	sigset_t term;
	int sig, status;

	tids[0] = syscall(SYS_gettid);
	await_dead(self);
	await_dead(child);
	worker_child = fork();
	if (!worker_child) {
		event_wait(&shared->go, 1);
		_exit(getppid() != self);
	}
	if (waitpid(stopped, &status, WUNTRACED) != stopped || !WIFSTOPPED(status))
		die("the child has not stopped");
	test_daemon();
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (sigwait(&term, &sig))
		fail("sigwait");
	check();
	pass();
	_exit(0);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t t;
	sigset_t term;

	test_init(argc, argv);
	self = getpid();
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	fill_pattern(memory, sizeof memory, kSeed);
	fd = open("file", O_CREAT | O_RDWR, 0600);
	lseek(fd, kPosition, SEEK_SET);
	child = with_dead_leader("child", last_thread, kChildStatus);
	stopped = with_dead_leader("stopped", stopped_thread, 5);
	event_wait(&shared->child_ready, 1);
	for (long i = 1; i < kThreads; i++)
		if (pthread_create(&t, NULL, follower, (void *)i))
			die("thread: %s", strerror(errno));
	for (int i = 1; i < kThreads; i++)
		while (!__atomic_load_n(&tids[i], __ATOMIC_SEQ_CST))
			usleep(1000);
	prctl(PR_SET_NAME, "gone");
	if (pthread_create(&t, NULL, worker, NULL))
		die("thread: %s", strerror(errno));
	pthread_exit(NULL);
}
