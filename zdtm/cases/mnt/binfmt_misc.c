/* zdtm:
 * title: binary formats registered in a user namespace: all that is told of them, their order, and that programs run by them
 * needs: root kernel>=6.7
 */
#define _GNU_SOURCE
#include <sys/stat.h>
#include <sys/wait.h>

#include "mounts.h"

static char dir[512];

static void reg(const char *words)
{
	char path[600];

	snprintf(path, sizeof path, "%s/register", dir);
	int fd = must(open(path, O_WRONLY));
	expect_eq(must(write(fd, words, strlen(words))), (ssize_t)strlen(words));
	close(fd);
}

static const char *entry(const char *name)
{
	static char path[600];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

/* What the interpreter, which is cat(1) or head(1), exits with. */
static int run(const char *program)
{
	int status;
	pid_t pid = must(fork());

	if (!pid) {
		must(dup2(must(open("/dev/null", O_WRONLY)), 1));
		execl(program, program, (char *)NULL);
		_exit(errno == ENOEXEC ? 100 : 101);
	}
	must(waitpid(pid, &status, 0));
	expect(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void write_program(const char *name, const char *text)
{
	int fd = must(open(test_path(name), O_CREAT | O_WRONLY, 0755));

	must(write(fd, text, strlen(text)));
	close(fd);
}

/* 0 in the user namespace of the machine, whose formats are nobody's of the case. */
static int in_own_users(void)
{
	unsigned first, outside, count;
	FILE *f = fopen("/proc/self/uid_map", "r");

	expect(f);
	expect_eq(fscanf(f, "%u %u %u", &first, &outside, &count), 3);
	fclose(f);
	return count != 4294967295u;
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	own_mounts();
	strcpy(dir, place("formats"));
	if (mount("formats", dir, "binfmt_misc", MS_NOSUID, NULL))
		skip("no binfmt_misc here: %s", strerror(errno));
	int own = in_own_users();
	write_program("by.zzx", "text");
	write_program("by_magic", "..\x01Z: text");
	if (own) {
		reg(":magic:M:2:\\x01Z\\x3a:\\xff\\xff\\xff:/bin/true:OC");
		reg("|ext|E||zzx||/bin/false|P");
		reg(":fixed:M::ABCD::/bin/true:F");
		reg(":off:E::zzy::/bin/a b:");
		put_text(entry("off"), "0");
		reg(":shadow:M:2:\\x01Z::/bin/false:");
		must(mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_RDONLY, NULL));
		expect_eq(run(test_path("by.zzx")), 1);
		expect_eq(run(test_path("by_magic")), 1);
	}
	char *before = mounts_seen();
	test_daemon();
	test_waitsig();
	expect_mounts(before);
	expect_text(entry("status"), "enabled\n");
	if (!own) {
		pass();
		return 0;
	}
	expect_text(entry("magic"), "enabled\ninterpreter /bin/true\nflags: OC\noffset 2\nmagic 015a3a\nmask ffffff\n");
	expect_text(entry("ext"), "enabled\ninterpreter /bin/false\nflags: P\nextension .zzx\n");
	expect_text(entry("fixed"), "enabled\ninterpreter /bin/true\nflags: F\noffset 0\nmagic 41424344\n");
	expect_text(entry("off"), "disabled\ninterpreter /bin/a b\nflags: \nextension .zzy\n");
	expect_eq(run(test_path("by.zzx")), 1);
	expect_eq(run(test_path("by_magic")), 1); /* the youngest comes first */
	expect_errno(open(entry("shadow"), O_WRONLY), EROFS);
	must(mount(NULL, dir, NULL, MS_REMOUNT | MS_BIND, NULL));
	put_text(entry("shadow"), "-1");
	expect_eq(run(test_path("by_magic")), 0);
	pass();
	return 0;
}
