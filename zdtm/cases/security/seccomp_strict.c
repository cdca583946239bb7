/* zdtm:
 * title: seccomp in strict mode: read, write, exit and nothing else
 * nosnapshot: a seccomp filter could forbid the fork
 */
#define _GNU_SOURCE
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "proc.h"
#include "zdtm.h"

static pid_t start(int in, int out, int forbidden)
{
	char c;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	if (write(out, "r", 1) != 1 || read(in, &c, 1) != 1 || write(out, &c, 1) != 1)
		syscall(SYS_exit, 1);
	if (forbidden)
		syscall(SYS_getpid);
	syscall(SYS_exit, 3);
	return 0;
}

int main(int argc, char **argv)
{
	int in[2][2], out[2][2], status = 0;
	pid_t pids[2];
	char c;

	test_init(argc, argv);
	for (int i = 0; i < 2; i++) {
		if (pipe(in[i]) || pipe(out[i]))
			die("pipe: %m");
		pids[i] = start(in[i][0], out[i][1], i);
		if (read(out[i][0], &c, 1) != 1 || proc_status_number(pids[i], "Seccomp", 10) != 1)
			skip("no strict seccomp here");
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 2; i++) {
		if (proc_status_number(pids[i], "Seccomp", 10) != 1)
			fail("child %d is not in strict mode", i);
		if (write(in[i][1], "k", 1) != 1 || read(out[i][0], &c, 1) != 1 || c != 'k')
			fail("child %d does not answer", i);
		waitpid(pids[i], &status, 0);
		if (i ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL : !WIFEXITED(status) || WEXITSTATUS(status) != 3)
			fail("child %d: status %#x", i, status);
	}
	pass();
	return 0;
}
