/* zdtm:
 * title: hierarchies of control groups, of both versions, mounted inside
 * needs: root
 * rights: the root of a user namespace may mount those of its own control group namespace only
 */
#define _GNU_SOURCE
#include "mounts.h"

int main(int argc, char **argv)
{
	int mounted = 0;

	test_init(argc, argv);
	own_mounts();
	const char *one = place("one"), *two = place("two"), *part = place("part");
	mounted += mount("pids", one, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "pids") == 0;
	if (mount("unified", two, "cgroup2", MS_NOSUID | MS_RDONLY, NULL) == 0) {
		mounted += 2;
		must(mount(two, part, NULL, MS_BIND, NULL));
	}
	if (mounted == 0)
		skip("the kernel has no control groups");
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	if (mounted & 1)
		must(access(test_path("one/cgroup.procs"), F_OK));
	if (mounted & 2)
		must(access(test_path("part/cgroup.procs"), F_OK));
	pass();
	return 0;
}
