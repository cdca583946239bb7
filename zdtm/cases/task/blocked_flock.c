/* zdtm:
 * title: flock goes on waiting for a lock that a child holds
 * dump: --file-locks
 * restore: --file-locks
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	(void)b;
	int fd = open("lock", O_RDWR);
	return flock(fd, LOCK_EX);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	int fd = open("lock", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || flock(fd, LOCK_EX))
		die("flock");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	if (flock(fd, LOCK_UN))
		fail("unlock");
	if (blocked_check(&b, 0, 0))
		return 1;
	pass();
	return 0;
}
