/* zdtm:
 * title: limits so low that the restored process could not be built under them; RLIMIT_AS by its soft value
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "child.h"

static const struct {
	int which;
	rlim_t value;
} low[] = { { RLIMIT_NOFILE, 1 }, { RLIMIT_AS, 4096 }, { RLIMIT_DATA, 0 }, { RLIMIT_FSIZE, 0 }, { RLIMIT_STACK, 16384 },
	    { RLIMIT_NPROC, 1 }, { RLIMIT_SIGPENDING, 0 }, { RLIMIT_MEMLOCK, 0 }, { RLIMIT_CORE, 0 } };

static rlim_t as_hard;

static int setup(void *arg)
{
	struct rlimit as;
	(void)arg;
	getrlimit(RLIMIT_AS, &as);
	as_hard = as.rlim_max;
	for (unsigned i = 0; i < sizeof low / sizeof *low; i++) {
		struct rlimit r = { low[i].value, low[i].value };
		if (low[i].which == RLIMIT_AS)
			r.rlim_max = as_hard;
		if (setrlimit(low[i].which, &r))
			return -1;
	}
	return 0;
}

static int check(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < sizeof low / sizeof *low; i++) {
		struct rlimit r;
		/* No descriptor can be opened for telling more: the exit code names the limit. */
		if (getrlimit(low[i].which, &r) || r.rlim_cur != low[i].value || r.rlim_max != (low[i].which == RLIMIT_AS ? as_hard : low[i].value))
			return 100 + low[i].which;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct child c = { setup, check, NULL, 0, NULL };

	test_init(argc, argv);
	child_start(&c);
	test_daemon();
	test_waitsig();
	if (!child_finish(&c))
		pass();
	return 0;
}
