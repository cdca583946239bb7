// TRY: the early return of both error worlds, Result on the host and SysResult in blobs. Freestanding.
#pragma once

/// Unwraps a Result (or SysResult) or returns its error from the enclosing function.
#define TRY(expr)                       \
  ({                                    \
    auto try_result_ = (expr);          \
    if (!try_result_.ok()) [[unlikely]] \
      return try_result_.take_error();  \
    try_result_.take();                 \
  })
