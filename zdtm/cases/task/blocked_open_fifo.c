/* zdtm:
 * title: open of a fifo waits on for the other end
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static long call(struct blocked *b)
{
	(void)b;
	int fd = open("fifo", O_RDONLY);
	char c = 0;
	return fd >= 0 && read(fd, &c, 1) == 1 ? c : -1;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (mkfifo("fifo", 0600))
		die("mkfifo");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	int fd = open("fifo", O_WRONLY);
	if (fd < 0 || write(fd, "q", 1) != 1)
		fail("write");
	if (blocked_check(&b, 'q', 0))
		return 1;
	pass();
	return 0;
}
