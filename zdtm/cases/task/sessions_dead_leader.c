/* zdtm:
 * title: members of a session and of a group whose leaders are dead and reaped
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "child.h"

struct shared {
	zdtm_event_t ready, go;
	pid_t member, group, session;
};

/* Leader of a new session forks a second one, which leads a group; both die and leave the member to the subreaper. */
static void leader(struct shared *s)
{
	setsid();
	s->session = getpid();
	pid_t second = fork();
	if (second)
		_exit(waitpid(second, NULL, 0) != second);
	setpgid(0, 0);
	s->group = getpid();
	if (fork()) {
		event_wait(&s->ready, 1);
		_exit(0);
	}
	s->member = getpid();
	event_set(&s->ready, 1);
	event_wait(&s->go, 1);
	if (getpgid(0) != s->group || getsid(0) != s->session)
		fail("group %d session %d, want %d %d", getpgid(0), getsid(0), s->group, s->session);
	_exit(0);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct shared *s = shared_memory(sizeof *s);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid_t child = fork();
	if (!child)
		leader(s);
	if (expect_exit(child, 0))
		return 1;
	if (!kill(s->group, 0) || !kill(s->session, 0))
		die("a leader is still there");
	test_daemon();
	test_waitsig();
	event_set(&s->go, 1);
	if (!expect_exit(s->member, 0))
		pass();
	return 0;
}
