#include "ns/joined.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "base/format.h"
#include "base/unique_fd.h"
#include "core/id_map.h"
#include "files/description.h"

namespace cr::ns {
namespace {

/// What namespace of that kind the root of the tree has of its own; 0: none.
NsId own_of_root(const Models& models, const TaskTree& tree, const NsKind& kind) {
  const KobjModel& objects = models.get<KobjModel>();
  const KobjIds* ids = objects.find(tree.root().pid);
  return ids == nullptr || ids->*kind.id == objects.root.*kind.id ? 0 : ids->*kind.id;
}

}  // namespace

Result<> plan_joined(const PlanCtx& ctx) {
  for (const NsKind* kind : ns_kinds()) {
    const std::string* file = ctx.opt.joined(kind->name);
    if (file == nullptr) continue;
    const NsId id = own_of_root(ctx.models, ctx.tree, *kind);
    const std::string object = format("{} namespace {}", kind->name, *file);
    if (id == 0)
      return Error{"ns", "join", object, 0,
                   format("the tree has no {} namespace of its own: leave out --join-ns {} and restore by nsenter(1)",
                          kind->name, kind->name)};
    if (ctx.models.get<core::TreeIds>().own || ctx.models.get<core::ChildIds>().owner_of(id) != 0)
      return Error{"ns", "join", object, 0,
                   "the tree has a user namespace of its own, which has no rights over one of the outside: restore "
                   "without --join-ns, or inside of the user namespace that the other one belongs to"};
  }
  return {};
}

Result<> open_joined(RestoreCtx& ctx) {
  for (const NsKind* kind : ns_kinds()) {
    const std::string* file = ctx.opt.joined(kind->name);
    if (file == nullptr) continue;
    UniqueFd fd(open(file->c_str(), O_RDONLY | O_CLOEXEC));
    const std::string object = format("{} namespace {}", kind->name, *file);
    if (!fd) return Error{"ns", "open", object, errno, "name a process, or a file such as /proc/PID/ns/KIND"};
    if (ioctl(fd.get(), NS_GET_NSTYPE) != static_cast<int>(kind->clone_flag))
      return Error{"ns", "join", object, 0, format("that file is no {} namespace", kind->name)};
    if (kind->clone_flag == CLONE_NEWNET) continue;
    const NsId id = own_of_root(ctx.models, ctx.tree, *kind);
    ctx.models.edit<JoinedModel>().fds[id] = TRY(files::to_service(ctx, std::move(fd))).release();
  }
  return {};
}

Result<bool> enter_joined(const RestoreCtx& ctx, const NsKind& kind, NsId id) {
  const auto& fds = ctx.models.get<JoinedModel>().fds;
  const auto it = fds.find(id);
  if (it == fds.end()) return false;
  if (setns(it->second, static_cast<int>(kind.clone_flag)) == 0) return true;
  return Error{"ns", "join", format("the {} namespace of --join-ns", kind.name), errno, "run as root"};
}

}  // namespace cr::ns
