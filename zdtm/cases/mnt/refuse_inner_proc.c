/* zdtm:
 * title: a proc file system of an inner pid namespace, in the mount namespace of its maker, with a mount on it
 * refuse: it shows another pid namespace than that of the first process in this mount namespace, and has mounts on it
 * needs: root
 */
#define _GNU_SOURCE
#include <sys/mount.h>

#include "nested.h"

static struct node maker, first;

static void mount_proc(void)
{
	must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	must(mount("/dev/null", "/proc/1/comm", NULL, MS_BIND, NULL));
}

static void expect_covered(void)
{
	char text[16];
	int fd = must(open("/proc/1/comm", O_RDONLY | O_CLOEXEC));
	expect_eq(read(fd, text, sizeof text), 0);
	close(fd);
}

static void make(void)
{
	must(unshare(CLONE_NEWNS | CLONE_NEWPID));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	first.events = shared_memory(sizeof *first.events);
	event_init(&first.events->ready);
	event_init(&first.events->go);
	pid_t pid = fork_with(0);
	if (!pid) {
		mount_proc();
		event_set(&first.events->ready, 1);
		event_wait(&first.events->go, 1);
		expect_covered();
		_exit(0);
	}
	first.pid = pid;
	event_wait(&first.events->ready, 1);
	event_set(&maker.events->ready, 1);
	event_wait(&maker.events->go, 1);
	event_set(&first.events->go, 1);
	_exit(expect_exit(first.pid, 0) != 0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	maker.events = shared_memory(sizeof *maker.events);
	event_init(&maker.events->ready);
	event_init(&maker.events->go);
	pid_t pid = fork_with(0);
	if (!pid)
		make();
	event_wait(&maker.events->ready, 1);
	test_daemon();
	test_waitsig();
	event_set(&maker.events->go, 1);
	if (!expect_exit(pid, 0))
		pass();
	return 0;
}
