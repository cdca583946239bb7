/* zdtm:
 * title: processes that share memory: a grandchild, an elder one's sibling, one with a session, descriptors and children
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "child.h"
#include "fork_with_signal.h"

/* The members share this memory, and the C library in it, so they keep to bare system calls. */
enum { kLeader, kGrandchild, kSibling, kMembers };
struct shared {
	zdtm_event_t ready, plain_go;
	volatile int plain_pid, zombie_pid, seen_plain;
};

static struct shared *plain; /* MAP_SHARED: seen by the plain child too */
static volatile int word, pid_of[kMembers], sid_of[kMembers], bad[kMembers];
static zdtm_event_t ready[kMembers], go, done[kMembers];
static char stack[kMembers][65536] __attribute__((aligned(16)));

static void settle(int who)
{
	pid_of[who] = syscall(SYS_getpid);
	sid_of[who] = syscall(SYS_getsid, 0);
	event_set(&ready[who], 1);
	event_wait(&go, 1);
	if (word != 17)
		bad[who] |= 1;
	if (syscall(SYS_getpid) != pid_of[who] || syscall(SYS_getsid, 0) != sid_of[who])
		bad[who] |= 2;
}

static int grandchild(void *arg)
{
	(void)arg;
	settle(kGrandchild);
	if (syscall(SYS_getppid) != pid_of[kLeader])
		bad[kGrandchild] |= 4;
	event_set(&done[kGrandchild], 1);
	syscall(SYS_exit_group, 3);
	return 0;
}

static int sibling(void *arg)
{
	int parent = *(int *)arg;

	settle(kSibling);
	if (syscall(SYS_getppid) != parent)
		bad[kSibling] |= 4;
	event_set(&done[kSibling], 1);
	syscall(SYS_exit_group, 4);
	return 0;
}

static void plain_child(void)
{
	event_set(&plain->ready, 1);
	event_wait(&plain->plain_go, 1);
	plain->seen_plain = word; /* its own copy */
	syscall(SYS_exit_group, fcntl(60, F_GETFD) >= 0 ? 5 : 6);
}

static int leader(void *arg)
{
	int status = 0;

	syscall(SYS_setsid);
	syscall(SYS_dup3, 2, 60, 0);
	syscall(SYS_fchdir, open("/", O_RDONLY | O_DIRECTORY));
	int pid = fork_with_signal(SIGCHLD);
	if (!pid)
		plain_child();
	plain->plain_pid = pid;
	event_wait(&plain->ready, 1);
	pid = fork_with_signal(SIGCHLD);
	if (!pid)
		syscall(SYS_exit_group, 9);
	plain->zombie_pid = pid;
	syscall(SYS_waitid, P_PID, pid, NULL, WEXITED | WNOWAIT, NULL);
	if (clone(grandchild, stack[kGrandchild] + sizeof stack[0], CLONE_VM | CLONE_FILES | SIGCHLD, NULL) < 0 ||
	    clone(sibling, stack[kSibling] + sizeof stack[0], CLONE_VM | CLONE_PARENT, arg) < 0)
		bad[kLeader] |= 128;
	settle(kLeader);
	if (fcntl(60, F_GETFD) < 0)
		bad[kLeader] |= 4;
	if (syscall(SYS_wait4, plain->zombie_pid, &status, 0, NULL) != plain->zombie_pid || status != 9 << 8)
		bad[kLeader] |= 8;
	event_set(&plain->plain_go, 1);
	if (syscall(SYS_wait4, plain->plain_pid, &status, 0, NULL) != plain->plain_pid || status != 5 << 8)
		bad[kLeader] |= 16;
	if (syscall(SYS_wait4, pid_of[kGrandchild], &status, 0, NULL) != pid_of[kGrandchild] || status != 3 << 8)
		bad[kLeader] |= 32;
	char cwd[64];
	if (syscall(SYS_getcwd, cwd, sizeof cwd) != 2)
		bad[kLeader] |= 64;
	event_set(&done[kLeader], 1);
	syscall(SYS_exit_group, 2);
	return 0;
}

int main(int argc, char **argv)
{
	int self;

	test_init(argc, argv);
	self = getpid();
	plain = shared_memory(4096);
	word = 16;
	if (clone(leader, stack[kLeader] + sizeof stack[0], CLONE_VM | SIGCHLD, &self) < 0)
		die("clone");
	for (int i = 0; i < kMembers; i++)
		event_wait(&ready[i], 1);
	test_daemon();
	test_waitsig();
	if (word != 16)
		fail("the word is %d", word);
	word = 17;
	event_set(&go, 1);
	for (int i = 0; i < kMembers; i++) {
		event_wait(&done[i], 1);
		if (bad[i])
			fail("member %d finds %#x wrong", i, bad[i]);
	}
	if (plain->seen_plain != 16)
		fail("the plain child sees %d", plain->seen_plain);
	expect_exit(pid_of[kLeader], 2);
	expect_exit(pid_of[kSibling], 4);
	if (fcntl(60, F_GETFD) >= 0)
		fail("we see the leader's descriptor");
	pass();
	return 0;
}
