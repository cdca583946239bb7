/* zdtm:
 * title: threads of one process with different ids and capabilities
 * needs: root
 */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "threads.h"

static struct threads t;

/* The raw calls change one thread only; the C library's would change all. */
static void setup(int i)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	gid_t group = 3000 + i;

	if (syscall(SYS_setgroups, 1, &group) || syscall(SYS_setresgid, 2000 + i, 2100 + i, 2200 + i))
		die("groups");
	if (i == 0) {
		data[0].effective = 1 << CAP_KILL;
		data[0].permitted = 1 << CAP_KILL | 1 << CAP_CHOWN;
		if (syscall(SYS_capset, &head, data))
			die("capset");
	} else if (syscall(SYS_setresuid, 1000 + i, 1100 + i, 1200 + i)) {
		die("setresuid");
	}
}

static void check(int i)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	uid_t r, e, s;
	gid_t group = 0, base = i ? 1000 + i : 0, step = i ? 100 : 0;

	syscall(SYS_getresuid, &r, &e, &s);
	if (r != base || e != base + step || s != base + 2 * step)
		fail("thread %d: uids %d %d %d", i, r, e, s);
	syscall(SYS_getresgid, &r, &e, &s);
	if (r != 2000u + i || e != 2100u + i || s != 2200u + i)
		fail("thread %d: gids %d %d %d", i, r, e, s);
	if (getgroups(1, &group) != 1 || group != 3000u + i)
		fail("thread %d: group %d", i, group);
	syscall(SYS_capget, &head, data);
	if (data[0].effective != (i ? 0 : 1u << CAP_KILL) || data[0].permitted != (i ? 0 : 1u << CAP_KILL | 1u << CAP_CHOWN))
		fail("thread %d: effective %#x permitted %#x", i, data[0].effective, data[0].permitted);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	t.count = 3;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	if (getuid() || geteuid() || getgid())
		fail("the main thread has other ids");
	threads_finish(&t);
	pass();
	return 0;
}
