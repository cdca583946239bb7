/* Keys and keyrings by bare system calls (keyctl(2)); the C library has none of them. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "check.h"

enum { THREAD_RING = -1, PROCESS_RING = -2, SESSION_RING = -3, USER_RING = -4 };

static inline long keyctl(int operation, long a, long b, long c, long d) {
  return syscall(SYS_keyctl, operation, a, b, c, d);
}

static inline long add_key(const char* type, const char* description, const char* payload, long ring) {
  return syscall(SYS_add_key, type, description, payload, payload ? strlen(payload) : 0, ring);
}

/* Kernels can be without keys, and a filter can deny them. */
static inline void keys_needed(void) {
  if (keyctl(0, PROCESS_RING, 1, 0, 0) < 0) skip("no keys here: %s", strerror(errno));
}

/* "session: keyring;0;0;3f030000;_ses [ user;0;0;3f010000;one = payload; ... ]" as far as `room` goes. */
static inline void print_ring(char* out, size_t room, long ring, int depth) {
  char text[256] = "";
  int32_t members[32];
  size_t used = strlen(out);
  if (keyctl(6, ring, (long)text, sizeof text, 0) < 0) snprintf(text, sizeof text, "not described: %s", strerror(errno));
  used += (size_t)snprintf(out + used, room - used, "%*s%s", 2 * depth, "", text);
  if (strncmp(text, "keyring;", 8)) {
    char payload[64] = "";
    long length = keyctl(11, ring, (long)payload, sizeof payload - 1, 0);
    if (length < 0) snprintf(payload, sizeof payload, "not shown: %s", strerror(errno));
    snprintf(out + used, room - used, " = %ld %s\n", length, payload);
    return;
  }
  snprintf(out + used, room - used, "\n");
  if (strstr(text, ";_uid.")) return;
  long size = keyctl(11, ring, (long)members, sizeof members, 0);
  for (long i = 0; i < size / (long)sizeof members[0]; ++i) print_ring(out, room, members[i], depth + 1);
}

/* The three keyrings of the caller, and all that is in them but serial numbers. */
static inline void print_rings(char* out, size_t room) {
  out[0] = 0;
  for (int ring = THREAD_RING; ring >= SESSION_RING; --ring) {
    long serial = keyctl(0, ring, 0, 0, 0);
    snprintf(out + strlen(out), room - strlen(out), "%d: %s\n", ring, serial < 0 ? strerror(errno) : "");
    if (serial > 0) print_ring(out, room, serial, 1);
  }
}

/* Remembers the rings and, after the restore, says what is different. */
struct rings {
  char before[4096], after[4096];
};

static inline void expect_same_rings(struct rings* r) {
  print_rings(r->after, sizeof r->after);
  if (strcmp(r->before, r->after)) die("the keyrings were\n%s\nnow they are\n%s", r->before, r->after);
}
