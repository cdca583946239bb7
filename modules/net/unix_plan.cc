// Restore: who opens what, whether names are free.
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <new>

#include "base/format.h"
#include "core/sharing.h"
#include "files/description.h"
#include "mnt/mnt.h"
#include "net/unix_arrange.h"
#include "net/unix_diag.h"
#include "net/unix_socket.h"

namespace cr::net {
namespace {

/// Whether whoever binds it now would get its messages or connections, or is in the way.
bool in_use(const UnixDiag& d) { return d.state == kUnixListening || d.type == SOCK_DGRAM; }

Error taken(const UnixSocket& s, const std::string& object, std::string why, int err = EADDRINUSE) {
  return Error{"net", format("bind to {}", s.name.text()), object, err, std::move(why)};
}

Result<> check_place(const UnixSocket& s, const std::vector<UnixDiag>& all, const std::string& object) {
  const std::string place = s.name.place();
  if (place.empty()) return {};
  struct stat st;
  const std::size_t slash = place.rfind('/');
  const std::string directory = slash == 0 ? "/" : place.substr(0, slash);
  if (stat(directory.c_str(), &st) != 0)
    return taken(s, object, format("the directory {} is not there: make it", directory), errno);
  if (lstat(place.c_str(), &st) != 0) return {};
  if (!S_ISSOCK(st.st_mode)) return taken(s, object, "there is a file that is no socket: move it away", EEXIST);
  for (const UnixDiag& d : all)
    if (in_use(d) && d.file_ino == static_cast<std::uint32_t>(st.st_ino) &&
        d.file_dev == files::kernel_dev(st.st_dev))
      return taken(s, object, format("socket {} of another process has it: end that", d.ino));
  return {};
}

Result<> check_abstract(const UnixSocket& s, const std::vector<UnixDiag>& all, const std::string& object) {
  for (const UnixDiag& d : all)
    if (d.type == s.type && d.name == s.name.bytes && d.ino != 0)
      return taken(s, object, format("socket {} of another process has that name: end that", d.ino));
  return {};
}

/// The mount namespace that the file of a name lies in, or a task lives in; 0: that of the tree's root.
NsId nested_mounts(const mnt::Model& mounts, const UnixName& name) {
  return name.mnt_id < 0 ? 0 : mnt::nested_with(mounts, static_cast<std::uint32_t>(name.mnt_id));
}

NsId nested_mounts(const mnt::Model& mounts, const KobjIds& of) {
  const auto it = mounts.namespaces.find(of.mnt_ns);
  return it != mounts.namespaces.end() && it->second.nested ? it->first : 0;
}

/// Whether the socket is bound by us: one that was accepted only has the name of its listener.
bool is_bound(const UnixSocket& s) {
  return !s.name.bytes.empty() && !s.external() && !s.inherited && (s.listener == 0 || s.is_client);
}

/// Whether --external unix[INODE]:connect, or unix[]:connect, asks for a new connection to the outside.
bool wants_connection(const Options& opt, const UnixSocket& s) {
  if (!s.ended || s.peer_name.empty()) return false;
  return std::any_of(opt.external.begin(), opt.external.end(), [&](const std::string& name) {
    return name == "unix[]:connect" || name == format("unix[{}]:connect", s.ino);
  });
}

Result<> plan_connection(const Options& opt, UnixSocket& s, const std::string& object) {
  s.again = wants_connection(opt, s);
  if (!s.again) return {};
  auto refuse = [&](const char* why) {
    return Error{"net", format("connect to {} again", UnixName{.bytes = s.peer_name}.text()), object, 0, why};
  };
  if (!s.queue.empty())
    return refuse("data of the old connection waits in it: leave that one ended, without --external unix");
  if (s.peer_name[0] != '\0' && s.peer_name[0] != '/') return refuse("that name is relative, nobody knows to what");
  return {};
}

}  // namespace

std::uint64_t group_of_unix(const Models& models, FileId id) {
  const auto& sockets = models.get<UnixModel>().sockets;
  const auto it = sockets.find(id);
  if (it == sockets.end() || it->second.partner == 0) return 0;
  return std::uint64_t{1} << 63 | std::min(id, it->second.partner);
}

std::uint32_t opener_of_unix(const Models& models, const TaskTree& tree, FileId id) {
  const auto& sockets = models.get<UnixModel>().sockets;
  const UnixSocket& s = sockets.at(id);
  const std::optional<UnixCreds>* who = nullptr;
  if (is_pending(s))
    who = &s.connector;
  else if (s.listening() || (is_connection(s) && s.listener == 0))
    who = &s.peer_cred;
  else if (is_connection(s) && (!s.is_client || s.partner != 0))
    who = s.is_client ? &sockets.at(s.partner).peer_cred : &s.peer_cred;
  if (who == nullptr || !*who) return 0;
  const Task* task = tree.find(NsPid{(*who)->ids.pid});
  if (task == nullptr || !task->alive()) return 0;
  // It is made in the namespace of who makes it.
  const KobjIds* ids = models.get<KobjModel>().find(task->pid);
  if (ids != nullptr && s.net_ns != 0 && ids->net_ns != s.net_ns) return 0;
  const auto& mounts = models.get<mnt::Model>();
  if (ids != nullptr && s.name.is_path() && nested_mounts(mounts, *ids) != nested_mounts(mounts, s.name)) return 0;
  return models.get<files::Model>().table_of[task->index];
}

bool late_unix(const Models& models, FileId id) {
  const auto& sockets = models.get<UnixModel>().sockets;
  const auto it = sockets.find(id);
  return it != sockets.end() && it->second.listener != 0;
}

Result<> plan_unix(PlanCtx& ctx) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  std::erase_if(model.lone_datagrams, [&](FileId id) { return files::description(ctx.models, id).home == 0; });
  const KobjModel& ids = ctx.models.get<KobjModel>();
  const KobjIds* root = ids.find(ctx.tree.root().pid);
  const bool own_mounts = root != nullptr && root->mnt_ns != ids.root.mnt_ns;
  const auto& mounts = ctx.models.get<mnt::Model>();
  std::vector<UnixDiag> all;
  bool asked = false;
  for (auto& [id, s] : model.sockets) {
    const files::Description& d = files::description(ctx.models, id);
    TRY(plan_connection(ctx.opt, s, d.object));
    if (d.home == 0 || !is_bound(s)) continue;
    // Without sock_diag(7), bind(2) itself tells later.
    if (!std::exchange(asked, true))
      if (auto answer = ask_all_unix(); answer.ok()) all = answer.take();
    if (s.name.is_path()) {
      if (!own_mounts && nested_mounts(mounts, s.name) == 0) TRY(check_place(s, all, d.object));
    } else if (s.net_ns == 0 || s.net_ns == ids.root.net_ns) {
      TRY(check_abstract(s, all, d.object));
    }
  }
  return {};
}

Result<> furnish_unix(RestoreCtx& ctx) {
  UnixModel& model = ctx.models.edit<UnixModel>();
  if (model.sockets.empty()) return {};
  void* at = mmap(nullptr, sizeof(UnixProgress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return Error{"net", "map memory for", "the order of connections", errno, "free memory"};
  model.progress = new (at) UnixProgress{};
  return {};
}

}  // namespace cr::net
