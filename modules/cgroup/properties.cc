#include "cgroup/properties.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

#include "base/defer.h"
#include "base/format.h"
#include "cgroup/hierarchy.h"

namespace cr::cgroup {
namespace {

// What does something when it is written, is counted, or lists members.
constexpr std::array<std::string_view, 11> kNoSettings{
    "tasks",          "cgroup.procs",          "cgroup.threads", "cgroup.event_control", "memory.force_empty",
    "memory.reclaim", "memory.pressure_level", "release_agent",  "freezer.state",        "cgroup.freeze",
    "cpuacct.usage",
};
constexpr std::array<std::string_view, 5> kNoSettingsBySuffix{"failcnt", "max_usage_in_bytes", ".peak", ".pressure",
                                                              ".max_usage"};
// A group takes no members without them, or passes nothing on to groups below.
constexpr std::array<std::string_view, 8> kBeforeMembers{
    "cpuset.cpus",          "cpuset.mems",           "cgroup.type",           "cgroup.subtree_control",
    "memory.use_hierarchy", "cgroup.clone_children", "cpuset.cpus.exclusive", "cpu.rt_runtime_us"};

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_setting(std::string_view name) {
  return !contains(kNoSettings, name) &&
         std::none_of(kNoSettingsBySuffix.begin(), kNoSettingsBySuffix.end(),
                      [&](std::string_view suffix) { return name.ends_with(suffix); });
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

/// What a write(2) takes of what read(2) has shown: one after the other.
std::vector<std::string> writes_for(const Property& p, const std::string& present) {
  if (p.name == "memory.oom_control") {  // "oom_kill_disable 0\nunder_oom 0 ..."
    const std::size_t at = p.value.find("oom_kill_disable ");
    return {at == p.value.npos ? p.value : p.value.substr(at + 17, 1)};
  }
  if (p.name == "cgroup.subtree_control") {
    std::vector<std::string> all;
    std::istringstream in(p.value), before(present);
    std::string one;
    while (before >> one)
      if ((" " + p.value + " ").find(" " + one + " ") == std::string::npos) all.push_back("-" + one);
    while (in >> one) all.push_back("+" + one);
    return all;
  }
  return lines_of(p.value);
}

/// Version 1 shows the list, and takes what is to be allowed or not.
int write_devices(int dir, const Property& p) {
  if (p.value == "a *:* rwm") return write_below(dir, "devices.allow", "a");
  if (const int err = write_below(dir, "devices.deny", "a"); err != 0) return err;
  for (const std::string& line : lines_of(p.value))
    if (const int err = write_below(dir, "devices.allow", line); err != 0) return err;
  return 0;
}

int restore_one(int dir, const Property& p) {
  const auto present = read_below(dir, p.name);
  if (!present.ok()) return present.error().err;
  if (present.value() == p.value) return 0;
  if (p.name == "devices.list") return write_devices(dir, p);
  const std::vector<std::string> writes = writes_for(p, present.value());
  if (writes.empty()) return write_below(dir, p.name, "\n");
  for (const std::string& value : writes)
    if (const int err = write_below(dir, p.name, value); err != 0) return err;
  return 0;
}

}  // namespace

Perms perms_of(int dir, const char* file) {
  struct stat st {};
  fstatat(dir, file, &st, AT_EMPTY_PATH);
  return {st.st_mode & 07777, st.st_uid, st.st_gid};
}

Result<> set_perms(int dir, const char* file, const Perms& perms, const std::string& object) {
  const Perms present = perms_of(dir, file);
  const std::string path = *file == 0 ? "." : file;
  if ((present.uid != perms.uid || present.gid != perms.gid) &&
      fchownat(dir, path.c_str(), perms.uid, perms.gid, 0) != 0)
    return Error{"cgroup", "give an owner to", format("{} ({})", object, path), errno, ""};
  if (present.mode != perms.mode && fchmodat(dir, path.c_str(), perms.mode, 0) != 0)
    return Error{"cgroup", "set the mode of", format("{} ({})", object, path), errno, ""};
  return {};
}

std::vector<Property> read_properties(int dir) {
  std::vector<Property> all;
  DIR* files = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (files == nullptr) return all;
  Defer close([&] { closedir(files); });
  while (const dirent* e = readdir(files)) {
    struct stat st;
    if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) continue;
    const bool listed = std::string_view(e->d_name) == "devices.list";
    if (!listed && ((st.st_mode & 0600) != 0600 || !is_setting(e->d_name))) continue;
    if (auto value = read_below(dir, e->d_name); value.ok())
      all.push_back({e->d_name, value.take(), {st.st_mode & 07777, st.st_uid, st.st_gid}});
  }
  std::sort(all.begin(), all.end(), [](const Property& a, const Property& b) { return a.name < b.name; });
  return all;
}

Result<> restore_properties(int dir, std::span<const Property> properties, Phase phase, bool perms,
                            const std::string& object) {
  std::vector<const Property*> waiting;
  for (const Property& p : properties)
    if (contains(kBeforeMembers, p.name) == (phase == Phase::kBeforeMembers)) waiting.push_back(&p);
  for (const Property* p : waiting)
    if (perms && exists_below(dir, p->name)) TRY(set_perms(dir, p->name.c_str(), p->perms, object));
  for (std::size_t before = waiting.size() + 1; !waiting.empty() && waiting.size() < before;) {
    before = waiting.size();
    std::erase_if(waiting, [&](const Property* p) { return restore_one(dir, *p) == 0; });
  }
  if (waiting.empty()) return {};
  const Property& p = *waiting.front();
  return Error{"cgroup", "set", format("{} of {} to \"{}\"", p.name, object, p.value), restore_one(dir, p),
               "this machine does not take it: restore without settings by --manage-cgroups=none"};
}

}  // namespace cr::cgroup
