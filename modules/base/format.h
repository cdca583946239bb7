// Text formatting: libfmt, under the name that std::format will take over once the compiler has it.
#pragma once

#include <fmt/format.h>

#include "base/ids.h"

namespace cr {
using fmt::format;
}  // namespace cr

template <class Tag, class Rep>
struct fmt::formatter<cr::Id<Tag, Rep>> : fmt::formatter<Rep> {
  template <class Ctx>
  auto format(cr::Id<Tag, Rep> id, Ctx& ctx) const {
    return fmt::formatter<Rep>::format(id.value, ctx);
  }
};
