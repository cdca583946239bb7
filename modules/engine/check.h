// The kernel features that `check` knows, and what their lack would mean.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/options.h"
#include "engine/kernel_probes.h"

namespace cr::engine {

enum class Need : std::uint8_t {
  kAlways,        ///< no dump or restore without it
  kExtra,         ///< some programs need it
  kExperimental,  ///< it makes things faster, or is new
};

struct Feature {
  std::string_view name;
  Need need;
  bool used;              ///< false: the kernel may have it, the engine does not use it yet
  std::string_view loss;  ///< what can't be done without it; for an unused one, what it will be for
  probe::Answer (*ask)();
};

std::span<const Feature> features();

/// What `check` prints, and what it found missing.
struct CheckReport {
  std::string text;
  std::string missing_always;  ///< names, comma-separated; empty when every dump and restore has what it needs
  bool missing_other = false;
};

CheckReport make_report(std::span<const Feature>, const CheckScope&);

}  // namespace cr::engine
