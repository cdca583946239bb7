/* zdtm:
 * title: write into a full pipe goes on waiting and loses nothing
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

enum { kSize = 65536, kMore = 9000 }; /* the least that a pipe can hold with the largest pages */
static int fds[2];
static char more[kMore], got[kSize + kMore];

static long call(struct blocked *b)
{
	(void)b;
	return write(fds[1], more, kMore);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	char full[kSize];
	fill_pattern(full, kSize, 1);
	fill_pattern(more, kMore, 2);
	if (pipe(fds) || fcntl(fds[1], F_SETPIPE_SZ, kSize) != kSize || write(fds[1], full, kSize) != kSize)
		die("pipe");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	for (size_t n = 0; n < sizeof got;) {
		ssize_t r = read(fds[0], got + n, sizeof got - n);
		if (r <= 0)
			die("read");
		n += r;
	}
	if (blocked_check(&b, kMore, 0))
		return 1;
	if (check_pattern(got, kSize, 1) || check_pattern(got + kSize, kMore, 2))
		fail("the data has changed");
	pass();
	return 0;
}
