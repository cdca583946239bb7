/* zdtm:
 * title: root without a single capability, and an ordinary user with one
 * needs: root
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "child.h"
#include "proc.h"

static int set_caps(uint32_t set)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { .effective = set, .permitted = set } };

	return syscall(SYS_capset, &head, data);
}

static int setup(void *arg)
{
	if (!arg)
		return set_caps(0);
	return prctl(PR_SET_KEEPCAPS, 1) || setresuid(1234, 1234, 1234) || set_caps(1 << CAP_NET_BIND_SERVICE);
}

static int check(void *arg)
{
	unsigned long long want = arg ? 1 << CAP_NET_BIND_SERVICE : 0;

	if (getuid() != (arg ? 1234u : 0u))
		fail("uid is %d", getuid());
	if (proc_status_number(getpid(), "CapEff", 16) != want || proc_status_number(getpid(), "CapPrm", 16) != want)
		fail("capabilities of uid %d are %#llx", getuid(), proc_status_number(getpid(), "CapEff", 16));
	return 0;
}

int main(int argc, char **argv)
{
	struct child root = { setup, check, NULL, 0, NULL }, user = { setup, check, "user", 0, NULL };

	test_init(argc, argv);
	child_start(&root);
	child_start(&user);
	test_daemon();
	test_waitsig();
	child_finish(&root);
	child_finish(&user);
	pass();
	return 0;
}
