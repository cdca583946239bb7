/* Registers that a loop without a system call holds until SIGTERM comes. Included behind `struct words`, which has what they hold, and
 * `stop`, which the loop looks at; the loop is `keep_registers`, in assembly. */
#pragma once
#include <signal.h>

static struct words words;
void keep_registers(struct words* at);

static void stop_loop(int sig) {
  (void)sig;
  words.stop = 1;
}

static void start_test(int argc, char** argv) {
  struct sigaction sa = {.sa_handler = stop_loop};
  test_init(argc, argv);
  sigaction(SIGTERM, &sa, NULL);
  fill_pattern(words.want, sizeof words.want, 11);
}
