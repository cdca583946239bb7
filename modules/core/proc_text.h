// Reading the text files of /proc/PID.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace cr::core {

/// The whole of a file, however long, by a path relative to `dir`. Errors: open(2), read(2).
Result<std::string> read_text_at(int dir, const std::string& path);
/// The same, by an absolute path.
Result<std::string> read_text(const std::string& path);
/// The whole of /proc/PID/`entry`.
Result<std::string> read_proc(HostPid pid, std::string_view entry);
/// Target of a symbolic link under /proc/PID, e.g. "exe", "ns/net". Errors: readlink(2).
Result<std::string> read_proc_link(HostPid pid, std::string_view entry);

/// The names in a directory but "." and "..". Errors: open(2).
Result<std::vector<std::string>> list(const std::string& directory);

/// The line of a "Key:\tvalue" file (status, fdinfo) that starts with `key` and a colon, without key and blanks.
std::optional<std::string_view> field(std::string_view text, std::string_view key);
/// Its blank-separated words.
std::vector<std::string_view> words(std::string_view text);
/// A number in `base`, or nullopt when the text is anything else.
std::optional<std::uint64_t> number(std::string_view text, int base = 10);

/// The fields of /proc/PID/stat by their numbers in proc(5), counted from 1.
class StatFields {
 public:
  /// Errors: a line that is not of the known form.
  static Result<StatFields> parse(std::string_view text);
  char state() const { return fields_[0].empty() ? '?' : fields_[0][0]; }
  std::string_view comm() const { return comm_; }
  /// Field `n` (4 and up); 0 where the kernel has fewer fields. Negative ones come back as two's complement.
  std::uint64_t number(std::size_t n) const;

 private:
  std::string comm_;
  std::vector<std::string> fields_;  // from field 3 (state) on
};
Result<StatFields> read_stat(HostPid pid);

}  // namespace cr::core
