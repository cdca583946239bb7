#include "mnt/fs_types.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include "base/format.h"
#include "base/unique_fd.h"

namespace cr::mnt {
namespace {

constexpr FsType kFsTypes[] = {
    {"proc", 1, Carried::kAnew, true},
    {"sysfs", 2, Carried::kAnew, true},
    // One for the whole machine: options would be ignored.
    {"devtmpfs", 3, Carried::kAnew, false},
    // One for each user namespace; see binary_formats.h.
    {"binfmt_misc", 4, Carried::kAnew, false},
    {"tmpfs", 5, Carried::kContent, true, "seclabel"},
    {"devpts", 6, Carried::kAnew, true, "newinstance,seclabel"},
    {"pstore", 8, Carried::kAnew, false},
    {"securityfs", 9, Carried::kAnew, false},
    {"fusectl", 10, Carried::kAnew, false},
    {"debugfs", 11, Carried::kAnew, false},
    // Which hierarchy it is; the rest are properties of it.
    {"cgroup", 12, Carried::kAnew, true, "seclabel,clone_children,release_agent,noprefix"},
    {"mqueue", 14, Carried::kAnew, false},
    {"fuse", 15, Carried::kServed, false},
    {"overlay", 17, Carried::kOnPaths, true, "seclabel"},
    {"autofs", 18, Carried::kByDaemon, true},
    {"tracefs", 19, Carried::kAnew, false},
    {"cgroup2", 23, Carried::kAnew, true, "seclabel"},
};

bool is_among(std::string_view name, std::string_view list) {
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    if (list.substr(at, comma - at) == name) return true;
    at = comma + 1;
  }
  return false;
}

/// What the kernel has written to the context's log, for who wants to know why.
std::string message_of(int context) {
  char text[512];
  const ssize_t n = ::read(context, text, sizeof text);
  return n <= 0 ? "" : std::string(text, static_cast<std::size_t>(n));
}

Error refused(const Mount& m, std::string step, int context) {
  const int err = errno;
  return Error{"mnt", std::move(step), m.name(), err, message_of(context)};
}

Result<> set_option(int context, const Mount& m, std::string_view option) {
  const std::size_t equals = option.find('=');
  const std::string name(option.substr(0, equals));
  int r;
  if (equals == std::string_view::npos)
    r = fsconfig(context, FSCONFIG_SET_FLAG, name.c_str(), nullptr, 0);
  else
    r = fsconfig(context, FSCONFIG_SET_STRING, name.c_str(), std::string(option.substr(equals + 1)).c_str(), 0);
  if (r != 0) return refused(m, format("set the option \"{}\" of", option), context);
  return {};
}

Result<> set_options(int context, const Mount& m, const FsType* type) {
  if (type != nullptr && !type->takes_options) return {};
  std::string_view left = m.options;
  while (!left.empty()) {
    const std::size_t comma = left.find(',');
    const std::string_view option = left.substr(0, comma);
    const std::string_view name = option.substr(0, option.find('='));
    if (!name.empty() && (type == nullptr || !is_among(name, type->without))) TRY(set_option(context, m, option));
    left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
  }
  return {};
}

}  // namespace

const FsType* fs_type(std::string_view name) {
  if (name.starts_with("fuse.")) name = "fuse";
  for (const FsType& t : kFsTypes)
    if (t.name == name) return &t;
  return nullptr;
}

const FsType* fs_type_of_code(std::uint32_t code) {
  for (const FsType& t : kFsTypes)
    if (t.code == code) return &t;
  return nullptr;
}

bool is_for_user_namespaces(std::string_view name) {
  return is_among(name, "binfmt_misc,cgroup,cgroup2,devpts,fuse,mqueue,overlay,proc,ramfs,sysfs,tmpfs");
}

Result<UniqueFd> make_file_system(const Mount& m) {
  UniqueFd context(fsopen(m.fs_name.c_str(), FSOPEN_CLOEXEC));
  if (!context) return Error{"mnt", "make a file system for", m.name(), errno, "the kernel must know that kind"};
  const std::string& source = m.source.empty() ? m.fs_name : m.source;
  if (fsconfig(context.get(), FSCONFIG_SET_STRING, "source", source.c_str(), 0) != 0)
    return refused(m, format("set the source {} of", source), context.get());
  TRY(set_options(context.get(), m, fs_type(m.fs_name)));
  // A sysfs that is there already keeps its flags; that of a new network namespace takes these.
  const bool takes_flags = fs_type(m.fs_name) == nullptr || m.fs_name == "sysfs";
  if (takes_flags && (m.sb_flags & MS_RDONLY) != 0) TRY(set_option(context.get(), m, "ro"));
  if (fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return refused(m, "make the file system of", context.get());
  UniqueFd mount(fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
  if (!mount) return refused(m, "mount", context.get());
  return mount;
}

std::string options_for_mount(const Mount& m) {
  const FsType* type = fs_type(m.fs_name);
  std::string all;
  std::string_view left = m.options;
  while (!left.empty()) {
    const std::size_t comma = left.find(',');
    const std::string_view option = left.substr(0, comma);
    if (!option.empty() && (type == nullptr || !is_among(option.substr(0, option.find('=')), type->without)))
      all.append(all.empty() ? "" : ",").append(option);
    left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
  }
  return all;
}

Result<> set_super_flags(int mount_fd, const Mount& m) {
  if ((m.sb_flags & MS_RDONLY) == 0) return {};
  UniqueFd context(fspick(mount_fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC));
  if (!context) return Error{"mnt", "make read-only", m.name(), errno, ""};
  if (fsconfig(context.get(), FSCONFIG_SET_FLAG, "ro", nullptr, 0) != 0 ||
      fsconfig(context.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) != 0)
    return refused(m, "make read-only", context.get());
  return {};
}

}  // namespace cr::mnt
