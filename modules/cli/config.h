// Configuration files: one option per line, the names of the command line without the dashes, # comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/words.h"

namespace cr::cli {

/// Reads one line: `name`, `name value` or `name "a \"quoted\" value"`, then perhaps `# a comment`. Gives the word
/// that would stand on the command line, empty for a line without an option. `place` names the line in errors.
Result<std::string> read_config_line(std::string_view line, const std::string& place);

/// All options of a file. `optional`: a file that isn't there has no options.
Result<std::vector<Given>> read_config_file(const std::string& path, bool optional);

}  // namespace cr::cli
