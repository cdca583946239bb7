/* zdtm:
 * title: real, effective, saved and file-system ids of user and group, and many supplementary groups
 * needs: root
 */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

#include "zdtm.h"

enum { kGroups = 300 };

int main(int argc, char **argv)
{
	static gid_t groups[kGroups], now[kGroups + 1];
	uid_t r, e, s;

	test_init(argc, argv);
	for (int i = 0; i < kGroups; i++)
		groups[i] = 5000 + i * 3;
	if (setgroups(kGroups, groups) || setresgid(2001, 2002, 2003) || setresuid(1001, 1002, 1003))
		die("ids: %m");
	setfsuid(1001);
	setfsgid(2003);
	prctl(PR_SET_DUMPABLE, 1);
	test_daemon();
	test_waitsig();
	if (getresuid(&r, &e, &s) || r != 1001 || e != 1002 || s != 1003 || setfsuid(-1) != 1001)
		fail("uids %d %d %d fs %d", r, e, s, setfsuid(-1));
	if (getresgid(&r, &e, &s) || r != 2001 || e != 2002 || s != 2003 || setfsgid(-1) != 2003)
		fail("gids %d %d %d fs %d", r, e, s, setfsgid(-1));
	if (getgroups(kGroups + 1, now) != kGroups)
		fail("%d groups", getgroups(0, NULL));
	for (int i = 0; i < kGroups; i++)
		if (now[i] != groups[i])
			fail("group %d is %d", i, now[i]);
	pass();
	return 0;
}
