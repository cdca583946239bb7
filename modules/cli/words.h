// Splits words into options and operands by glibc's getopt_long: abbreviations, --name=value, -v4, -vvv, options
// after operands. Nothing is applied here, so that the sources can be put in their order first.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/option_table.h"

namespace cr::cli {

/// One option as it was given.
struct Given {
  const Option* option = nullptr;
  std::optional<std::string> text;
  bool on = true;      ///< false for the --no- form
  std::string origin;  ///< " (FILE line N)" for one from a file, "" for the command line
};

struct Words {
  std::vector<Given> given;
  std::vector<std::string> operands;
};

/// Errors: an unknown or ambiguous option, a value that is missing or not wanted.
Result<Words> split_words(const std::vector<std::string>& words, const std::string& origin);

}  // namespace cr::cli
