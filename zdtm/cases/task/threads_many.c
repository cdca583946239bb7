/* zdtm:
 * title: a hundred threads
 */
#include "threads.h"

static struct threads t;

int main(int argc, char **argv)
{
	test_init(argc, argv);
	t.count = 100;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	threads_finish(&t);
	pass();
	return 0;
}
