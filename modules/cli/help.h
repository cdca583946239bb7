// The texts of --help and --version, made from the tables.
#pragma once

#include <string>

#include "cli/command_table.h"

namespace cr::cli {

/// The whole help, or that of one command when it isn't null. Ends with a newline.
std::string help_text(const CommandDef* command);
/// First the level of compatibility, which callers parse, then our own name and version.
std::string version_text();

}  // namespace cr::cli
