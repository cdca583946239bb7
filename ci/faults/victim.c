/* What the faults are tried on: two processes, three threads, a pipe and shared memory between them, so that every part of a
 * dump has something to do. usage: victim FILE. FILE is mapped; slot i of it counts up as long as worker i lives and its memory,
 * its descriptors and the answers of its partner are what they should be. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kSlots = 4, kMemory = 1 << 20 };

static volatile uint64_t *beats;
static unsigned char *memory;

static void beat(int slot) {
  static __thread unsigned at;
  at = (at + 4099) % kMemory;
  if (memory[at] != (unsigned char)(at * 7)) abort();
  beats[slot]++;
  usleep(500);
}

static void *count(void *slot) {
  for (;;) beat((int)(intptr_t)slot);
  return NULL;
}

/* Sends a number to the partner and takes it back, one higher. */
static void play(int fd, int slot, int serves) {
  uint32_t ball = 0;
  if (serves && write(fd, &ball, sizeof ball) != sizeof ball) abort();
  for (;;) {
    uint32_t next;
    if (read(fd, &next, sizeof next) != sizeof next) abort();
    if (ball != 0 && next != ball + 1) abort();
    ball = next + 1;
    if (write(fd, &ball, sizeof ball) != sizeof ball) abort();
    beat(slot);
  }
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int file = open(argv[1], O_RDWR);
  beats = mmap(NULL, kSlots * sizeof *beats, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  memory = mmap(NULL, kMemory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (file < 0 || beats == MAP_FAILED || memory == MAP_FAILED) return 1;
  for (unsigned i = 0; i < kMemory; i++) memory[i] = (unsigned char)(i * 7);
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 1;
  pthread_t thread;
  if (fork() == 0) {
    if (pthread_create(&thread, NULL, count, (void *)(intptr_t)3) != 0) abort();
    play(pair[1], 1, 0);
  }
  if (pthread_create(&thread, NULL, count, (void *)(intptr_t)2) != 0) abort();
  play(pair[0], 0, 1);
}
