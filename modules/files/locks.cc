#include "files/locks.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"
#include "files/holders.h"

namespace cr::files {
namespace {

struct KindName {
  std::string_view name;
  LockKind kind;
};
constexpr KindName kKinds[] = {{"POSIX", LockKind::kPosix},
                               {"FLOCK", LockKind::kFlock},
                               {"LEASE", LockKind::kLease},
                               {"OFDLCK", LockKind::kOfd}};

Error not_carried(std::string_view line) {
  return fail("dump a file lock on", {}, 0, format("locks like this one are not carried: {}", line));
}

bool same(const FileLock& a, const FileLock& b) {
  // A lock shows at every descriptor of its description; a POSIX lock only in the table that owns it.
  return a.kind == b.kind && a.id == b.id && a.start == b.start && a.len == b.len &&
         (a.kind != LockKind::kPosix || a.files_id == b.files_id);
}

/// The table that takes the lock again: of the task that took it, if it has the description still; or the first.
const Table* taker_of(const DumpCtx& ctx, const Model& model, const FileLock& lock) {
  const Table* best = nullptr;
  for (const Table* table : tables_with(model, lock.id)) {
    if (ctx.tree.tasks[table->leader].host.value == lock.taker) return table;
    if (best == nullptr || table->leader < best->leader) best = table;
  }
  return best;
}

/// fcntl(2) or flock(2), without waiting. Returns -1 with errno.
int take(const FileLock& lock) {
  struct flock record {};
  record.l_type = static_cast<short>(lock.type);
  record.l_whence = SEEK_SET;
  record.l_start = lock.start;
  record.l_len = lock.len;
  switch (lock.kind) {
    case LockKind::kPosix:
      return fcntl(lock.fd, F_SETLK, &record);
    case LockKind::kOfd:
      return fcntl(lock.fd, F_OFD_SETLK, &record);
    case LockKind::kFlock:
      return flock(lock.fd, (lock.type == F_WRLCK ? LOCK_EX : LOCK_SH) | LOCK_NB);
    case LockKind::kLease:
      return fcntl(lock.fd, F_SETLEASE, static_cast<int>(lock.type));
  }
  errno = EINVAL;
  return -1;
}

}  // namespace

Result<FileLock> parse_lock(std::string_view line) {
  // "1: POSIX  ADVISORY  WRITE 359 00:13:11691 0 EOF"
  const auto words = core::words(line);
  if (words.size() < 8) return not_carried(line);
  FileLock lock;
  const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](auto& k) { return k.name == words[1]; });
  const bool plain = words[2] == "ADVISORY" || words[2] == "ACTIVE";
  const bool is_write = words[3] == "WRITE";
  if (kind == std::end(kKinds) || !plain || (!is_write && words[3] != "READ")) return not_carried(line);
  lock.kind = kind->kind;
  lock.type = is_write ? F_WRLCK : F_RDLCK;
  const auto taker = core::number(words[4]), start = core::number(words[6]), end = core::number(words[7]);
  if (!start || (!end && words[7] != "EOF")) return not_carried(line);
  lock.taker = taker ? static_cast<int>(*taker) : -1;
  lock.start = static_cast<std::int64_t>(*start);
  if (end) lock.len = static_cast<std::int64_t>(*end) + 1 - lock.start;
  return lock;
}

Result<> note_locks(DumpCtx& ctx, HostPid pid, int fd, FileId id, const std::vector<std::string>& lines) {
  LockModel& model = ctx.models.edit<LockModel>();
  const auto task =
      std::find_if(ctx.tree.tasks.begin(), ctx.tree.tasks.end(), [&](auto& t) { return t.live == pid; });
  for (const std::string& line : lines) {
    auto parsed = parse_lock(line);
    if (!parsed.ok()) {
      Error e = parsed.take_error();
      e.object = description(ctx.models, id).object;
      return e;
    }
    FileLock lock = parsed.take();
    lock.id = id;
    lock.fd = fd;
    lock.object = description(ctx.models, id).object;
    if (task != ctx.tree.tasks.end()) lock.files_id = ctx.models.get<KobjModel>().of.at(task->pid).files;
    if (std::none_of(model.all.begin(), model.all.end(), [&](const FileLock& l) { return same(l, lock); }))
      model.all.push_back(std::move(lock));
  }
  return {};
}

Result<> settle_locks(DumpCtx& ctx) {
  const Model& model = ctx.models.get<Model>();
  for (FileLock& lock : ctx.models.edit<LockModel>().all) {
    if (lock.kind == LockKind::kPosix) continue;
    const Table* table = taker_of(ctx, model, lock);
    if (table == nullptr)
      return fail("dump a file lock on", lock.object, 0,
                  "only a message in flight has the descriptor: receive it first");
    lock.files_id = table->files_id;
    for (const auto& [number, slot] : table->slots)
      if (slot.id == lock.id) lock.fd = number;
    if (std::string who = find_sharer(ctx.tree, ctx.tree.tasks[table->leader].live, lock.fd); !who.empty())
      return fail("dump a file lock on", lock.object, 0,
                  format("{} outside of the tree shares it and would go on holding it: dump that too", who));
  }
  return {};
}

Result<> take_locks(const TaskCtx& ctx, std::uint32_t files_id) {
  for (const FileLock& lock : ctx.models().get<LockModel>().all)
    if (lock.files_id == files_id && take(lock) != 0)
      return fail("take the lock of", format("pid {} fd {} ({})", ctx.task.pid, lock.fd, lock.object), errno,
                  errno == EAGAIN ? "somebody outside of the tree has the file locked or open: see /proc/locks" : "");
  return {};
}

}  // namespace cr::files
