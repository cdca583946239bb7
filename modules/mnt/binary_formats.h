// Binary formats that are registered in a binfmt_misc of the tree's own user namespace (there is one for each since
// Linux 6.7; that of the machine is nobody's of the tree).
//
// Where the kernel shows it: one file for each in the mount, the newest first, which is also the order in which they
// are tried. Put back by writing to `register`, the oldest first, when the mounts of the namespace are in place: the
// interpreter of one with the flag F is opened then.
//
// They are in binfmt-misc.img. Refused: those of a user namespace below that of the tree; an instance that is turned
// off as a whole; mounts of a part of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cr::mnt {

struct BinaryFormat {
  std::string name;
  bool enabled = true;
  std::string interpreter;
  std::string flags;      ///< of P, O, C, F
  std::string extension;  ///< without the dot; "" when it is told by its magic
  std::string magic;      ///< in hexadecimal
  std::string mask;       ///< in hexadecimal; "" without
  std::int32_t offset = 0;

  friend bool operator==(const BinaryFormat&, const BinaryFormat&) = default;
};

/// What the file of one says. Errors: a line that is not known.
Result<BinaryFormat> parse_format(std::string name, std::string_view text);
/// What has to be written to `register`. Errors: no character is left to separate its parts by.
Result<std::string> words_of_registration(const BinaryFormat& format);

/// All of the instance whose root is `directory`, the oldest first. `object` is the mount. Errors: reading; it is
/// turned off as a whole.
Result<std::vector<BinaryFormat>> read_formats(int directory, const std::string& object);
/// The reverse, by a mount that may be read-only. Errors: the kernel refuses one.
Result<> register_formats(int mount, const std::vector<BinaryFormat>& formats, const std::string& object);

}  // namespace cr::mnt
