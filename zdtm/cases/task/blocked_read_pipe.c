/* zdtm:
 * title: read on an empty pipe goes on waiting
 */
#define _GNU_SOURCE
#include <unistd.h>

#include "blocked.h"
#include "zdtm.h"

static int fds[2];
static char got[16];

static long call(struct blocked *b)
{
	(void)b;
	return read(fds[0], got, sizeof got);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	if (pipe(fds))
		die("pipe");
	struct blocked b = { .call = call };
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (blocked_still(&b))
		return 1;
	if (write(fds[1], "hello", 5) != 5)
		fail("write");
	if (blocked_check(&b, 5, 0))
		return 1;
	if (got[0] != 'h' || got[4] != 'o')
		fail("got other data");
	pass();
	return 0;
}
