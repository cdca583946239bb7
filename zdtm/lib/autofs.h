/* For cases that mount autofs on /srv, whose daemon they are themselves. */
#pragma once

#include <linux/auto_fs.h>
#include <sys/ioctl.h>

#include "mounts.h"

/* In a mount namespace of our own; the kernel asks through the pipe. Returns the root, open. */
static inline int mount_autofs(const char* kind, int ends[2]) {
  char* options;
  own_mounts();
  must(pipe(ends));
  must(asprintf(&options, "fd=%d,pgrp=%d,minproto=5,maxproto=5,%s", ends[1], getpgrp(), kind));
  if (mount("auto", "/srv", "autofs", 0, options)) skip("no autofs here: %s", strerror(errno));
  return must(open("/srv", O_RDONLY));
}
