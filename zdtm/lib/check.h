/* Short checks for cases: what must hold, with its own text as the message. All of them end the process. */
#pragma once

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "zdtm.h"

/* The value of a call that reports failure by -1 (or MAP_FAILED); a failure fails the case. */
#define must(expr)                                                                        \
  ({                                                                                      \
    __typeof__(expr) r_ = (expr);                                                         \
    if ((long)r_ == -1) die("%s:%d: %s: %s", __FILE__, __LINE__, #expr, strerror(errno)); \
    r_;                                                                                   \
  })

#define expect(cond)                                                  \
  do {                                                                \
    if (!(cond)) die("%s:%d: not so: %s", __FILE__, __LINE__, #cond); \
  } while (0)

#define expect_eq(actual, wanted)                                                          \
  do {                                                                                     \
    long long a_ = (long long)(actual), w_ = (long long)(wanted);                          \
    if (a_ != w_) die("%s:%d: %s is %lld, not %lld", __FILE__, __LINE__, #actual, a_, w_); \
  } while (0)

/* The call must fail with exactly this errno. */
#define expect_errno(expr, err)                                                                     \
  do {                                                                                              \
    errno = 0;                                                                                      \
    long r_ = (long)(expr);                                                                         \
    if (r_ != -1 || errno != (err))                                                                 \
      die("%s:%d: %s gave %ld (%s), not %s", __FILE__, __LINE__, #expr, r_, strerror(errno), #err); \
  } while (0)
