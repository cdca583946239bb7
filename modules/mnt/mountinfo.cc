#include "mnt/mountinfo.h"

#include <sys/mount.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/format.h"

namespace cr::mnt {
namespace {

#ifndef MS_NOSYMFOLLOW
constexpr unsigned MS_NOSYMFOLLOW = 256;
#endif

struct FlagName {
  std::string_view name;
  std::uint32_t flag;
};
constexpr FlagName kMountFlags[] = {
    {"rw", 0},
    {"ro", MS_RDONLY},
    {"nosuid", MS_NOSUID},
    {"nodev", MS_NODEV},
    {"noexec", MS_NOEXEC},
    {"noatime", MS_NOATIME},
    {"nodiratime", MS_NODIRATIME},
    {"relatime", MS_RELATIME},
    {"nosymfollow", MS_NOSYMFOLLOW},
};
constexpr FlagName kSuperFlags[] = {
    {"rw", 0},
    {"ro", MS_RDONLY},
    {"sync", MS_SYNCHRONOUS},
    {"dirsync", MS_DIRSYNC},
    {"mand", MS_MANDLOCK},
    {"lazytime", MS_LAZYTIME},
};

std::optional<std::uint32_t> flag_of(std::span<const FlagName> table, std::string_view name) {
  for (const FlagName& f : table)
    if (f.name == name) return f.flag;
  return std::nullopt;
}

/// The kernel writes blank, tab, newline and backslash as \ooo.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8).ptr == text.data() + i + 4) {
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Calls f with each part between separators; an empty part counts.
template <class F>
void each_part(std::string_view text, char separator, F f) {
  for (;;) {
    const std::size_t at = text.find(separator);
    f(text.substr(0, at));
    if (at == std::string_view::npos) return;
    text.remove_prefix(at + 1);
  }
}

bool take_number(std::string_view text, std::uint32_t& n) {
  return std::from_chars(text.data(), text.data() + text.size(), n).ptr == text.data() + text.size() && !text.empty();
}

bool take_device(std::string_view text, std::uint32_t& dev) {
  const std::size_t colon = text.find(':');
  std::uint32_t major = 0, minor = 0;
  if (colon == std::string_view::npos || !take_number(text.substr(0, colon), major) ||
      !take_number(text.substr(colon + 1), minor))
    return false;
  dev = major << 20 | minor;
  return true;
}

Error not_known(std::string_view line, std::string what) {
  return Error{"mnt", "understand", format("the line of mountinfo \"{}\"", line), 0, std::move(what)};
}

Result<> take_flags(std::string_view options, std::string_view line, Mount& m) {
  std::string_view unknown;
  each_part(options, ',', [&](std::string_view o) {
    if (auto flag = flag_of(kMountFlags, o))
      m.flags |= *flag;
    else if (o == "idmapped")
      m.idmapped = true;
    else
      unknown = o;
  });
  if (!unknown.empty()) return not_known(line, format("the option \"{}\" of a mount is not known", unknown));
  // Without any of the two, every access is noted; a new mount would have relatime.
  if ((m.flags & (MS_RELATIME | MS_NOATIME)) == 0) m.flags |= MS_STRICTATIME;
  return {};
}

void take_super_options(std::string_view options, Mount& m) {
  each_part(options, ',', [&](std::string_view o) {
    if (auto flag = flag_of(kSuperFlags, o)) {
      m.sb_flags |= *flag;
    } else if (!o.empty()) {
      if (!m.options.empty()) m.options += ',';
      m.options += unescape(o);
    }
  });
}

Result<> take_propagation(std::string_view field, std::string_view line, Mount& m) {
  const std::size_t colon = field.find(':');
  const std::string_view name = field.substr(0, colon);
  std::uint32_t group = 0;
  if (colon != std::string_view::npos && !take_number(field.substr(colon + 1), group))
    return not_known(line, format("\"{}\" has no number", field));
  if (name == "shared")
    m.shared = group, m.flags |= MS_SHARED;
  else if (name == "master")
    m.master = group, m.flags |= MS_SLAVE;
  else if (name == "unbindable")
    m.flags |= MS_UNBINDABLE;
  else if (name != "propagate_from")  // the nearest group of those above that the reader sees: no state of its own
    return not_known(line, format("the field \"{}\" is not known", field));
  return {};
}

Result<Mount> parse_line(std::string_view line) {
  std::vector<std::string_view> fields;
  each_part(line, ' ', [&](std::string_view f) { fields.push_back(f); });
  const auto dash = std::find(fields.begin(), fields.end(), std::string_view("-"));
  if (dash - fields.begin() < 6 || fields.end() - dash < 4) return not_known(line, "it has too few fields");
  Mount m;
  if (!take_number(fields[0], m.id) || !take_number(fields[1], m.parent) || !take_device(fields[2], m.dev))
    return not_known(line, "its numbers are none");
  m.root = unescape(fields[3]);
  constexpr std::string_view kDeleted = "//deleted";
  if (m.root.ends_with(kDeleted)) {
    m.deleted = true;
    m.root.resize(m.root.size() - kDeleted.size());
  }
  m.point = unescape(fields[4]);
  TRY(take_flags(fields[5], line, m));
  for (auto f = fields.begin() + 6; f != dash; ++f) TRY(take_propagation(*f, line, m));
  m.fs_name = unescape(dash[1]);
  m.source = unescape(dash[2]);
  take_super_options(dash[3], m);
  return m;
}

}  // namespace

std::string Mount::name() const { return format("mount {} ({})", point, fs_name); }

Result<std::vector<Mount>> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    mounts.push_back(TRY(parse_line(text.substr(0, end))));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return mounts;
}

