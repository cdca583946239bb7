#include "mnt/binary_formats.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "base/unique_fd.h"
#include "core/proc_text.h"
#include "mnt/failed.h"

namespace cr::mnt {
namespace {

constexpr std::string_view kAnySeparator = ":|,;!#%~^@";

/// Names of the entries, in the order of the directory.
Result<std::vector<std::string>> names_in(int directory, const std::string& object) {
  UniqueFd copy(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* list = copy ? fdopendir(copy.get()) : nullptr;
  if (list == nullptr) return failed("list the binary formats of", object);
  copy.release();
  std::vector<std::string> names;
  while (const dirent* e = readdir(list)) {
    const std::string_view name = e->d_name;
    if (name != "." && name != ".." && name != "register" && name != "status") names.emplace_back(name);
  }
  closedir(list);
  return names;
}

std::string escaped(std::string_view hex) {
  std::string all;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) all.append("\\x").append(hex.substr(i, 2));
  return all;
}

Result<> put(int directory, const char* file, std::string_view text, const std::string& object) {
  const UniqueFd fd(openat(directory, file, O_WRONLY | O_CLOEXEC));
  if (fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())) return {};
  return Error{"mnt", format("write \"{}\" to {} of", text, file), object, errno,
               "with the flag F the interpreter must be there"};
}

}  // namespace

Result<BinaryFormat> parse_format(std::string name, std::string_view text) {
  BinaryFormat f;
  f.name = std::move(name);
  while (!text.empty()) {
    const std::size_t eol = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, eol);
    text.remove_prefix(std::min(eol + 1, text.size()));
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view key = line.substr(0, space);
    const std::string value(line.substr(std::min(space + 1, line.size())));
    if (key == "enabled" || key == "disabled")
      f.enabled = key == "enabled";
    else if (key == "interpreter")
      f.interpreter = value;
    else if (key == "flags:")
      f.flags = value;
    else if (key == "extension" && value.starts_with("."))
      f.extension = value.substr(1);
    else if (key == "offset" && core::number(value))
      f.offset = static_cast<std::int32_t>(*core::number(value));
    else if (key == "magic")
      f.magic = value;
    else if (key == "mask")
      f.mask = value;
    else
      return Error{"mnt", "understand", format("the line \"{}\" of binary format {}", line, f.name), 0,
                   "report this kernel"};
  }
  return f;
}

Result<std::string> words_of_registration(const BinaryFormat& f) {
  const std::string all = f.name + f.interpreter + f.extension;
  const auto c = std::find_if(kAnySeparator.begin(), kAnySeparator.end(),
                              [&](char candidate) { return all.find(candidate) == std::string::npos; });
  if (c == kAnySeparator.end())
    return Error{"mnt", "register", format("binary format {}", f.name), 0,
                 format("its name and its interpreter have all of {}", kAnySeparator)};
  const std::string s(1, *c);
  const bool by_magic = f.extension.empty();
  return s + f.name + s + (by_magic ? "M" : "E") + s + (by_magic ? std::to_string(f.offset) : "") + s +
         (by_magic ? escaped(f.magic) : f.extension) + s + escaped(f.mask) + s + f.interpreter + s + f.flags;
}

Result<std::vector<BinaryFormat>> read_formats(int directory, const std::string& object) {
  const std::string status = TRY(core::read_text_at(directory, "status"));
  if (!status.starts_with("enabled"))
    return Error{"mnt", "dump", object, 0,
                 "it is turned off as a whole, which is not carried: turn it on (echo 1 to its file status), or turn "
                 "off each of its formats instead"};
  std::vector<BinaryFormat> formats;
  for (std::string& name : TRY(names_in(directory, object))) {
    const std::string text = TRY(core::read_text_at(directory, name.c_str()));
    formats.push_back(TRY(parse_format(std::move(name), text)));
  }
  std::reverse(formats.begin(), formats.end());
  return formats;
}

Result<> register_formats(int mount, const std::vector<BinaryFormat>& formats, const std::string& object) {
  if (formats.empty()) return {};
  const UniqueFd copy(open_tree(mount, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  mount_attr attr{};
  attr.attr_clr = MOUNT_ATTR_RDONLY;
  if (!copy || mount_setattr(copy.get(), "", AT_EMPTY_PATH, &attr, sizeof attr) != 0)
    return failed("take a writable copy of", object);
  for (const BinaryFormat& f : formats) {
    TRY(put(copy.get(), "register", TRY(words_of_registration(f)), object));
    if (!f.enabled) TRY(put(copy.get(), f.name.c_str(), "0", object));
  }
  return {};
}

}  // namespace cr::mnt
