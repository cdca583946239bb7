// From the words of the command line, the environment and the configuration files to one Invocation.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/invocation.h"

namespace cr::cli {

/// What is read besides the words; a test puts its own here.
struct Surroundings {
  std::string cwd;  ///< absolute
  std::string system_config = "/etc/criu/default.conf";
  std::string home;                 ///< $HOME, may be empty
  std::string env_config;           ///< $CRIU_CONFIG_FILE, may be empty
  std::string overriding_config{};  ///< read after the words: the config_file of an RPC request. runc names
                                    ///< its own whether it exists or not, so it may be missing
};

Surroundings real_surroundings();

/// A later source overrides an earlier one, lists grow: /etc/criu/default.conf, $HOME/.criu/default.conf,
/// $CRIU_CONFIG_FILE, --config FILE, the command line. `words` is argv without argv[0]. In the result all paths are
/// absolute. Errors: anything that isn't known, not built yet, or doesn't fit together.
Result<Invocation> parse(const std::vector<std::string>& words, const Surroundings&);

}  // namespace cr::cli
