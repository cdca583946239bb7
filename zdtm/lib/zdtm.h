/* The three beats of every zdtm case: set up and say ready, wait for the signal, check from inside.
 *
 * A case is one C file. Its main() calls test_init(), builds the state, calls test_daemon(), then
 * test_waitsig(); the runner dumps and restores it meanwhile (once or many times). After test_waitsig() returns
 * the case checks its state and calls pass() or fail(). pass() counts only from the process that called
 * test_init(); a fail() from any process or thread of the case is final. */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* Parses the runner's arguments, opens the log and detaches from the caller's session. First call of main(). */
void test_init(int argc, char** argv);
/* Tells the runner that the state is set up. */
void test_daemon(void);
/* Returns when the runner has sent SIGTERM. Sleeps in sigsuspend; uses no descriptor and no timer. */
void test_waitsig(void);
/* 1 while the runner has not yet sent SIGTERM: for cases that work in a loop instead of sleeping. */
int test_go(void);
/* Writes the verdict. A case that calls neither, or dies, has failed. */
void pass(void);
void fail(const char* fmt, ...) __attribute__((format(printf, 1, 2)));
/* A line in the case's log; pr_perror appends strerror(errno). */
void test_msg(const char* fmt, ...) __attribute__((format(printf, 1, 2)));
void pr_perror(const char* fmt, ...) __attribute__((format(printf, 1, 2)));
/* The case cannot run on this kernel: says why and exits with the code that the runner counts as skipped.
 * Only before test_daemon(). */
void skip(const char* fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* fail() + exit(1) in one: for set-up calls that must work. */
#define die(...)       \
  do {                 \
    fail(__VA_ARGS__); \
    _exit(1);          \
  } while (0)

/* Fills and checks memory with a pattern that depends on the seed and the offset. check_pattern returns 0 when
 * all is well and -1 with a message on the first wrong byte. */
void fill_pattern(void* mem, size_t len, uint32_t seed);
int check_pattern(const void* mem, size_t len, uint32_t seed);

/* A path in the case's own scratch directory (test_init made it the current directory). */
const char* test_path(const char* name);

/* Futex-based one-shot events in shared memory, for telling between processes of a case. */
typedef struct {
  volatile uint32_t value;
} zdtm_event_t;
void event_init(zdtm_event_t* ev);
void event_set(zdtm_event_t* ev, uint32_t value);
void event_wait(zdtm_event_t* ev, uint32_t value);
