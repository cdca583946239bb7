#include "files/belated.h"

#include <sys/eventfd.h>

#include <algorithm>

#include "base/format.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "files/description.h"
#include "files/io_uring.h"
#include "files/locks.h"

namespace cr::files {
namespace {

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (slash != 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return parts;
}

std::string join(const std::vector<std::string_view>& parts, std::size_t begin, std::size_t end) {
  std::string out;
  for (std::size_t i = begin; i < end; ++i) out += (i == begin ? "" : "/") + std::string(parts[i]);
  return out;
}

/// Of those that have it, the one who opens it.
const Table* home_of(const std::vector<const Table*>& tables) {
  const auto first =
      std::min_element(tables.begin(), tables.end(), [](auto* a, auto* b) { return a->leader < b->leader; });
  return first == tables.end() ? nullptr : *first;
}

Error not_now(const Description& d, const std::string& why) {
  return fail("dump", d.object, 0,
              "what it is of is made at the end of a restore, so that it can be opened only then; but " + why);
}

Result<> check_holder(const DumpCtx& ctx, const Table& table, const Table& home, NsPid thread, const Description& d) {
  const Task& holder = ctx.tree.tasks[table.leader];
  const Task& owner = ctx.tree.tasks[home.leader];
  const bool is_owner = table.leader == home.leader;
  const bool sees = is_owner ? thread.value == 0 || ctx.tree.number_in(holder.space, thread) != 0
                             : ctx.tree.number_in(holder.space, owner.pid) != 0 && !owner.leader_exited;
  const auto& ids = ctx.models.get<KobjModel>().of;
  if (sees && ids.at(holder.pid).user_ns == ids.at(owner.pid).user_ns) return {};
  return not_now(d, format("pid {} has it too and could not get it: close it there first", holder.host));
}

Result<> check(const DumpCtx& ctx, NsPid thread, const Description& d) {
  const auto tables = tables_with(ctx.models.get<Model>(), d.id);
  const Table* home = home_of(tables);
  if (home == nullptr) return not_now(d, "only a message in flight has it: receive that first");
  if (d.owner.pid != 0 || d.owner.signum != 0)
    return not_now(d, "it has an owner of signals (F_SETOWN, F_SETSIG): take that off first");
  const auto& locks = ctx.models.get<LockModel>().all;
  if (std::any_of(locks.begin(), locks.end(), [&](const FileLock& l) { return l.id == d.id; }))
    return not_now(d, "it has a lock: release that first");
  for (const auto& [id, ring] : ctx.models.get<IoUringModel>().all)
    if (std::find(ring.files.begin(), ring.files.end(), d.id) != ring.files.end())
      return not_now(d, "it is registered with an io_uring: unregister it first");
  for (const Table* table : tables) TRY(check_holder(ctx, *table, *home, thread, d));
  return {};
}

std::uint32_t flags_of(const BelatedFile& file, std::uint32_t flags) {
  if (file.thread.value != 0) return flags & kPidfdFlags;
  if (flags & O_PATH) return flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW);
  return open_flags(flags) | O_NOCTTY;
}

}  // namespace

std::optional<LateName> late_name(std::string_view path) {
  const auto parts = components(path);
  if (parts.size() < 4 || !path.starts_with("/proc/") || !core::number(parts[1])) return std::nullopt;
  const auto split_at = [&](std::size_t at) {
    return LateName{"/" + join(parts, 0, at), join(parts, at, parts.size())};
  };
  std::size_t at = 2;
  if (parts[at] == "task") {
    if (parts[3] != parts[1]) return split_at(3);
    at = 4;
  }
  const bool shows_one =
      at + 1 < parts.size() && (parts[at] == "fd" || parts[at] == "fdinfo" || parts[at] == "map_files");
  return shows_one ? std::optional(split_at(at + 1)) : std::nullopt;
}

Result<UniqueFd> placeholder_of_thread(const std::string& object) {
  UniqueFd fd(eventfd(0, EFD_CLOEXEC));
  if (!fd) return fail("hold the place of", object, errno);
  return fd;
}

Result<> check_belated(const DumpCtx& ctx) {
  for (const auto& [id, file] : ctx.models.get<Belated>().all)
    TRY(check(ctx, file.thread, description(ctx.models, id)));
  return {};
}

Result<> fill_process(const TaskCtx& ctx, RestoreProcess& out, ArenaBuilder& arena) {
  const Model& model = ctx.models().get<Model>();
  const auto& belated = ctx.models().get<Belated>().all;
  const Table& table = model.tables.at(model.table_of[ctx.task.index]);
  if (belated.empty() || table.leader != ctx.task.index) return {};
  std::vector<BelatedWire> all;
  std::map<FileId, int> placed;
  for (const auto& [number, slot] : table.slots) {
    const auto file = belated.find(slot.id);
    if (file == belated.end()) continue;
    const Description& d = model.descriptions.at(slot.id);
    BelatedWire wire{.number = number, .flags = flags_of(file->second, d.flags), .cloexec = slot.cloexec};
    const auto [first, fresh] = placed.try_emplace(slot.id, number);
    if (!fresh) {
      wire.other_number = first->second;
    } else if (d.home != table.files_id) {
      wire.lender = ctx.tree().number_in(ctx.task.space, ctx.tree().tasks[model.tables.at(d.home).leader].pid);
      wire.other_number = d.number;
    } else if (file->second.thread.value != 0) {
      wire.tid = ctx.tree().number_in(ctx.task.space, file->second.thread);
    } else {
      const std::string& name = file->second.name;
      wire.name = arena.add(std::span<const char>(name.c_str(), name.size() + 1));
      wire.pos = d.flags & O_PATH ? 0 : d.pos;
    }
    all.push_back(wire);
  }
  out.belated = arena.add(all);
  return {};
}

}  // namespace cr::files
