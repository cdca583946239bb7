// In the restored tasks: opening, taking, connecting descriptors. See files.h for the stages.
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "base/restore_shared.h"
#include "core/opener.h"
#include "files/description.h"
#include "files/locks.h"
#include "files/signal_owner.h"

namespace cr::files {
namespace {

/// The table that the calling task has to fill, or nullptr when another one fills it.
const Table* own_table(const TaskCtx& ctx) {
  const Model& model = ctx.models().get<Model>();
  const Table& table = model.tables.at(model.table_of[ctx.task.index]);
  return table.leader == ctx.task.index ? &table : nullptr;
}

/// Moves `fd` to `number`, with or without close-on-exec.
Result<> place(UniqueFd fd, int number, bool cloexec, const std::string& object) {
  if (fd.get() == number) {
    if (fcntl(number, F_SETFD, cloexec ? FD_CLOEXEC : 0) != 0) return fail("set FD_CLOEXEC of", object, errno);
    fd.release();
    return {};
  }
  if (dup3(fd.get(), number, cloexec ? O_CLOEXEC : 0) < 0)
    return fail(format("put on number {}", number), object, errno, "raise the hard limit of open files (ulimit -Hn)");
  return {};
}

/// Copies descriptors out of other tasks of the tree, which stay where they are until the stage is over.
class Lenders {
 public:
  explicit Lenders(const TaskCtx& ctx) : ctx_(ctx) {}

  Result<UniqueFd> copy(const Description& d) {
    const Task& owner = ctx_.tree().tasks[ctx_.models().get<Model>().tables.at(d.home).leader];
    const int number = ctx_.tree().number_in(ctx_.task.space, owner.pid);
    if (number == 0) return copy_unseen(owner, d);
    auto [it, fresh] = pidfds_.try_emplace(d.home);
    if (fresh) {
      UniqueFd pidfd(static_cast<int>(syscall(434 /* pidfd_open */, number, 0)));
      if (!pidfd) return fail("open a pidfd of", format("pid {}", owner.pid), errno);
      // Out of the way of the numbers that are being filled.
      it->second = TRY(to_service(ctx_.restore, std::move(pidfd)));
    }
    UniqueFd fd(static_cast<int>(syscall(438 /* pidfd_getfd */, it->second.get(), d.number, 0)));
    if (!fd) return fail(format("take from pid {} number {}", owner.pid, d.number), d.object, errno);
    return fd;
  }

 private:
  /// Of a task that lives outside of the caller's pid namespace.
  Result<UniqueFd> copy_unseen(const Task& owner, const Description& d) const {
    const HostPid host{ctx_.restore.shared->task[owner.index].host_pid};
    UniqueFd fd = core::fd_from_engine(ctx_.restore.opener, host, d.number);
    if (!fd) return fail(format("have the engine take from pid {} number {}", owner.pid, d.number), d.object, errno);
    return fd;
  }

