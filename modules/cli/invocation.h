// What was typed, after reading: the command, the Options for the engine, and what concerns the command line alone.
#pragma once

#include <string>
#include <vector>

#include "core/options.h"

namespace cr::cli {

struct CommandDef;

struct Invocation {
  const CommandDef* command = nullptr;  ///< null with --help or --version alone
  Options options;
  bool help = false;
  bool version = false;
  bool no_default_config = false;
  std::string config_file;         ///< --config
  std::vector<int> close_fds;      ///< --close, done before anything else
  std::vector<std::string> notes;  ///< goes to the log as warnings once it is open
};

}  // namespace cr::cli
