/* Starts a command in namespaces of its own, under an init that only reaps, and ends when the command does:
 *
 *     container NAMESPACES PIDFILE COMMAND [ARGUMENT...]
 *
 * NAMESPACES are names of /proc/PID/ns with commas between. What the command leaves behind lives on under the init, whose pid stands
 * in PIDFILE; the exit status is the command's. The init ends with its last child. With user among the names all others belong
 * to that namespace, whose ids are 100000 and more outside. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/own_root.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct {
	const char *name;
	unsigned long flag;
} kinds[] = {
	{ "pid", CLONE_NEWPID },   { "uts", CLONE_NEWUTS }, { "ipc", CLONE_NEWIPC },	   { "mnt", CLONE_NEWNS },
	{ "cgroup", CLONE_NEWCGROUP }, { "net", CLONE_NEWNET }, { "time", CLONE_NEWTIME },
	{ "user", CLONE_NEWUSER },
};

static void die(const char *what)
{
	fprintf(stderr, "container: %s: %s\n", what, strerror(errno));
	exit(1);
}

static unsigned long flag_of(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (!strcmp(kinds[i].name, name))
			return kinds[i].flag;
	errno = EINVAL;
	die(name);
	return 0;
}

static void write_map(pid_t pid, const char *name)
{
	static const char range[] = "0 100000 65536";
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, range, sizeof range - 1) < 0)
		die(path);
	close(fd);
}

/* The maps are written by somebody who is still outside. What the root will be is laid out before, where that is allowed. */
static void enter_user_namespace(void)
{
	int go[2], status;
	pid_t self = getpid();

	if (unshare(CLONE_NEWNS) || stage_own_root() || pipe2(go, O_CLOEXEC))
		die("mounts for the user namespace");
	pid_t writer = fork();
	if (!writer) {
		char ready;
		close(go[1]);
		if (read(go[0], &ready, 1) != 0)
			_exit(1);
		write_map(self, "uid_map");
		write_map(self, "gid_map");
		_exit(0);
	}
	if (writer < 0 || unshare(CLONE_NEWUSER))
		die("user namespace");
	close(go[0]);
	close(go[1]);
	if (waitpid(writer, &status, 0) != writer || status || setgroups(0, NULL) || setresgid(0, 0, 0) || setresuid(0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 1)) /* or its own files in /proc would be closed to it */
		die("root of the user namespace");
}

/* One starts with the offsets of the host; a container that has been moved has others. */
static void enter_time_namespace(void)
{
	static const char offsets[] = "monotonic 1000 0\nboottime 2000 0\n";
	int fd = open("/proc/self/timens_offsets", O_WRONLY);

	if (unshare(CLONE_NEWTIME) || write(fd, offsets, sizeof offsets - 1) < 0)
		die("time namespace");
	close(fd);
	fd = open("/proc/self/ns/time_for_children", O_RDONLY);
	if (setns(fd, CLONE_NEWTIME))
		die("entering the time namespace");
	close(fd);
}

static void raise_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int control = socket(AF_INET, SOCK_DGRAM, 0);

	if (control < 0 || ioctl(control, SIOCSIFFLAGS, &lo))
		die("lo");
	close(control);
}

/* Nothing of the outside is held. */
static void let_go(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (chdir("/"))
		exit(1);
	close_range(3, ~0u, 0);
}

static _Noreturn void init(unsigned long flags, int report, char **command)
{
	int status, code = 1;

	setsid();
	if (flags & CLONE_NEWUTS && (sethostname("container", 9) || setdomainname("zdtm", 4)))
		die("host name");
	if (flags & CLONE_NEWNET)
		raise_loopback();
	if (flags & CLONE_NEWNS && (flags & CLONE_NEWUSER ? enter_staged_root() : enter_own_root()))
		die("root of the mount namespace");
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		close(report);
		execv(command[0], command);
		die(command[0]);
	}
	while (waitpid(child, &status, 0) != child)
		;
	if (WIFEXITED(status))
		code = WEXITSTATUS(status);
	if (write(report, &code, sizeof code) != sizeof code)
		exit(1);
	let_go();
	for (;;)
		if (wait(NULL) < 0 && errno == ECHILD)
			_exit(0);
}

int main(int argc, char **argv)
{
	unsigned long flags = 0;
	int report[2], code = 1;

	if (argc < 4) {
		fprintf(stderr, "usage: container NAMESPACES PIDFILE COMMAND [ARGUMENT...]\n");
		return 2;
	}
	for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ","))
		flags |= flag_of(name);
	FILE *file = fopen(argv[2], "w");
	if (!file)
		die(argv[2]);
	if (flags & CLONE_NEWUSER)
		enter_user_namespace();
	if (flags & CLONE_NEWTIME)
		enter_time_namespace();
	if (unshare(flags & ~(unsigned long)(CLONE_NEWTIME | CLONE_NEWUSER)) || pipe2(report, O_CLOEXEC))
		die("unshare");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		fclose(file);
		init(flags, report[1], argv + 3);
	}
	if (fprintf(file, "%d\n", pid) < 0 || fclose(file))
		die(argv[2]);
	close(report[1]);
	if (read(report[0], &code, sizeof code) != sizeof code)
		return 1;
	char end;
	return read(report[0], &end, 1) == 0 ? code : 1; /* it has let go of everything */
}
