/* zdtm:
 * title: all five capability sets: permitted, effective, inheritable, ambient, bounding
 * needs: root
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "proc.h"
#include "zdtm.h"

static const char *const names[] = { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb" };

int main(int argc, char **argv)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0 } };
	unsigned long long want[5];

	test_init(argc, argv);
	static const int dropped[] = { CAP_SYS_BOOT, CAP_LEASE, CAP_WAKE_ALARM };
	for (int i = 0; i < 3; i++)
		if (prctl(PR_CAPBSET_DROP, dropped[i], 0, 0, 0))
			die("PR_CAPBSET_DROP: %m");
	data[0].permitted = 1 << CAP_CHOWN | 1 << CAP_KILL | 1 << CAP_SETUID | 1 << CAP_NET_RAW;
	data[0].effective = 1 << CAP_CHOWN | 1 << CAP_SETUID;
	data[0].inheritable = 1 << CAP_KILL | 1 << CAP_NET_RAW;
	if (syscall(SYS_capset, &head, data))
		die("capset: %m");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0))
		die("PR_CAP_AMBIENT_RAISE: %m");
	for (int i = 0; i < 5; i++)
		want[i] = proc_status_number(getpid(), names[i], 16);
	if (want[4] != 1 << CAP_NET_RAW || want[3] >> CAP_LEASE & 1)
		die("the set-up is not what it should be");
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 5; i++) {
		unsigned long long now = proc_status_number(getpid(), names[i], 16);
		if (now != want[i])
			fail("%s is %#llx, was %#llx", names[i], now, want[i]);
	}
	pass();
	return 0;
}
