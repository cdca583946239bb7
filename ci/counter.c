/* Counts: ten times a second it adds a line with the next number to the file it is given. The tour of ci/quickstart
 * dumps and restores it. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
	struct timespec pause = { 0, 100000000 };

	if (fd < 0)
		return 1;
	for (unsigned long count = 1;; count++) {
		if (dprintf(fd, "%lu\n", count) < 0)
			return 1;
		nanosleep(&pause, NULL);
	}
}
