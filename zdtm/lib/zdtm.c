/* The library behind zdtm.h. It must not be part of what is tested: it keeps no descriptor open (log and verdict are
 * reopened for every line), no timer, no thread, no memory beyond its own data. */
#define _GNU_SOURCE
#include "zdtm.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kExitSkipped = 77 };

static struct {
	char dir[PATH_MAX], out[PATH_MAX], log[PATH_MAX], pidfile[PATH_MAX];
	pid_t launcher; /* waits for test_daemon() on behalf of the runner */
	pid_t main_pid; /* also its first thread's tid */
} z;

static volatile sig_atomic_t terminated;

/* One line into a file that is opened only for it. Mode 0666: cases change their ids. */
static void append(const char *path, const char *head, const char *fmt, va_list ap, int err)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "%s", head);
	int saved = errno;

	n += vsnprintf(line + n, sizeof line - n, fmt, ap);
	if (n > (int)sizeof line - 128)
		n = sizeof line - 128;
	while (n > 0 && line[n - 1] == '\n')
		n--;
	if (err)
		n += snprintf(line + n, sizeof line - n, ": %s", strerror(err));
	line[n++] = '\n';
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		fd = STDERR_FILENO;
	if (write(fd, line, n) != n && fd != STDERR_FILENO)
		n = write(STDERR_FILENO, line, n);
	if (fd != STDERR_FILENO)
		close(fd);
	errno = saved;
}

static void log_line(const char *fmt, va_list ap, int err)
{
	struct timespec ts;
	char head[64];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(head, sizeof head, "%lld.%06ld %5d: ", (long long)ts.tv_sec, ts.tv_nsec / 1000, (int)getpid());
	append(z.log, head, fmt, ap, err);
}

void test_msg(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(fmt, ap, 0);
	va_end(ap);
}

void pr_perror(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_line(fmt, ap, errno);
	va_end(ap);
}

static void verdict(const char *head, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(z.out, head, fmt, ap, 0);
	va_end(ap);
}

void pass(void)
{
	if (getpid() == z.main_pid)
		verdict("PASS", "%s", "");
}

void fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(z.out, "FAIL ", fmt, ap, 0);
	va_end(ap);
	va_start(ap, fmt);
	log_line(fmt, ap, 0);
	va_end(ap);
}

void skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(z.out, "SKIP ", fmt, ap, 0);
	va_end(ap);
	_exit(kExitSkipped);
}

/* A process-directed signal may land in any thread that does not block it; only the first one sleeps in test_waitsig. */
static void on_sigterm(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)info, (void)context;
	if (getpid() == z.main_pid && syscall(SYS_gettid) != z.main_pid)
		syscall(SYS_tgkill, z.main_pid, z.main_pid, sig);
	else
		terminated = 1;
	errno = saved;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "pidfile", required_argument, NULL, 'p' },
		{ "out", required_argument, NULL, 'o' },
		{ "log", required_argument, NULL, 'l' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		char *to = c == 'd' ? z.dir : c == 'p' ? z.pidfile : c == 'o' ? z.out : c == 'l' ? z.log : NULL;

		if (!to || (optarg[0] != '/')) {
			fprintf(stderr, "usage: %s --dir D --pidfile F --out F --log F (absolute paths)\n", argv[0]);
			exit(2);
		}
		snprintf(to, PATH_MAX, "%s", optarg);
	}
	if (!z.dir[0] || !z.out[0] || !z.log[0] || !z.pidfile[0]) {
		fprintf(stderr, "%s: --dir, --pidfile, --out and --log are needed\n", argv[0]);
		exit(2);
	}
	optind = 1;
	umask(0);
	close(open(z.out, O_CREAT | O_TRUNC | O_WRONLY, 0666));
	close(open(z.log, O_CREAT | O_APPEND | O_WRONLY, 0666));
	umask(022);
	if (chdir(z.dir)) {
		perror(z.dir);
		exit(2);
	}
}

static void write_pidfile(void)
{
	FILE *f = fopen(z.pidfile, "w");

	if (!f)
		die("%s: %s", z.pidfile, strerror(errno));
	fprintf(f, "%d\n", getpid());
	fclose(f);
}

/* What test_daemon() falls back to in a case that may not signal the launcher any more. */
static int said_ready(void)
{
	char text[64] = "";
	int fd = open(z.out, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof text - 1) < 0)
		text[0] = 0;
	close(fd);
	return strstr(text, "READY") != NULL;
}

