/* zdtm:
 * title: which numbers a pid namespace gives next, and how many it has (since Linux 6.14), the own and one below it
 * nosnapshot: another pid namespace
 * needs: cap:SYS_ADMIN
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "nested.h"

static struct node first, inner;
static int has_limit; /* pid_max is the namespace's */

static void set(const char *name, const char *value)
{
	int fd = must(open(name, O_WRONLY | O_CLOEXEC));
	must(write(fd, value, strlen(value)));
	close(fd);
}

static int get(const char *name)
{
	char text[32] = "";
	int fd = must(open(name, O_RDONLY | O_CLOEXEC));
	must(read(fd, text, sizeof text - 1));
	close(fd);
	return atoi(text);
}

static pid_t next_pid(void)
{
	pid_t pid = fork_with(0);
	if (!pid)
		_exit(0);
	must(waitpid(pid, NULL, 0));
	return pid;
}

static void begin_at(const char *last)
{
	set("/proc/sys/kernel/ns_last_pid", last);
	expect_eq(next_pid(), atoi(last) + 1);
}

/* Its only process, and nobody has been born after that for a long time. */
static void set_up_inner(void)
{
	begin_at("20000");
}
static void check_inner(void)
{
	expect_eq(next_pid(), 20002);
}

static void set_up_first(void)
{
	expect_eq(getpid(), 1);
	node_start(&inner, CLONE_NEWPID, set_up_inner, check_inner);
	begin_at("700");
	if (has_limit)
		set("/proc/sys/kernel/pid_max", "9000");
}
static void check_first(void)
{
	expect_eq(get("/proc/sys/kernel/ns_last_pid"), 701);
	expect_eq(next_pid(), 702);
	expect_eq(next_pid(), 703);
	if (has_limit)
		expect_eq(get("/proc/sys/kernel/pid_max"), 9000);
	node_finish(&inner);
}

/* As container.c makes it, whose init is dumped with the case. */
static int has_own_init(void)
{
	char name[32] = "";
	int fd = must(open("/proc/1/comm", O_RDONLY | O_CLOEXEC));
	must(read(fd, name, sizeof name - 1));
	close(fd);
	return !strcmp(name, "container\n");
}

int main(int argc, char **argv)
{
	struct utsname name;
	int major = 0, minor = 0;

	test_init(argc, argv);
	uname(&name);
	sscanf(name.release, "%d.%d", &major, &minor);
	has_limit = major > 6 || (major == 6 && minor >= 14);
	node_start(&first, CLONE_NEWPID, set_up_first, check_first);
	/* The case has its own namespace in the flavours that dump its init too; in the others it is not to be touched. */
	int own = has_own_init();
	if (own)
		begin_at("5000");
	test_daemon();
	test_waitsig();
	if (own) {
		int last = get("/proc/sys/kernel/ns_last_pid");
		if (last != 5001)
			fail("the last number was 5001, is %d", last);
	}
	node_finish(&first);
	pass();
	return 0;
}
