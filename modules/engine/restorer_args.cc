#include "engine/restorer_args.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "base/page_size.h"
#include "base/restore_shared.h"
#include "core/arena_builder.h"
#include "core/sharing.h"
#include "engine/number_giver.h"
#include "files/belated.h"
#include "files/io_uring.h"
#include "restorer/args.h"
#include "security/security.h"
#include "signals/signals.h"
#include "task/task.h"
#include "timers/timers.h"

extern "C" const char cr_restorer_blob[] __attribute__((visibility("hidden")));
extern "C" const char cr_restorer_blob_end[] __attribute__((visibility("hidden")));

namespace cr::engine {
namespace {

// Room for the arguments: generous, since only touched pages cost.
constexpr std::uint64_t kArgsRoom = 64 << 20;

/// With a descriptor table that is shared, the others may still need theirs: the coordinator closes them in the end.
std::int32_t close_from(const TaskCtx& t) {
  return t.models().get<KobjModel>().shares_files(t.task.pid) ? -1 : t.restore.first_service_fd;
}

/// Where things lie in the arena; the arguments' size is known only when they are composed, so they come last.
struct Layout {
  std::uint64_t base, stacks, park, shared, args, end;
};

Layout layout_of(std::uint64_t base, const Task& t, const SharedPage& shared) {
  Layout at{};
  at.base = base;
  at.stacks = base + whole_pages(static_cast<std::uint64_t>(cr_restorer_blob_end - cr_restorer_blob));
  at.park = at.stacks + whole_pages((t.threads.size() + t.leader_exited) * restorer::kThreadStack);
  at.shared = at.park + mm::kParkSize;
  at.args = at.shared + whole_pages(shared.bytes);
  at.end = at.args + kArgsRoom;
  return at;
}

/// The memory is rebuilt by its owner, around the arenas of all that share it.
Result<> fill_memory(TaskCtx& t, const mm::Premaps& premaps, const Layout& at, restorer::Args& args,
                     ArenaBuilder& arena) {
  const auto& spaces = t.models().get<mm::Model>();
  const Task& owner = *t.tree().find(spaces.of(t.task).owner);
  args.memory_of = static_cast<std::uint32_t>(owner.index);
  args.is_sharer = owner.index != t.task.index;
  if (args.is_sharer) return {};
  std::vector<mm::Keep> keep{{at.base, at.end}};
  for (const NsPid pid : spaces.of(owner).sharers) {
    const TaskSlot& slot = t.restore.shared->task[t.tree().find(pid)->index];
    keep.push_back({slot.arena_base, slot.arena_base + slot.arena_size});
  }
  return mm::fill_process(t, premaps, std::move(keep), at.park, args.mm, arena);
}

/// Nobody can ask a dead thread for its securebits: its credentials are those of the first one that lives.
Result<> fill_dead_leader(const TaskCtx& t, restorer::DeadLeader& out, ArenaBuilder& arena) {
  out.exits = 1;
  out.exit_status = t.task.leader_exit_code >> 8;
  const std::string& comm = t.models().get<task::ThreadStateModel>().tasks.at(t.task.pid).comm;
  comm.copy(out.comm, sizeof out.comm - 1);
  TRY(security::fill_thread(t, 0, out.security, arena));
  out.security.filters = {};
  out.security.seccomp_strict = 0;
  return {};
}

Result<restorer::Args> fill(TaskCtx& t, const mm::Premaps& premaps, const Layout& at, ArenaBuilder& arena) {
  restorer::Args args{};
  args.shared = at.shared;
  args.close_from = close_from(t);
  args.leader_first = 1;
  args.threads_left = static_cast<std::uint32_t>(t.task.threads.size() - 1);
  TRY(fill_memory(t, premaps, at, args, arena));
  TRY(task::fill_process(t, args.task, arena));
  TRY(signals::fill_process(t, args.signals, arena));
  TRY(timers::fill_process(t, args.timers, arena));
  TRY(files::fill_process(t, args.files, arena));
  TRY(security::fill_process(t, args.security, arena));
  std::vector<restorer::ThreadArgs> threads;
  for (std::size_t i = 0; i < t.task.threads.size(); ++i) {
    restorer::ThreadArgs& th = threads.emplace_back();
    th.tid = t.task.threads[i].tid.value;
    const std::vector<int>& inner = t.task.threads[i].inner;
    std::vector<std::int32_t> numbers(inner.rbegin(), inner.rend());
    numbers.push_back(th.tid);
    th.own_number = numbers.front();
    const std::size_t outer = std::min(numbers.size(), t.task.thread_levels_free);
    th.outer =
        arena.add(std::vector<std::int32_t>(numbers.rbegin(), numbers.rbegin() + static_cast<std::ptrdiff_t>(outer)));
    numbers.resize(numbers.size() - outer);
    th.numbers = arena.add(numbers);
    th.stack_top = at.stacks + (i + 1 + t.task.leader_exited) * restorer::kThreadStack;
    TRY(task::fill_thread(t, i, th.task, arena));
    TRY(signals::fill_thread(t, i, th.signals, arena));
    TRY(timers::fill_thread(t, i, th.timers, arena));
    TRY(files::fill_thread(t, i, th.files, arena));
    TRY(security::fill_thread(t, i, th.security, arena));
  }
  args.threads = arena.add(threads);
  args.pid_spaces = arena.add(pid_spaces_of(t.tree(), t.task.space));
  if (t.task.leader_exited) TRY(fill_dead_leader(t, args.dead_leader, arena));
  return args;
}

}  // namespace

Result<RestorerArena> map_arena(const RestoreCtx& ctx, const Task& t, bool shared) {
  SharedPage* page = ctx.shared;
  const std::uint64_t size = layout_of(0, t, *page).end;
  const Layout at = layout_of(
      TRY(mm::find_gap(ctx, size, task::runs_compat(ctx.models, t) ? mm::kCompatGaps : mm::kUsualGaps)), t, *page);
  auto fail = [&](const char* step) { return Error{"engine", step, format("pid {}", t.pid), errno, ""}; };
  auto map = [&](std::uint64_t start, std::uint64_t end, int flags) {
    return mmap(reinterpret_cast<void*>(start), end - start, PROT_READ | PROT_WRITE | PROT_EXEC,
                MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0) != MAP_FAILED;
  };
  if (!map(at.base, at.end, MAP_PRIVATE | MAP_FIXED_NOREPLACE)) return fail("map the restorer's arena for");
  if (shared && !map(at.args, at.end, MAP_SHARED | MAP_FIXED)) return fail("map the restorer's arguments for");
  // mremap(2) of a shared mapping with an old size of 0 makes a second view of the same pages.
  if (mremap(page, 0, page->bytes, MREMAP_MAYMOVE | MREMAP_FIXED, reinterpret_cast<void*>(at.shared)) == MAP_FAILED)
    return fail("share the stages with");
  const auto code_size = static_cast<std::size_t>(cr_restorer_blob_end - cr_restorer_blob);
  std::memcpy(reinterpret_cast<void*>(at.base), cr_restorer_blob, code_size);
  arch::sync_code(reinterpret_cast<void*>(at.base), code_size);
  page->task[t.index].arena_base = at.base;
  page->task[t.index].arena_size = size;
  return RestorerArena{at.base, size, at.base, at.stacks + restorer::kThreadStack, at.args, at.park};
}

Result<> compose_arguments(TaskCtx& t, const mm::Premaps& premaps, const RestorerArena& where) {
  ArenaBuilder arena;
  arena.bytes().resize(sizeof(restorer::Args));
  restorer::Args args = TRY(fill(t, premaps, layout_of(where.base, t.task, *t.restore.shared), arena));
  // Each thread finds the arguments by its distance from them.
  auto threads = args.threads.in(arena.bytes().data());
  for (restorer::ThreadArgs& th : threads)
    th.args_offset = static_cast<std::uint32_t>(reinterpret_cast<std::byte*>(&th) - arena.bytes().data());
  std::memcpy(arena.bytes().data(), &args, sizeof args);
  if (arena.bytes().size() > kArgsRoom)
    return Error{"engine", "fit the restorer's arguments for", format("pid {}", t.task.pid), E2BIG, ""};
  std::memcpy(reinterpret_cast<void*>(where.args), arena.bytes().data(), arena.bytes().size());
  return {};
}

}  // namespace cr::engine
