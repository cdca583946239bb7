/* zdtm:
 * title: inotify watches and fanotify marks on a file system that only the namespace of the tree has
 * needs: root
 * rights: fanotify_init(2) with marks on mounts is for that root alone
 */
#define _GNU_SOURCE
#include <sys/fanotify.h>
#include <sys/inotify.h>

#include "mounts.h"

int main(int argc, char **argv)
{
	char event[4096];

	test_init(argc, argv);
	own_mounts();
	const char *at = place("t");
	must(mount("t", at, "tmpfs", 0, NULL));
	const char *dir = place("t/dir"), *marked = place("t/marked");
	put_text(test_path("t/dir/file"), "x");
	int in = must(inotify_init1(IN_NONBLOCK));
	must(inotify_add_watch(in, dir, IN_CREATE));
	int fan = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY);
	if (fan >= 0) {
		must(fanotify_mark(fan, FAN_MARK_ADD, FAN_OPEN | FAN_ONDIR, AT_FDCWD, marked));
		must(fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_CLOSE_WRITE, AT_FDCWD, at));
	}
	test_daemon();
	test_waitsig();
	expect_errno(read(in, event, sizeof event), EAGAIN);
	put_text(test_path("t/dir/new"), "y");
	expect(read(in, event, sizeof event) >= (ssize_t)sizeof(struct inotify_event));
	struct inotify_event *e = (struct inotify_event *)event;
	expect_eq(e->mask, IN_CREATE);
	expect(!strcmp(e->name, "new"));
	if (fan >= 0) {
		struct fanotify_event_metadata *m = (struct fanotify_event_metadata *)event;

		expect(read(fan, event, sizeof event) >= (ssize_t)sizeof *m);
		expect_eq(m->mask, FAN_CLOSE_WRITE);
		close(m->fd);
		close(must(open(marked, O_RDONLY | O_DIRECTORY)));
		expect(read(fan, event, sizeof event) >= (ssize_t)sizeof *m);
		expect_eq(m->mask, FAN_OPEN);
	}
	pass();
	return 0;
}
