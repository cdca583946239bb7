#include "mnt/servers.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/close_others.h"
#include "base/format.h"
#include "base/unique_fd.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "mnt/mountinfo.h"

namespace cr::mnt {
namespace {

constexpr int kPatience_ms = 5000;

constexpr std::string_view kServedTypes[] = {"fuse", "fuseblk", "virtiofs", "nfs", "nfs4",
                                             "cifs", "smb3",    "ceph",     "9p"};

bool is_served(std::string_view type) {
  return type.starts_with("fuse.") ||
         std::find(std::begin(kServedTypes), std::end(kServedTypes), type) != std::end(kServedTypes);
}

/// Most machines have none: not a reason to take thousands of lines apart.
bool has_served(std::string_view mountinfo) {
  return std::any_of(std::begin(kServedTypes), std::end(kServedTypes),
                     [&](std::string_view type) { return mountinfo.find(format(" - {}", type)) != mountinfo.npos; });
}

/// Those of one mount namespace, as a task there sees them. The root is everybody's, and was asked long ago. Lines
/// that can't be read are the business of who carries them.
std::vector<Mount> served_mounts(HostPid pid) {
  const auto text = core::read_proc(pid, "mountinfo");
  if (!text.ok() || !has_served(text.value())) return {};
  auto all = parse_mountinfo(text.value());
  if (!all.ok()) return {};
  std::vector<Mount> served = std::move(all).take();
  std::erase_if(served, [](const Mount& m) { return !is_served(m.fs_name) || m.is_root(); });
  return served;
}

/// Ids of mounts that a task has files or directories of; numbers of devices that it has mapped files of.
struct Used {
  std::set<std::uint64_t> mounts{};
  std::set<std::uint32_t> devices{};
};

void note_mount(std::string_view fdinfo, Used& used) {
  if (const auto id = core::number(core::field(fdinfo, "mnt_id").value_or(""))) used.mounts.insert(*id);
}

/// What goes away meanwhile is not used.
Used used_by(const Task& t) {
  Used used;
  const auto descriptors = core::list(format("/proc/{}/fdinfo", t.live));
  if (descriptors.ok())
    for (const std::string& n : descriptors.value())
      if (auto text = core::read_proc(t.live, format("fdinfo/{}", n)); text.ok()) note_mount(text.value(), used);
  for (const char* link : {"cwd", "root"}) {
    const UniqueFd fd(open(format("/proc/{}/{}", t.live, link).c_str(), O_PATH | O_CLOEXEC));
    if (auto text = core::read_text(format("/proc/self/fdinfo/{}", fd.get())); text.ok())
      note_mount(text.value(), used);
  }
  const auto maps = core::read_proc(t.live, "maps");
  std::string_view left = maps.ok() ? std::string_view(maps.value()) : std::string_view();
  while (!left.empty()) {
    const std::string_view line = left.substr(0, left.find('\n'));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
    const auto words = core::words(line);  // range, protection, offset, device
    const std::size_t colon = words.size() > 3 ? words[3].find(':') : std::string_view::npos;
    if (colon == std::string_view::npos) continue;
    const auto high = core::number(words[3].substr(0, colon), 16), low = core::number(words[3].substr(colon + 1), 16);
    if (high && low) used.devices.insert(static_cast<std::uint32_t>(*high << 20 | *low));
  }
  return used;
}

/// Whether the file system answers in time. Who asks may hang until the server ends, so it has nothing of ours.
Result<bool> answers(const std::string& path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{"mnt", "make", "a pipe", errno, ""};
  const UniqueFd told(ends[0]);
  UniqueFd tell(ends[1]);
  const pid_t child = fork();
  if (child < 0) return Error{"mnt", "fork for", path, errno, ""};
  if (child == 0) {
    close_all_but(tell.get(), tell.get());
    struct statx st;
    statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st);
    _exit(0);  // an error is an answer
  }
  tell.reset();
  pollfd end{told.get(), POLLIN, 0};
  int ready = 0;
  do ready = poll(&end, 1, kPatience_ms);
  while (ready < 0 && errno == EINTR);
  if (ready <= 0) kill(child, SIGKILL);
  while (waitpid(child, nullptr, ready > 0 ? 0 : WNOHANG) < 0 && errno == EINTR) {
  }
  return ready > 0;
}

}  // namespace

Result<> check_servers(DumpCtx& ctx) {
  std::map<std::uint32_t, std::vector<Mount>> served;  // by mount namespace
  std::set<std::uint32_t> asked;
  for (const Task& t : ctx.tree.tasks) {
    const KobjIds* ids = ctx.models.get<KobjModel>().find(t.pid);
    if (!t.alive() || ids == nullptr) continue;
    auto [it, fresh] = served.try_emplace(ids->mnt_ns);
    if (fresh) it->second = served_mounts(t.live);
    if (it->second.empty()) continue;
    const Used used = used_by(t);
    for (const Mount& m : it->second) {
      if (!used.mounts.contains(m.id) && !used.devices.contains(m.dev)) continue;
      if (!asked.insert(m.dev).second || TRY(answers(format("/proc/{}/root{}", t.live, m.point)))) continue;
      return Error{"mnt", "dump", m.name(), ETIMEDOUT,
                   format("pid {} uses it, and its server does not answer: let the server go on, or end the use; one "
                          "that is in the tree stands still with it",
                          t.host)};
    }
  }
  return {};
}

}  // namespace cr::mnt
