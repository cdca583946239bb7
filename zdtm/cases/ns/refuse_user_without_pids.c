/* zdtm:
 * title: a tree in a user namespace of its own that shares its pid namespace with the outside
 * refuse: it has a user namespace of its own but shares the pid namespace of the engine, where it could not choose its pids again; run the engine inside
 * outside: below a dumped init it is one of the user namespaces of the tree
 * needs: root
 */
#define _GNU_SOURCE
#include <sched.h>

#include "users.h"
#include "zdtm.h"

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (access("/proc/self/ns/user", F_OK) != 0)
		skip("no user namespaces here");
	must(unshare(CLONE_NEWUSER));
	users_map(getpid(), "0 0 1\n", "0 0 1\n", 1);
	struct users before = users_look();
	test_daemon();
	test_waitsig();
	struct users now = users_look();
	expect(!memcmp(&before, &now, sizeof now));
	pass();
	return 0;
}
