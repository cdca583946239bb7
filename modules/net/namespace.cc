#include "net/namespace.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "core/sharing.h"

namespace cr::net {
namespace {

constexpr unsigned long kAskNamespace = 0x894C;  // SIOCGSKNS, Linux 4.10

/// Who will make the socket again lives in `ns`. Of a socket that is only in flight, it can be anybody.
bool is_makers(const DumpCtx& ctx, HostPid holder, NsId ns) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  auto lives_there = [&](const Task& t) { return !t.alive() || objects.of.at(t.pid).net_ns == ns; };
  const auto& tasks = ctx.tree.tasks;
  const auto it = std::find_if(tasks.begin(), tasks.end(), [&](const Task& t) { return t.live == holder; });
  return it != tasks.end() ? lives_there(*it) : std::all_of(tasks.begin(), tasks.end(), lives_there);
}

}  // namespace

Result<NsId> namespace_of(DumpCtx& ctx, const FileProbe& probe) {
  struct stat st {};
  UniqueFd ns(ioctl(probe.fd, kAskNamespace));
  if (!ns || fstat(ns.get(), &st) != 0)
    return Error{"net", "ask for the network namespace of", probe.name(), errno, "run as root"};
  const NsId id = ctx.ids.namespaces.id_of(st.st_dev, st.st_ino);
  if (is_makers(ctx, probe.pid, id)) return id;
  return Error{"net", "dump", probe.name(), 0,
               "it was made in another network namespace than the one its holder lives in, which is not carried yet: "
               "close it before the dump"};
}

Result<std::optional<core::NsVisit>> visit(const TaskTree& tree, const Models& models, NsId ns) {
  const KobjModel& objects = models.get<KobjModel>();
  if (ns == objects.root.net_ns) return std::optional<core::NsVisit>{};
  for (const Task& t : tree.tasks)
    if (t.alive() && objects.of.at(t.pid).net_ns == ns)
      return std::optional{TRY(core::NsVisit::enter(t.live, "net"))};
  return Error{"net", "enter", "a network namespace of the tree", 0, "no task lives in it"};
}

}  // namespace cr::net
