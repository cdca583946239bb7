/* zdtm:
 * title: semtimedop on a System V semaphore keeps its remaining time
 */
#define _GNU_SOURCE
#include <sys/ipc.h>
#include <sys/sem.h>
#include <time.h>

#include "blocked.h"
#include "zdtm.h"

static int id;

static long call(struct blocked *b)
{
	struct timespec ts = { .tv_sec = b->ms / 1000, .tv_nsec = b->ms % 1000 * 1000000 };
	struct sembuf take = { .sem_op = -1 };

	return semtimedop(id, &take, 1, &ts);
}

int main(int argc, char **argv)
{
	test_init(argc, argv);
	struct blocked b = { .call = call, .ms = 4000 };
	id = semget(IPC_PRIVATE, 1, 0600);
	if (id < 0)
		skip("semget: no System V semaphores");
	blocked_start(&b);
	test_daemon();
	test_waitsig();
	if (!blocked_check(&b, -1, EAGAIN))
		pass();
	semctl(id, 0, IPC_RMID);
	return 0;
}
