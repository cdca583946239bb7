/* The fields of a process's mm that /proc/PID/stat shows. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "check.h"

enum mm_field {
  kStartCode,
  kEndCode,
  kStartStack,
  kStartData,
  kEndData,
  kStartBrk,
  kArgStart,
  kArgEnd,
  kEnvStart,
  kEnvEnd,
  kMmFields
};

static inline void read_mm_fields(uint64_t out[kMmFields]) {
  static const int kColumn[kMmFields] = {26, 27, 28, 45, 46, 47, 48, 49, 50, 51}; /* as proc(5) counts them */
  char line[2048];
  FILE* f = fopen("/proc/self/stat", "re");
  if (!f || !fgets(line, sizeof(line), f)) die("cannot read /proc/self/stat: %s", strerror(errno));
  fclose(f);
  char* at = strrchr(line, ')') + 2; /* column 3 */
  for (int column = 3, i = 0; i < kMmFields; column++) {
    if (column == kColumn[i]) out[i++] = strtoull(at, NULL, 10);
    at = strchr(at, ' ') + 1;
  }
}
