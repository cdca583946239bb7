/* zdtm:
 * title: F_OFD_SETLKW goes on waiting for a lock
 * dump: --file-locks
 * restore: --file-locks
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	struct flock lock = { .l_type = F_WRLCK, .l_start = 10, .l_len = 10 };

	(void)b;
	return fcntl(open("lock", O_RDWR), F_OFD_SETLKW, &lock);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct flock lock = { .l_type = F_WRLCK, .l_start = 15, .l_len = 100 };
	int fd = open("lock", O_RDWR | O_CREAT, 0600);
	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &lock))
		die("lock");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	lock.l_type = F_UNLCK;
	if (fcntl(fd, F_OFD_SETLK, &lock))
		fail("unlock");
	if (blocked_check(&b, 0, 0))
		return 1;
	pass();
	return 0;
}
