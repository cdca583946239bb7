/* zdtm:
 * title: securebits with their locks, and keepcaps
 * needs: root
 */
#define _GNU_SOURCE
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "child.h"

static const int bits[] = { SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS,
			    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED | SECBIT_KEEP_CAPS_LOCKED };

static int setup(void *arg)
{
	return prctl(PR_SET_SECUREBITS, bits[(long)arg], 0, 0, 0);
}

static int check(void *arg)
{
	int now = prctl(PR_GET_SECUREBITS);

	if (now != bits[(long)arg])
		fail("securebits are %#x, want %#x", now, bits[(long)arg]);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c[3];

	test_init(argc, argv);
	for (long i = 0; i < 3; i++) {
		c[i] = (struct child){ setup, check, (void *)i, 0, NULL };
		child_start(&c[i]);
	}
	test_daemon();
	test_waitsig();
	for (int i = 0; i < 3; i++)
		child_finish(&c[i]);
	if (prctl(PR_GET_SECUREBITS))
		fail("the root's securebits are %#x", prctl(PR_GET_SECUREBITS));
	pass();
	return 0;
}
