#define _GNU_SOURCE
#include "proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "zdtm.h"

ssize_t read_file(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n, total = 0;

	if (fd < 0)
		return -1;
	while ((n = read(fd, buffer + total, size - 1 - total)) > 0)
		total += n;
	close(fd);
	if (n < 0)
		return -1;
	buffer[total] = 0;
	return total;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

int proc_status(pid_t pid, const char *name, char *value, size_t size)
{
	char path[64], text[8192], *line, *save = NULL;
	size_t n = strlen(name);

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	if (read_file(path, text, sizeof text) < 0)
		return -1;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, name, n) || line[n] != ':')
			continue;
		snprintf(value, size, "%s", line + n + 1 + strspn(line + n + 1, " \t"));
		return 0;
	}
	return -1;
}

unsigned long long proc_status_number(pid_t pid, const char *name, int base)
{
	char value[512];

	if (proc_status(pid, name, value, sizeof value)) {
		fail("/proc/%d/status has no %s", (int)pid, name);
		return -1ull;
	}
	return strtoull(value, NULL, base);
}

long long proc_stat_field(pid_t pid, int n)
{
	char path[64], text[2048], *at;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_file(path, text, sizeof text) < 0 || !(at = strrchr(text, ')')))
		return -1;
	at += 2; /* field 3; the second may hold blanks and brackets */
	for (int field = 3; field < n && at; field++)
		at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
	return !at ? -1 : n == 3 ? *at : strtoll(at, NULL, 10);
}

char proc_state(pid_t pid)
{
	long long c = proc_stat_field(pid, 3);

	return c < 0 ? 0 : (char)c;
}

int wait_for_state(pid_t pid, char state)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	for (int i = 0; i < 10000; i++) {
		if (proc_state(pid) == state)
			return 0;
		nanosleep(&ms, NULL);
	}
	test_msg("task %d is in state %c, not %c", (int)pid, proc_state(pid), state);
	return -1;
}
