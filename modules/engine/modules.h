// The table of modules and of descriptor kinds: what the two drivers walk.
#pragma once

#include <span>

#include "core/module.h"

namespace cr::engine {

/// In dependency order: a module stands behind those whose Models it reads.
std::span<const Module* const> modules();

/// Runs one optional hook of every module, in table order; stops at the first error.
template <class Hook, class... A>
Result<> run(Hook hook, A&&... args) {
  for (const Module* m : modules())
    if (m->*hook != nullptr) TRY((m->*hook)(args...));
  return {};
}

}  // namespace cr::engine
