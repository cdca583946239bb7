/* A tree of 300 processes: each mixes numbers and sleeps in turn, and sends its result to its parent through a pipe.
 * The root prints the mix of all; a process, a byte or a round that got lost or came twice changes it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 300, CHILDREN = 4, ROUNDS = 30, STEPS = 20000 };

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15ull;
	return x ^ x >> 29;
}

static void give_up(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t work(uint64_t x)
{
	struct timespec pause = { 0, 100000000 };

	for (int round = 0; round < ROUNDS; round++) {
		for (int step = 0; step < STEPS; step++)
			x = mix(x + step);
		nanosleep(&pause, NULL);
	}
	return x;
}

/* Process number n is the parent of 4n+1 to 4n+4. */
static uint64_t node(int number)
{
	int results[CHILDREN], children = 0;

	for (int i = 1; i <= CHILDREN && CHILDREN * number + i < PROCESSES; i++) {
		int ends[2];
		if (pipe(ends))
			give_up("pipe");
		pid_t pid = fork();
		if (pid < 0)
			give_up("fork");
		if (pid == 0) {
			uint64_t result = node(CHILDREN * number + i);
			if (write(ends[1], &result, sizeof(result)) != sizeof(result))
				give_up("write");
			_exit(0);
		}
		close(ends[1]);
		results[children++] = ends[0];
	}
	uint64_t sum = work(number);
	for (int i = 0; i < children; i++) {
		uint64_t result;
		if (read(results[i], &result, sizeof(result)) != sizeof(result))
			give_up("read");
		sum = mix(sum ^ result);
	}
	for (int i = 0; i < children; i++) {
		int status;
		if (wait(&status) < 0 || status != 0)
			give_up("a child ended badly");
	}
	return sum;
}

int main(void)
{
	printf("%016lx\n", node(0));
	return 0;
}
