/* zdtm:
 * title: a child that executes itself all the time while it is seized
 * compare: notasks - its memory is another one every millisecond
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "child.h"
#include "proc.h"

int main(int argc, char **argv)
{
	char number[32], text[64];

	if (argc == 2) {
		/* The child: the argument counts the rounds, a file tells them. */
		snprintf(number, sizeof number, "%ld", atol(argv[1]) + 1);
		FILE *f = fopen("rounds", "w");
		if (f) {
			fprintf(f, "%s\n", number);
			fclose(f);
		}
		char *words[] = { argv[0], number, NULL };
		execv("/proc/self/exe", words);
		_exit(1);
	}
	test_init(argc, argv);
	pid_t pid = fork();
	if (!pid) {
		char *words[] = { argv[0], "0", NULL };
		execv("/proc/self/exe", words);
		_exit(1);
	}
	while (read_file("rounds", text, sizeof text) <= 0)
		usleep(1000);
	test_daemon();
	test_waitsig();
	long before = 0, now = 0;
	for (int ms = 0; ms < 10000 && (!before || now <= before); ms++, usleep(1000)) {
		now = read_file("rounds", text, sizeof text) > 0 ? atol(text) : 0;
		before = before ? before : now;
	}
	if (now <= before)
		fail("the child does not go on (%ld, %ld)", before, now);
	kill(pid, SIGKILL);
	int status = 0;
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		fail("the child ended by itself: %#x", status);
	pass();
	return 0;
}
