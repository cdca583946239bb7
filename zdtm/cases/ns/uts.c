/* zdtm:
 * title: host and domain name, where the case has its own
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/utsname.h>

#include "zdtm.h"

int main(int argc, char **argv)
{
	struct utsname before, after;

	test_init(argc, argv);
	uname(&before);
	test_daemon();
	test_waitsig();
	uname(&after);
	if (strcmp(before.nodename, after.nodename) || strcmp(before.domainname, after.domainname))
		fail("the names were %s and %s, are %s and %s", before.nodename, before.domainname, after.nodename,
		     after.domainname);
	else
		pass();
	return 0;
}
