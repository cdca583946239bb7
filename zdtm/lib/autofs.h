/* For cases that mount autofs whose daemon they are themselves. */
#pragma once

#include <linux/auto_fs.h>
#include <sys/ioctl.h>

#include "mounts.h"

static const char* autofs_at;

/* In a mount namespace of our own; the kernel asks through the pipe. Returns the root, open. */
static inline int mount_autofs(const char* kind, int ends[2]) {
  char* options;
  own_mounts();
  must(pipe(ends));
  must(asprintf(&options, "fd=%d,pgrp=%d,minproto=5,maxproto=5,%s", ends[1], getpgrp(), kind));
  autofs_at = place("auto");
  if (mount("auto", autofs_at, "autofs", 0, options)) skip("no autofs here: %s", strerror(errno));
  return must(open(autofs_at, O_RDONLY));
}
