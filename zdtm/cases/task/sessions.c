/* zdtm:
 * title: children in groups and sessions of their own, and one whose parent has moved to another session
 */
#define _GNU_SOURCE
#include "child.h"

enum { kSame, kOwnGroup, kInThatGroup, kOwnSession, kCount };
static pid_t want_group[kCount], want_session[kCount], group_leader;
static zdtm_event_t *grandchild;

static int setup(void *arg)
{
	long i = (long)arg;

	if (i == kOwnGroup && setpgid(0, 0))
		return 1;
	if (i == kInThatGroup && setpgid(0, group_leader))
		return 1;
	if (i == kOwnSession) {
		if (!fork()) { /* born in the old session, stays there */
			pid_t group = getpgid(0), session = getsid(0);
			event_set(&grandchild[0], 1);
			event_wait(&grandchild[1], 1);
			event_set(&grandchild[2], getpgid(0) == group && getsid(0) == session ? 1 : 2);
			_exit(0);
		}
		event_wait(&grandchild[0], 1);
		if (setsid() < 0)
			return 1;
	}
	want_group[i] = getpgid(0);
	want_session[i] = getsid(0);
	return 0;
}

static int check(void *arg)
{
	long i = (long)arg;

	if (getpgid(0) != want_group[i] || getsid(0) != want_session[i])
		fail("child %ld: group %d session %d, want %d %d", i, getpgid(0), getsid(0), want_group[i], want_session[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct child c[kCount];

	test_init(argc, argv);
	grandchild = shared_memory(4096);
	for (long i = 0; i < kCount; i++) {
		c[i] = (struct child){ setup, check, (void *)i, 0, NULL };
		child_start(&c[i]);
		if (i == kOwnGroup)
			group_leader = c[i].pid;
	}
	if (getpgid(c[kInThatGroup].pid) != group_leader || getsid(c[kOwnSession].pid) != c[kOwnSession].pid)
		die("the set-up is not what it should be");
	test_daemon();
	test_waitsig();
	event_set(&grandchild[1], 1);
	for (int i = 0; i < 5000 && !grandchild[2].value; i++)
		usleep(1000);
	if (grandchild[2].value != 1)
		fail("the grandchild's group or session has changed");
	for (int i = 0; i < kCount; i++)
		child_finish(&c[i]);
	if (getpgid(0) != getpid() || getsid(0) != getpid())
		fail("the root's group or session has changed");
	pass();
	return 0;
}
