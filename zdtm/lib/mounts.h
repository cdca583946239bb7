/* For cases about mounts: a namespace of their own, and what it looks like from inside. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "check.h"
#include "own_root.h"

/* Below the init of flavour ns the namespace is there already. */
static inline void own_mounts(void)
{
	struct utsname host;
	char *here = getcwd(NULL, 0);

	uname(&host);
	if (strcmp(host.nodename, "container")) {
		must(unshare(CLONE_NEWNS));
		must(enter_own_root());
	}
	must(chdir(here));
}

/* A directory or an empty file in the scratch directory, by its absolute path. */
static inline const char *place(const char *name)
{
	const char *path = strdup(test_path(name));

	must(mkdir(path, 0755));
	return path;
}
static inline const char *file_place(const char *name)
{
	const char *path = strdup(test_path(name));

	must(close(must(open(path, O_CREAT | O_WRONLY, 0644))));
	return path;
}

static inline void put_text(const char *path, const char *text)
{
	int fd = must(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644));

	expect_eq(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}
static inline void expect_text(const char *path, const char *text)
{
	char found[256] = "";
	int fd = must(open(path, O_RDONLY));

	must(read(fd, found, sizeof found - 1));
	close(fd);
	if (strcmp(found, text))
		die("%s holds \"%s\", not \"%s\"", path, found, text);
}

/* A number that may be another one after a restore: the place of its first appearance. */
static inline int renamed(int number, int *names, int *count)
{
	for (int i = 0; i < *count; i++)
		if (names[i] == number)
			return i;
	names[*count] = number;
	return (*count)++;
}

static inline int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* mountinfo by mount points and what is there: numbers of mounts left out, those of peer groups and devices, which
 * say nothing about an order either, replaced. */
static inline char *mounts_seen(void)
{
	char line[4096], *lines[256], *all = calloc(1, 1 << 20);
	int count = 0, groups[256], group_count = 0, devs[256], dev_count = 0;
	FILE *f = fopen("/proc/self/mountinfo", "r");

	expect(f);
	while (fgets(line, sizeof line, f)) {
		char root[1024], point[1024], *fs;
		unsigned major, minor;
		int rest, id, parent;

		expect(sscanf(line, "%d %d %u:%u %1023s %1023s %n", &id, &parent, &major, &minor, root, point, &rest) >= 6);
		expect(fs = strstr(line + rest, " - "));
		*fs = line[strlen(line) - 1] = 0;
		must(asprintf(&lines[count++], "%s|%s|%s|%s|%u:%u", point, root, fs + 3, line + rest, major, minor));
	}
	fclose(f);
	qsort(lines, (size_t)count, sizeof *lines, by_text);
	for (int i = 0; i < count; i++) {
		char *at = all + strlen(all), *dev = strrchr(lines[i], '|'), *field, *state;
		unsigned major, minor;

		expect_eq(sscanf(dev, "|%u:%u", &major, &minor), 2);
		*dev = 0;
		at += sprintf(at, "%s", strtok_r(lines[i], "|", &state));
		at += sprintf(at, " dev %d", renamed((int)(major << 20 | minor), devs, &dev_count));
		while ((field = strtok_r(NULL, "| \n", &state))) {
			char *colon = strchr(field, ':');
			int is_group = colon && (!strncmp(field, "shared:", 7) || !strncmp(field, "master:", 7));

			if (is_group)
				at += sprintf(at, " %.7s%d", field, renamed(atoi(colon + 1), groups, &group_count));
			else
				at += sprintf(at, " %s", field);
		}
		sprintf(at, "\n");
		free(lines[i]);
	}
	return all;
}

static inline void expect_mounts(const char *before)
{
	char *now = mounts_seen();

	if (strcmp(now, before)) {
		test_msg("before:\n%s", before);
		test_msg("now:\n%s", now);
		die("the mounts are not what they were: see the log");
	}
}
