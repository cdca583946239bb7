// Every option there is: how it is written, which commands it concerns, what becomes of it, what it means.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "cli/command_table.h"
#include "cli/invocation.h"

namespace cr::cli {

enum class Arg : std::uint8_t { kNone, kRequired, kOptional };

/// What an option does when it is given.
enum class State : std::uint8_t {
  kBuilt,     ///< it does what its help says
  kLater,     ///< refused by name; `why` says what to do instead
  kNoEffect,  ///< accepted, because what it asks for is so anyway; `why` says why
};

/// Headings of --help, in its order.
enum class Group : std::uint8_t {
  kGeneral,
  kWhat,
  kEnd,
  kAllow,
  kVerify,
  kFeatures,
  kOutside,
  kCgroups,
  kMemory,
  kSession
};

struct Option;

/// Puts one option into the invocation. `text` is its value or null; `on` is false for the --no- form.
using Setter = Result<> (*)(Invocation&, const Option&, const char* text, bool on);

struct Option {
  const char* name;
  char letter;  ///< the short form, 0 when there is none
  Arg arg;
  bool negatable;     ///< has a --no- form, which always means "as by default"
  unsigned commands;  ///< CommandBit set; elsewhere it is noted in the log and has no effect
  Group group;
  State state;
  const char* value;  ///< name of the value in help texts, "" when there is none
  const char* help;
  const char* why;
  Setter set;
};

std::span<const Option> option_table();
std::string_view group_title(Group);

}  // namespace cr::cli
