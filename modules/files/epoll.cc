#include "files/epoll.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "core/opener.h"
#include "files/belated.h"
#include "files/description.h"
#include "files/identity.h"

namespace cr::files {
namespace {

constexpr unsigned long kSetParams = _IOW(0x8a, 1, BusyPoll), kGetParams = _IOR(0x8a, 2, BusyPoll);

bool is_set(const BusyPoll& p) { return p.usecs != 0 || p.budget != 0 || p.prefer != 0; }

/// The description that a number holds in one of `tables`, those with the epoll: what other writers mean by it.
FileId by_number(const std::vector<const Table*>& tables, int number) {
  for (const Table* table : tables)
    if (auto it = table->slots.find(number); it != table->slots.end()) return it->second.id;
  return 0;
}

epoll_event event_of(const EpollTargetInfo& t) {
  epoll_event event{};
  event.events = t.events;
  event.data.u64 = t.data;
  return event;
}

struct AddCall {
  int epoll, target, number;
  epoll_event event;
  int err = 0;
};

int add_in_child(void* arg) {
  auto& call = *static_cast<AddCall*>(arg);
  if (call.target != call.number && dup2(call.target, call.number) < 0)
    call.err = errno;
  else if (epoll_ctl(call.epoll, EPOLL_CTL_ADD, call.number, &call.event) != 0)
    call.err = errno;
  return 0;
}

/// Adds `call.target` under `call.number` where our own table has something else, or nothing, there: in a child whose
/// table is a copy. It shares our memory, so no page is copied, and its end sends no signal.
int add_from_child(AddCall call) {
  alignas(16) static char stack[16 * 1024];
  const pid_t child = clone(add_in_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK, &call);
  if (child < 0) return errno;
  while (waitpid(child, nullptr, __WALL) < 0 && errno == EINTR) {
  }
  return call.err;
}

}  // namespace

bool matches_epoll(const FileProbe& p) { return p.link == "anon_inode:[eventpoll]"; }

Result<> collect_epoll(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  auto info = parse_fdinfo_epoll(probe.fdinfo);
  if (!info.ok()) return fail("read fdinfo of", probe.name(), 0, info.error().step);
  Epoll& epoll = ctx.models.edit<EpollModel>().all[id];
  if (ioctl(probe.fd, kGetParams, &epoll.busy_poll) != 0) epoll.busy_poll = {};
  for (const EpollTargetInfo& t : info.value()) epoll.targets.push_back({t, 0});
  return {};
}

Result<> settle_epolls(DumpCtx& ctx) {
  const Identities& identities = ctx.models.get<Collected>().identities;
  for (auto& [id, epoll] : ctx.models.edit<EpollModel>().all) {
    const Description& d = description(ctx.models, id);
    std::map<int, unsigned> seen;  // how many lines with that number came before
    for (EpollTarget& target : epoll.targets) {
      const EpollTargetInfo& t = target.info;
      target.file = TRY(identities.find_epoll_target({d.pid, d.fd}, t.tfd, seen[t.tfd]++, user_dev(t.dev), t.ino));
      if (target.file == 0)
        return fail("dump", format("target {} of {}", t.tfd, d.object), 0,
                    "it watches a file that no descriptor of the tree leads to; close the epoll descriptor or dump "
                    "the process that "
                    "has that file too");
      if (ctx.models.get<Belated>().all.contains(target.file) && tables_with(ctx.models.get<Model>(), id).empty())
        return fail("dump", format("target {} of {}", t.tfd, d.object), 0,
                    "it can be added only at the end of a restore, and only a message in flight has the epoll "
                    "descriptor: receive that first");
    }
  }
  return {};
}

Result<> plan_epolls(PlanCtx& ctx) {
  const Model& model = ctx.models.get<Model>();
  for (auto& [id, epoll] : ctx.models.edit<EpollModel>().all) {
    const std::vector<const Table*> tables = tables_with(model, id);
    for (EpollTarget& target : epoll.targets) {
      if (target.file == 0) target.file = by_number(tables, target.info.tfd);
      if (target.file == 0 || !model.descriptions.contains(target.file))
        return fail("restore", format("target {} of {}", target.info.tfd, description(ctx.models, id).object), 0,
                    "no such descriptor is in the images");
    }
  }
  return {};
}

Result<UniqueFd> open_epoll(TaskCtx& ctx, FileId id) {
  UniqueFd fd(epoll_create1(EPOLL_CLOEXEC));
  const std::string& object = description(ctx.models(), id).object;
  if (!fd) return fail("make", object, errno);
  const BusyPoll& poll = ctx.models().get<EpollModel>().all.at(id).busy_poll;
  if (is_set(poll) && core::ioctl_as_engine(ctx.restore.opener, fd.get(), kSetParams, &poll, sizeof poll) != 0)
    return fail("set how it polls devices (EPIOCSPARAMS) of", object, errno, "the kernel must be 6.9 or newer");
  return fd;
}

Result<> connect_epoll(TaskCtx& ctx, FileId id, int fd) {
  const Model& model = ctx.models().get<Model>();
  const Table& table = model.tables.at(description(ctx.models(), id).home);
  const auto& belated = ctx.models().get<Belated>().all;
  for (const EpollTarget& target : ctx.models().get<EpollModel>().all.at(id).targets) {
    const EpollTargetInfo& t = target.info;
    if (belated.contains(target.file)) continue;
    epoll_event event = event_of(t);
    int err = 0;
    const auto slot = table.slots.find(t.tfd);
    if (slot != table.slots.end() && slot->second.id == target.file) {
      if (epoll_ctl(fd, EPOLL_CTL_ADD, t.tfd, &event) != 0) err = errno;
    } else {
      UniqueFd other = TRY(borrow(ctx, target.file));
      err = add_from_child(AddCall{fd, other.get(), t.tfd, event});
    }
    if (err != 0) return fail(format("add target {} to", t.tfd), description(ctx.models(), id).object, err);
  }
  return {};
}

Result<> finish_epolls(RestoreCtx& ctx) {
  const auto& belated = ctx.models.get<Belated>().all;
  if (belated.empty()) return {};
  for (const auto& [id, epoll] : ctx.models.get<EpollModel>().all) {
    for (const EpollTarget& target : epoll.targets) {
      if (!belated.contains(target.file)) continue;
      // Above all numbers that a target may have.
      const UniqueFd fd = TRY(to_service(ctx, TRY(copy_restored(ctx, id)))),
                     other = TRY(to_service(ctx, TRY(copy_restored(ctx, target.file))));
      const int err = add_from_child(AddCall{fd.get(), other.get(), target.info.tfd, event_of(target.info)});
      if (err != 0) return fail(format("add target {} to", target.info.tfd), description(ctx.models, id).object, err);
    }
  }
  return {};
}

}  // namespace cr::files