bool is_terminal(const Mount& m) { return m.fs_name == "devpts" && m.root != "/" && m.root != "/ptmx"; }

bool is_below(std::string_view path, std::string_view above) {
  return above == "/" || path == above || (path.starts_with(above) && path[above.size()] == '/');
}

std::string_view below(std::string_view path, std::string_view above) {
  const std::string_view rest = above == "/" ? path : path.substr(above.size());
  return rest == "/" ? "" : rest;
}

std::string join(std::string_view directory, std::string_view rest) {
  if (directory == "/") return rest.empty() ? "/" : std::string(rest);
  return format("{}{}", directory, rest);
}

Result<std::vector<Mount>> seen_from(const std::vector<Mount>& all, std::uint32_t root_id,
                                     const std::string& directory) {
  std::multimap<std::uint32_t, const Mount*> children;
  const Mount* top = nullptr;
  for (const Mount& m : all) {
    if (m.id == root_id) top = &m;
    if (m.id != m.parent) children.emplace(m.parent, &m);
  }
  if (top == nullptr || !is_below(directory, top->point))
    return Error{"mnt", "find", format("the mount {} of the root directory {}", root_id, directory), 0, ""};
  std::vector<Mount> seen{*top};
  seen[0].root = join(top->root, below(directory, top->point));
  seen[0].point = directory;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    auto [first, last] = children.equal_range(seen[i].id);
    for (auto c = first; c != last; ++c)
      // On the root's own mount there may be others above the root directory, or on it, then hidden.
      if (is_below(c->second->point, directory) && c->second->point != directory) seen.push_back(*c->second);
  }
  for (Mount& m : seen) m.point = join("/", below(m.point, directory));
  return seen;
}

void order_for_mounting(std::vector<Mount>& mounts) {
  std::multimap<std::uint32_t, Mount> children;
  std::vector<Mount> done;
  std::set<std::uint32_t> ids;
  for (const Mount& m : mounts) ids.insert(m.id);
  for (Mount& m : mounts) {
    if (m.is_root() && !ids.contains(m.parent))
      done.push_back(std::move(m));
    else
      children.emplace(m.parent, std::move(m));
  }
  for (std::size_t i = 0; i < done.size(); ++i) {
    auto [first, last] = children.equal_range(done[i].id);
    std::vector<Mount> own;
    for (auto c = first; c != last; ++c) own.push_back(std::move(c->second));
    std::stable_sort(own.begin(), own.end(), [](const Mount& a, const Mount& b) {
      return a.point.size() != b.point.size() ? a.point.size() > b.point.size() : a.point < b.point;
    });
    std::move(own.begin(), own.end(), std::back_inserter(done));
  }
  mounts = std::move(done);
}

}  // namespace cr::mnt
