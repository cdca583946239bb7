/* zdtm:
 * title: read on an eventfd goes on waiting
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static int fd;

static long call(struct blocked *b)
{
	uint64_t value = 0;

	(void)b;
	return read(fd, &value, sizeof value) == sizeof value ? (long)value : -1;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	fd = eventfd(0, 0);
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	uint64_t seven = 7;
	if (write(fd, &seven, sizeof seven) != sizeof seven)
		fail("write");
	if (blocked_check(&b, 7, 0))
		return 1;
	pass();
	return 0;
}
