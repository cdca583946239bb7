#include "engine/restorer_args.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "base/restore_shared.h"
#include "core/arena_builder.h"
#include "core/sharing.h"
#include "restorer/args.h"
#include "security/security.h"
#include "signals/signals.h"
#include "task/task.h"
#include "timers/timers.h"

namespace cr::engine {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t round_up(std::uint64_t n) { return (n + kPage - 1) & ~(kPage - 1); }

/// With a descriptor table that is shared, the others may still need theirs: the coordinator closes them in the end.
std::int32_t close_from(const TaskCtx& t) {
  const auto& ids = t.models().get<KobjModel>().of;
  std::uint32_t own = ids.at(t.task.pid).files;
  auto sharers = std::count_if(ids.begin(), ids.end(), [&](const auto& e) { return e.second.files == own; });
  return sharers > 1 ? -1 : t.restore.first_service_fd;
}

/// Where things lie in the arena; the arguments' size is known only when they are composed, so they come last but
/// one.
struct Layout {
  std::uint64_t base, stacks, park, shared, args;
};

Result<restorer::Args> fill(TaskCtx& t, const mm::Premaps& premaps, const Layout& at, std::uint64_t end,
                            ArenaBuilder& arena) {
  restorer::Args args{};
  args.shared = at.shared;
  args.close_from = close_from(t);
  args.leader_first = 1;
  args.threads_left = static_cast<std::uint32_t>(t.task.threads.size() - 1);
  TRY(mm::fill_process(t, premaps, {{at.base, end}}, at.park, args.mm, arena));
  TRY(task::fill_process(t, args.task, arena));
  TRY(signals::fill_process(t, args.signals, arena));
  TRY(timers::fill_process(t, args.timers, arena));
  TRY(security::fill_process(t, args.security, arena));
  std::vector<restorer::ThreadArgs> threads;
  for (std::size_t i = 0; i < t.task.threads.size(); ++i) {
    restorer::ThreadArgs& th = threads.emplace_back();
    th.tid = t.task.threads[i].tid.value;
    th.stack_top = at.stacks + (i + 1) * restorer::kThreadStack;
    TRY(task::fill_thread(t, i, th.task, arena));
    TRY(signals::fill_thread(t, i, th.signals, arena));
    TRY(timers::fill_thread(t, i, th.timers, arena));
    TRY(security::fill_thread(t, i, th.security, arena));
  }
  args.threads = arena.add(threads);
  return args;
}

}  // namespace

Result<RestorerArena> compose_arguments(TaskCtx& t, const mm::Premaps& premaps,
                                        std::pair<const char*, const char*> blob) {
  std::uint64_t blob_size = round_up(static_cast<std::uint64_t>(blob.second - blob.first));
  SharedPage* shared = t.restore.shared;
  std::uint64_t stacks = round_up(t.task.threads.size() * restorer::kThreadStack);
  // Room for the arguments: generous, since only touched pages cost.
  constexpr std::uint64_t kArgsRoom = 64 << 20;
  std::uint64_t size = blob_size + stacks + mm::kParkSize + round_up(shared->bytes) + kArgsRoom;
  Layout at{};
  at.base = TRY(mm::find_gap(t.restore, size));
  at.stacks = at.base + blob_size;
  at.park = at.stacks + stacks;
  at.shared = at.park + mm::kParkSize;
  at.args = at.shared + round_up(shared->bytes);
  auto fail = [&](const char* step) { return Error{"engine", step, format("pid {}", t.task.pid), errno, ""}; };
  void* area = mmap(reinterpret_cast<void*>(at.base), size, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  if (area == MAP_FAILED) return fail("map the restorer's arena for");
  // mremap(2) of a shared mapping with an old size of 0 makes a second view of the same pages.
  if (mremap(shared, 0, shared->bytes, MREMAP_MAYMOVE | MREMAP_FIXED, reinterpret_cast<void*>(at.shared)) ==
      MAP_FAILED)
    return fail("share the stages with");
  std::memcpy(area, blob.first, static_cast<std::size_t>(blob.second - blob.first));

  ArenaBuilder arena;
  arena.bytes().resize(sizeof(restorer::Args));
  restorer::Args args = TRY(fill(t, premaps, at, at.base + size, arena));
  // Each thread finds the arguments by its distance from them.
  auto threads = args.threads.in(arena.bytes().data());
  for (restorer::ThreadArgs& th : threads)
    th.args_offset = static_cast<std::uint32_t>(reinterpret_cast<std::byte*>(&th) - arena.bytes().data());
  std::memcpy(arena.bytes().data(), &args, sizeof args);
  if (arena.bytes().size() > kArgsRoom) {
    errno = E2BIG;
    return fail("fit the restorer's arguments for");
  }
  std::memcpy(reinterpret_cast<void*>(at.args), arena.bytes().data(), arena.bytes().size());
  RestorerArena result{at.base, size, at.base, at.stacks + restorer::kThreadStack, at.args};
  TaskSlot& slot = shared->task[t.task.index];
  slot.arena_base = result.base;
  slot.arena_size = result.size;
  return result;
}

}  // namespace cr::engine