  const TaskCtx& ctx_;
  std::map<std::uint32_t, UniqueFd> pidfds_{};
};

/// Opens what the table's leader has to: what is late, or what is not.
Result<> open_some(TaskCtx& ctx, const Table& table, bool late) {
  const Model& model = ctx.models().get<Model>();
  auto owned = model.owned.find(table.files_id);
  if (owned == model.owned.end()) return {};
  for (FileId id : owned->second) {
    if (model.late.contains(id) != late) continue;
    const Description& d = model.descriptions.at(id);
    UniqueFd fd = TRY(d.kind->open(ctx, id));
    TRY(set_flags(fd.get(), d));
    TRY(set_write_hint(fd.get(), ctx.models(), d));
    auto slot = table.slots.find(d.number);
    TRY(place(std::move(fd), d.number, slot == table.slots.end() || slot->second.cloexec, d.object));
  }
  return {};
}

Result<> connect_owned(TaskCtx& ctx, const Table& table) {
  const Model& model = ctx.models().get<Model>();
  auto owned = model.owned.find(table.files_id);
  if (owned == model.owned.end()) return {};
  for (FileId id : owned->second) {
    const Description& d = model.descriptions.at(id);
    if (d.kind->connect != nullptr) TRY(d.kind->connect(ctx, id, d.number));
  }
  for (FileId id : owned->second) {
    const Description& d = model.descriptions.at(id);
    if (d.flags & O_PATH || owner_is_late(ctx.tree(), ctx.task, d.owner)) continue;
    TRY(set_signal_owner(d.number, as_seen_by(ctx, d)));
  }
  return {};
}

}  // namespace

Result<> open_owned(TaskCtx& ctx) {
  const Table* table = own_table(ctx);
  if (table == nullptr) return {};
  if (close_range(0, static_cast<unsigned>(ctx.models().get<Model>().first_service_fd) - 1, 0) != 0)
    return fail("close inherited descriptors of", format("pid {}", ctx.task.pid), errno);
  return open_some(ctx, *table, false);
}

bool needs_join(const Models& models) { return !models.get<Model>().late.empty(); }

Result<> join(TaskCtx& ctx) {
  const Table* table = own_table(ctx);
  if (table == nullptr) return {};
  TRY(open_some(ctx, *table, true));
  for (const FileKind* kind : file_kinds())
    if (kind->join != nullptr) TRY(kind->join(ctx));
  return {};
}

Result<> take(TaskCtx& ctx) {
  const Table* table = own_table(ctx);
  if (table == nullptr) return {};
  const Model& model = ctx.models().get<Model>();
  Lenders lenders(ctx);
  for (const auto& [number, slot] : table->slots) {
    const Description& d = model.descriptions.at(slot.id);
    if (d.home == table->files_id) {
      if (d.number == number) continue;
      if (dup3(d.number, number, slot.cloexec ? O_CLOEXEC : 0) < 0)
        return fail(format("put on number {}", number), d.object, errno);
    } else {
      TRY(place(TRY(lenders.copy(d)), number, slot.cloexec, d.object));
    }
  }
  return {};
}

Result<> connect(TaskCtx& ctx) {
  const Table* table = own_table(ctx);
  if (table == nullptr) return {};
  // A lease makes its taker the owner of signals where there is none, so those come later.
  TRY(take_locks(ctx, table->files_id));
  return connect_owned(ctx, *table);
}

Result<UniqueFd> borrow(TaskCtx& ctx, FileId id, std::optional<std::uint32_t> flags) {
  const Model& model = ctx.models().get<Model>();
  auto it = model.descriptions.find(id);
  if (it == model.descriptions.end()) return fail("borrow", format("file {}", id), 0, "files.img has no such file");
  const Description& d = it->second;
  if (d.home == 0) return open_path(ctx, id, flags);
  UniqueFd fd;
  if (d.home != model.table_of[ctx.task.index])
    fd = TRY(Lenders(ctx).copy(d));
  else
    fd.reset(fcntl(d.number, F_DUPFD_CLOEXEC, ctx.restore.first_service_fd));
  if (!fd) return fail("duplicate", d.object, errno);
  const int now = fcntl(fd.get(), F_GETFL);
  if (flags && (static_cast<std::uint32_t>(now) & O_ACCMODE) != (*flags & O_ACCMODE)) {
    const std::string self = format("self/fd/{}", fd.get());
    fd.reset(openat(ctx.restore.proc_fd, self.c_str(), static_cast<int>(open_flags(*flags)) | O_CLOEXEC));
    if (!fd) return fail("open anew", d.object, errno);
  }
  return to_service(ctx.restore, std::move(fd));
}

Result<> finish(RestoreCtx& ctx) {
  const Model& model = ctx.models.get<Model>();
  for (const auto& [id, d] : model.descriptions) {
    // Where only a service number had it, it is in flight by now, and the kernel would not tell its owner either.
    if (d.home == 0 || !owner_is_late(ctx.tree, ctx.tree.tasks[model.tables.at(d.home).leader], d.owner)) continue;
    const auto holders = tables_with(model, id);
    if (holders.empty()) continue;
    const auto& slots = holders.front()->slots;
    const auto slot =
        std::find_if(slots.begin(), slots.end(), [wanted = id](const auto& s) { return s.second.id == wanted; });
    UniqueFd fd = TRY(copy_fd(ctx.tree.tasks[holders.front()->leader].live, slot->first));
    Description as_seen_here = d;
    as_seen_here.owner.pid = static_cast<std::uint32_t>(host_of(ctx.tree, d.owner).value);
    TRY(set_signal_owner(fd.get(), as_seen_here));
  }
  for (const FileKind* kind : file_kinds())
    if (kind->finish != nullptr) TRY(kind->finish(ctx));
  return {};
}

}  // namespace cr::files
