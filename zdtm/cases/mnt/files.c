/* zdtm:
 * title: files of a mount namespace: open, mapped, deleted, renamed, as working directory
 * dump: --link-remap
 * needs: root
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "mounts.h"

int main(int argc, char **argv)
{
	char text[32] = "";
	struct stat st;

	test_init(argc, argv);
	own_mounts();
	const char *at = place("t");
	must(mount("t", at, "tmpfs", 0, NULL));
	must(mkdir(test_path("t/dir"), 0755));
	put_text(test_path("t/file"), "0123456789");
	int fd = must(open(test_path("t/file"), O_RDWR));
	must(lseek(fd, 4, SEEK_SET));
	int gone = must(open(test_path("t/gone"), O_RDWR | O_CREAT, 0640));
	expect_eq(write(gone, "deleted", 7), 7);
	must(unlink(test_path("t/gone")));
	int linked = must(open(test_path("t/first"), O_RDWR | O_CREAT, 0600));
	expect_eq(write(linked, "linked", 6), 6);
	char *first = strdup(test_path("t/first"));
	must(link(first, test_path("t/dir/second")));
	must(unlink(first));
	char *shared = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	char *private = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	private[1] = 'p';
	must(chdir(test_path("t/dir")));
	test_daemon();
	test_waitsig();
	expect_eq(lseek(fd, 0, SEEK_CUR), 4);
	shared[9] = 's';
	expect_eq(pread(fd, text, 10, 0), 10);
	expect(!strcmp(text, "012345678s"));
	expect(!memcmp(private, "0p23456789", 10));
	memset(text, 0, sizeof text);
	expect_eq(pread(gone, text, sizeof text, 0), 7);
	expect(!strcmp(text, "deleted"));
	must(fstat(gone, &st));
	expect_eq(st.st_nlink, 0);
	expect_eq(st.st_mode, S_IFREG | 0640);
	must(fstat(linked, &st));
	expect_eq(st.st_nlink, 1);
	put_text("second", "through the other name");
	expect_eq(pread(linked, text, 7, 0), 7);
	expect(!memcmp(text, "through", 7));
	expect_text("../file", "012345678s");
	pass();
	return 0;
}
