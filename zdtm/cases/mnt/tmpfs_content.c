/* zdtm:
 * title: what is in a tmpfs: files, links, holes, devices, sockets, owners, attributes, times
 * needs: root
 * rights: attributes trusted.* are for that root alone
 */
#define _GNU_SOURCE
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "mounts.h"

static struct stat look(const char *name)
{
	struct stat st;

	must(lstat(test_path(name), &st));
	return st;
}

int main(int argc, char **argv)
{
	const struct timespec old[2] = { { 10, 11 }, { 1000, 123456789 } };
	char text[32] = "";

	test_init(argc, argv);
	own_mounts();
	const char *at = place("t");
	must(mount("mine", at, "tmpfs", MS_NOSUID, "size=10m,nr_inodes=200,mode=1770,gid=5"));
	put_text(test_path("t/file"), "content");
	must(chown(test_path("t/file"), 1000, 2000));
	must(chmod(test_path("t/file"), 04750));
	must(setxattr(test_path("t/file"), "trusted.zdtm", "value", 5, 0));
	char *file = strdup(test_path("t/file"));
	must(link(file, test_path("t/link")));
	must(symlink("file", test_path("t/symlink")));
	must(mknod(test_path("t/null"), S_IFCHR | 0666, makedev(1, 3)));
	must(mknod(test_path("t/fifo"), S_IFIFO | 0600, 0));
	must(mknod(test_path("t/socket"), S_IFSOCK | 0755, 0));
	must(mkdir(test_path("t/dir"), 0711));
	put_text(test_path("t/dir/below"), "deep");
	int fd = must(open(test_path("t/sparse"), O_CREAT | O_RDWR, 0600));
	must(ftruncate(fd, 1ll << 30));
	expect_eq(pwrite(fd, "x", 1, 500 << 20), 1);
	close(fd);
	must(utimensat(AT_FDCWD, file, old, 0));
	must(utimensat(AT_FDCWD, test_path("t/dir"), old, 0));
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text(file, "content");
	expect_text(test_path("t/dir/below"), "deep");
	struct stat st = look("t/file");
	expect_eq(st.st_uid, 1000);
	expect_eq(st.st_gid, 2000);
	expect_eq(st.st_mode, S_IFREG | 04750);
	expect_eq(st.st_nlink, 2);
	expect_eq(st.st_ino, look("t/link").st_ino);
	expect_eq(st.st_mtim.tv_sec, 1000);
	expect_eq(st.st_mtim.tv_nsec, 123456789);
	expect_eq(look("t/dir").st_mtim.tv_nsec, 123456789);
	expect_eq(look("t/dir").st_mode, S_IFDIR | 0711);
	expect_eq(look("t").st_mode, S_IFDIR | 01770);
	expect_eq(getxattr(file, "trusted.zdtm", text, sizeof text), 5);
	expect(!strcmp(text, "value"));
	expect_eq(readlink(test_path("t/symlink"), text, sizeof text), 4);
	expect_eq(look("t/null").st_rdev, makedev(1, 3));
	expect(S_ISFIFO(look("t/fifo").st_mode));
	expect(S_ISSOCK(look("t/socket").st_mode));
	expect_eq(look("t/sparse").st_size, 1 << 30);
	expect(look("t/sparse").st_blocks <= 16);
	pass();
	return 0;
}
