/* For cases with --external mnt[]: a file system that is shared with the outside, at /srv and, there, at out/ of the case's own directory. */
#pragma once

#include <sched.h>
#include <sys/wait.h>

#include "mounts.h"

static int home; /* the mount namespace of the outside */

/* Makes a mount there. */
static inline void mount_outside(const char *at)
{
	int status;
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(setns(home, CLONE_NEWNS) || mount("news", at, "tmpfs", 0, NULL) || mkdir(test_path("out/place/new"), 0700));
	expect_eq(waitpid(pid, &status, 0), pid);
	expect_eq(status, 0);
}

/* Leaves the namespace of the outside for one of our own. */
static inline void share_with_outside(void)
{
	const char *out = place("out"), *at = test_path("out/place");
	must(mount("out", out, "tmpfs", 0, NULL));
	must(mkdir(at, 0755));
	must(mount(NULL, out, NULL, MS_SHARED, NULL));
	home = must(open("/proc/self/ns/mnt", O_RDONLY));
	int mine = must(open_tree(AT_FDCWD, out, OPEN_TREE_CLONE));
	own_mounts();
	must(move_mount(mine, "", AT_FDCWD, "/srv", MOVE_MOUNT_F_EMPTY_PATH));
	close(mine);
}
