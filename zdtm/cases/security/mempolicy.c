/* zdtm:
 * title: the NUMA memory policy of tasks, per thread
 */
#define _GNU_SOURCE
#include <linux/mempolicy.h>
#include <sys/syscall.h>

#include "threads.h"

static struct threads t;
static const int modes[] = { MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED | MPOL_F_STATIC_NODES,
			     MPOL_LOCAL };
static int supported[6];

static void setup(int i)
{
	unsigned long node0 = 1;
	int needs_nodes = i >= 1 && i <= 4;

	supported[i] = !syscall(SYS_set_mempolicy, modes[i], needs_nodes ? &node0 : NULL, needs_nodes ? 64 : 0);
}

static void check(int i)
{
	unsigned long nodes[16] = { 0 };
	int mode = -1;

	if (!supported[i])
		return;
	if (syscall(SYS_get_mempolicy, &mode, nodes, 1024, NULL, 0))
		fail("get_mempolicy: %m");
	if (mode != modes[i] || nodes[0] != (i >= 1 && i <= 4))
		fail("thread %d: mode %#x nodes %#lx, want %#x %d", i, mode, nodes[0], modes[i], i >= 1 && i <= 4);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	int mode;
	if (syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0))
		skip("the kernel has no NUMA policies: %m");
	t.count = 6;
	t.setup = setup;
	t.check = check;
	threads_start(&t);
	test_daemon();
	test_waitsig();
	threads_finish(&t);
	pass();
	return 0;
}