/* Stays until the case is ready (SIGUSR1 from test_daemon) or dead, then exits: the runner has only to wait for it, and
 * the case needs no descriptor for telling. */
static _Noreturn void launch(pid_t child, const sigset_t *told)
{
	int sig = 0, status = 0;

	z.main_pid = child;
	for (;;) {
		struct timespec limit = { .tv_nsec = 20000000 };
		sig = sigtimedwait(told, NULL, &limit);
		if (sig == SIGUSR1 || (sig < 0 && said_ready()))
			_exit(0);
		if (sig == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
			break;
	}
	if (WIFSIGNALED(status))
		verdict("FAIL ", "killed by signal %d before it was ready", WTERMSIG(status));
	else if (WEXITSTATUS(status) != kExitSkipped)
		verdict("FAIL ", "exited with %d before it was ready", WEXITSTATUS(status));
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

static void null_stdio(void)
{
	int fd = open("/dev/null", O_RDWR);

	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

void test_init(int argc, char **argv)
{
	/* Without SA_SIGINFO s390x takes an alternate stack with SS_AUTODISARM away for good. */
	struct sigaction sa = { .sa_sigaction = on_sigterm, .sa_flags = SA_RESTART | SA_SIGINFO };
	sigset_t told, before;

	parse(argc, argv);
	z.launcher = getpid();
	sigemptyset(&told);
	sigaddset(&told, SIGUSR1);
	sigaddset(&told, SIGCHLD);
	sigprocmask(SIG_BLOCK, &told, &before);
	pid_t child = fork();
	if (child < 0) {
		perror("fork");
		exit(1);
	}
	if (child)
		launch(child, &told);
	sigprocmask(SIG_SETMASK, &before, NULL);
	setsid();
	z.main_pid = getpid();
	write_pidfile();
	sigaction(SIGTERM, &sa, NULL);
	null_stdio();
}

void test_daemon(void)
{
	test_msg("ready");
	if (kill(z.launcher, SIGUSR1))
		verdict("READY", "%s", "");
}

void test_waitsig(void)
{
	sigset_t block, old;

	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &old);
	sigset_t wait = old;
	sigdelset(&wait, SIGTERM);
	while (!terminated)
		sigsuspend(&wait);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

int test_go(void)
{
	return !terminated;
}

/* splitmix64's finaliser: neighbouring offsets and seeds give unrelated words. */
static uint64_t pattern_word(uint32_t seed, uint64_t index)
{
	uint64_t x = index * 0x9e3779b97f4a7c15ull + seed + 1;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

void fill_pattern(void *mem, size_t len, uint32_t seed)
{
	for (size_t at = 0; at < len; at += 8) {
		uint64_t w = pattern_word(seed, at / 8);

		memcpy((char *)mem + at, &w, len - at < 8 ? len - at : 8);
	}
}

int check_pattern(const void *mem, size_t len, uint32_t seed)
{
	const unsigned char *m = mem;

	for (size_t at = 0; at < len; at += 8) {
		uint64_t w = pattern_word(seed, at / 8);
		size_t n = len - at < 8 ? len - at : 8;

		if (!memcmp(m + at, &w, n))
			continue;
		const unsigned char *want = (const unsigned char *)&w;
		size_t i = 0;
		while (m[at + i] == want[i])
			i++;
		test_msg("pattern %u: byte at offset %zu is %02x, want %02x", seed, at + i, m[at + i], want[i]);
		return -1;
	}
	return 0;
}

const char *test_path(const char *name)
{
	static __thread char path[PATH_MAX];

	size_t n = strlen(z.dir), m = strlen(name);
	if (n + m + 2 > sizeof path)
		die("path too long: %s", name);
	memcpy(path, z.dir, n);
	path[n] = '/';
	memcpy(path + n + 1, name, m + 1);
	return path;
}

void event_init(zdtm_event_t *ev)
{
	ev->value = 0;
}

void event_set(zdtm_event_t *ev, uint32_t value)
{
	__atomic_store_n(&ev->value, value, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &ev->value, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void event_wait(zdtm_event_t *ev, uint32_t value)
{
	uint32_t now;

	while ((now = __atomic_load_n(&ev->value, __ATOMIC_SEQ_CST)) != value)
		syscall(SYS_futex, &ev->value, FUTEX_WAIT, now, NULL, NULL, 0);
}
