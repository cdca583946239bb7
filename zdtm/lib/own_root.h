/* A mount namespace as a container has it: the root file system of the host, with nothing of what hangs on it, and new
 * proc, sys, dev, dev/pts and dev/shm. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* With the new root and its dev in place, the root being the working directory. */
static inline int furnish_own_root(void)
{
	if (mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ||
	    mount("sysfs", "sys", "sysfs", MS_RDONLY | MS_NOSUID, NULL))
		return -1;
	/* In a devtmpfs that is the whole machine's these may not be there yet. */
	mkdir("dev/pts", 0755);
	mkdir("dev/shm", 01777);
	if (mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,mode=620,ptmxmode=666") ||
	    mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "size=65536k"))
		return -1;
	return syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/") ? -1 : 0;
}

/* In a namespace that is the caller's own already. The working directory is the new root. Returns 0, or -1 with errno. */
static inline int enter_own_root(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("/", "/mnt", NULL, MS_BIND, NULL) ||
	    chdir("/mnt") || mount("devtmpfs", "dev", "devtmpfs", MS_NOSUID, NULL))
		return -1;
	return furnish_own_root();
}

/* The same for a user namespace, whose root may neither make a devtmpfs nor show what mounts of the outside hide. Outside of it and
 * in a mount namespace of one's own: */
static inline int stage_own_root(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("/", "/mnt", NULL, MS_BIND, NULL) ||
	       mount("devtmpfs", "/media", "devtmpfs", MS_NOSUID, NULL) ||
	       (mkdir("/media/pts", 0755) && errno != EEXIST) || (mkdir("/media/shm", 01777) && errno != EEXIST) ? -1 : 0;
}

/* ... and inside, in one that belongs to it: */
static inline int enter_staged_root(void)
{
	if (mount("/mnt", "/srv", NULL, MS_BIND, NULL) || chdir("/srv") || mount("/media", "dev", NULL, MS_BIND, NULL))
		return -1;
	return furnish_own_root();
}
