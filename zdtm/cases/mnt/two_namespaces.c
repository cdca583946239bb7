/* zdtm:
 * title: three mount namespaces in one tree: peers and masters between them, a file system that two of them share, files in each
 * needs: root
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "child.h"
#include "mounts.h"

static const char *shared, *slave, *both, *own, *above;
static int inherited;
static char *mapped;
static zdtm_event_t *steps; /* 0, 1: set up; 2, 3: checked; 4: news from above; 5: the middle has taken some away */

static char *at(const char *directory, const char *name)
{
	char *path;

	must(asprintf(&path, "%s/%s", directory, name));
	return path;
}

static void fill(const char *point)
{
	must(mount("t", point, "tmpfs", 0, NULL));
	must(mkdir(at(point, "place"), 0755));
	must(mount(NULL, point, NULL, MS_SHARED, NULL));
}

struct files {
	int file, gone;
};

static struct files open_files(const char *name)
{
	struct files f;

	put_text(at(own, name), name);
	f.file = must(open(at(own, name), O_RDWR));
	f.gone = must(open(at(own, "gone"), O_RDWR | O_CREAT | O_TRUNC, 0640));
	expect_eq(write(f.gone, name, strlen(name)), strlen(name));
	must(unlink(at(own, "gone")));
	must(chdir(at(own, "dir")));
	return f;
}

static void check_files(struct files f, const char *name)
{
	char text[32] = "";
	struct stat st;

	must(fstat(f.gone, &st));
	expect_eq(st.st_nlink, 0);
	expect_eq(pread(f.gone, text, sizeof text, 0), strlen(name));
	expect(!strcmp(text, name));
	expect_text(at("..", name), name);
	put_text(at(own, name), "NEW");
	expect_eq(pread(f.file, text, 3, 0), 3);
	expect(!strncmp(text, "NEW", 3));
	/* What the first has open lies where the others have nothing. */
	memset(text, 0, sizeof text);
	expect_eq(pread(inherited, text, sizeof text, 0), 5);
	expect(!strcmp(text, "above"));
	expect(!strcmp(mapped, "above"));
	expect_errno(access(at(above, "file"), F_OK), ENOENT);
}

static int lowest(void)
{
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, both, NULL, MS_SLAVE, NULL));
	struct files f = open_files("lowest");
	char *before = mounts_seen();
	event_set(&steps[0], 1);
	event_wait(&steps[0], 2);
	expect_mounts(before);
	check_files(f, "lowest");
	expect_text(at(own, "middle"), "middle");
	event_set(&steps[2], 1);
	event_wait(&steps[5], 1);
	expect_text(at(shared, "place/new"), "n");
	expect_text(at(slave, "place/new"), "n");
	expect_errno(access(at(both, "place/new"), F_OK), ENOENT);
	expect_text(at(own, "middle"), "NEW");
	return 0;
}

static int middle(void)
{
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, slave, NULL, MS_SLAVE, NULL));
	must(mount(NULL, both, NULL, MS_SLAVE, NULL));
	must(mount(NULL, both, NULL, MS_SHARED, NULL));
	must(mount("own", own, "tmpfs", MS_NOSUID, "size=1m"));
	must(mkdir(at(own, "dir"), 0755));
	must(umount(above));
	struct files f = open_files("middle");
	pid_t child = must(fork());
	if (child == 0)
		_exit(lowest());
	event_wait(&steps[0], 1);
	char *before = mounts_seen();
	event_set(&steps[1], 1);
	event_wait(&steps[1], 2);
	expect_mounts(before);
	event_set(&steps[0], 2);
	event_wait(&steps[2], 1);
	check_files(f, "middle");
	event_set(&steps[3], 1);
	event_wait(&steps[4], 1);
	expect_text(at(shared, "place/new"), "n");
	expect_text(at(slave, "place/new"), "n");
	expect_text(at(both, "place/new"), "n");
	must(umount(at(slave, "place")));
	must(umount(at(both, "place")));
	event_set(&steps[5], 1);
	return expect_exit(child, 0);
}

static void tell_news(const char *point)
{
	must(mount("news", at(point, "place"), "tmpfs", 0, NULL));
	put_text(at(point, "place/new"), "n");
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	steps = shared_memory(8 * sizeof *steps);
	shared = place("shared"), slave = place("slave"), both = place("both"), own = place("own"), above = place("above");
	fill(shared), fill(slave), fill(both);
	must(mount("above", above, "tmpfs", 0, NULL));
	put_text(at(above, "file"), "above");
	inherited = must(open(at(above, "file"), O_RDWR));
	mapped = must(mmap(NULL, 4096, PROT_READ, MAP_SHARED, inherited, 0));
	pid_t child = must(fork());
	if (child == 0)
		_exit(middle());
	event_wait(&steps[1], 1);
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text(at(above, "file"), "above");
	expect_errno(access(at(own, "middle"), F_OK), ENOENT);
	event_set(&steps[1], 2);
	event_wait(&steps[3], 1);
	tell_news(shared), tell_news(slave), tell_news(both);
	event_set(&steps[4], 1);
	if (expect_exit(child, 0))
		return 1;
	expect_text(at(shared, "place/new"), "n");
	expect_text(at(slave, "place/new"), "n");
	expect_text(at(both, "place/new"), "n");
	pass();
	return 0;
}
