// The restore side of io_uring.h.
#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "base/log.h"
#include "core/arena_builder.h"
#include "files/description.h"
#include "files/io_uring.h"
#include "files/ring_restorer.h"
#include "files/wire.h"

namespace cr::files {
namespace {

/// A word of the saved content.
std::uint32_t saved(const IoUring& ring, std::uint32_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, ring.rings.data() + offset, sizeof word);
  return word;
}

const std::uint8_t* start_of(const std::string& s) { return reinterpret_cast<const std::uint8_t*>(s.data()); }

/// Whether what the images say fits together.
bool is_sound(const IoUring& ring) {
  const RingParams& p = ring.params;
  const bool sizes = p.sq_entries != 0 && p.sq_entries <= 1u << 16 && p.cq_entries >= p.sq_entries &&
                     p.cq_entries <= 1u << 17 && ring.rings.size() == p.rings_size() &&
                     ring.sqes.size() == p.sqes_size();
  if (!sizes) return false;
  for (std::uint32_t offset : {p.sq_off.head, p.sq_off.tail, p.sq_off.dropped, p.cq_off.head, p.cq_off.tail,
                               p.cq_off.overflow, p.cq_off.flags})
    if (offset % 4 != 0 || offset + 4 > ring.rings.size()) return false;
  return ring.completed - saved(ring, p.cq_off.head) <= p.cq_entries;
}

}  // namespace

/// Its number in the table; -1: it is not there.
static int number_of(const Table& table, FileId id) {
  const auto slot =
      std::find_if(table.slots.begin(), table.slots.end(), [&](const auto& s) { return s.second.id == id; });
  return slot == table.slots.end() ? -1 : slot->first;
}

/// Whether a thread that the images name has the ring.
static bool is_held_by(const PlanCtx& ctx, NsPid thread, FileId id) {
  const Task* task = ctx.tree.owner_of(thread);
  return task != nullptr && number_of(table_of(ctx.models.get<Model>(), *task), id) >= 0;
}

static bool has_its_threads(const PlanCtx& ctx, FileId id, const IoUring& ring) {
  if (ring.params.has_one_thread() != (ring.thread.value != 0)) return false;
  if (ring.thread.value != 0 && !is_held_by(ctx, ring.thread, id)) return false;
  return std::all_of(ring.numbers.begin(), ring.numbers.end(), [&](const RingNumber& n) {
    return n.number < kMaxRingNumbers && is_held_by(ctx, n.thread, id);
  });
}

Result<> plan_io_uring(PlanCtx& ctx) {
  for (const auto& [id, ring] : ctx.models.get<IoUringModel>().all) {
    const std::string& object = description(ctx.models, id).object;
    if (!is_sound(ring) || !has_its_threads(ctx, id, ring)) return fail("use", object, 0, "the image is damaged");
    RingParams now = ring.params;
    TRY(make_ring(now, object));
    const bool same = std::memcmp(&now.sq_off, &ring.params.sq_off, sizeof now.sq_off) == 0 &&
                      std::memcmp(&now.cq_off, &ring.params.cq_off, sizeof now.cq_off) == 0 &&
                      now.sq_entries == ring.params.sq_entries && now.cq_entries == ring.params.cq_entries;
    if (!same)
      return fail(
          "restore", object, 0,
          "this kernel lays rings out in another way, and the program knows the old one; restore it on the kernel "
          "that it was dumped on");
    if (ring.submitted >= 1u << 28) log::warn("{}: it takes a while to count to {}", object, ring.submitted);
  }
  return {};
}

Result<UniqueFd> open_io_uring(TaskCtx& ctx, FileId id) {
  const IoUring& ring = ctx.models().get<IoUringModel>().all.at(id);
  const std::string& object = description(ctx.models(), id).object;
  RingParams params = ring.params;
  if (params.has_one_thread()) params.flags |= kSetupDisabled;
  UniqueFd fd = TRY(make_ring(params, object));
  if (params.has_one_thread()) return fd;  // which enables it, in the restorer
  const RingView view = TRY(RingView::map(fd.get(), params, object));
  const RingTurn turn{fd.get(),
                      params,
                      view.rings().data(),
                      view.sqes().data(),
                      start_of(ring.rings),
                      start_of(ring.sqes),
                      ring.submitted,
                      ring.completed};
  if (SysResult done = turn_ring(turn); !done.ok()) return fail("turn", object, done.err());
  return fd;
}

Result<> connect_io_uring(TaskCtx& ctx, FileId id, int fd) {
  const IoUring& ring = ctx.models().get<IoUringModel>().all.at(id);
  const std::string& object = description(ctx.models(), id).object;
  std::vector<UniqueFd> open;
  std::vector<int> numbers;
  for (FileId file : ring.files) {
    if (file != 0) open.push_back(TRY(borrow(ctx, file)));
    numbers.push_back(file != 0 ? open.back().get() : -1);
  }
  auto registered = [&](std::uint32_t what, const void* argument, std::size_t count) -> Result<> {
    const long r = register_ring(fd, what, argument, static_cast<std::uint32_t>(count));
    if (r >= 0) return {};
    return fail("register files with", object, static_cast<int>(-r));
  };
  if (!numbers.empty()) TRY(registered(kRegisterFiles, numbers.data(), numbers.size()));
  if (ring.eventfd == 0) return {};
  const UniqueFd eventfd = TRY(borrow(ctx, ring.eventfd));
  const int number = eventfd.get();
  return registered(kRegisterEventfd, &number, 1);
}

Result<> fill_thread(const TaskCtx& ctx, std::size_t thread, RestoreThread& out, ArenaBuilder& arena) {
  const NsPid tid = ctx.task.threads[thread].tid;
  std::vector<RingWire> rings;
  std::vector<RingNumberWire> numbers;
  for (const auto& [id, ring] : ctx.models().get<IoUringModel>().all) {
    const int fd = number_of(table_of(ctx.models().get<Model>(), ctx.task), id);
    if (ring.thread == tid)
      rings.push_back({.fd = fd,
                       .submitted = ring.submitted,
                       .completed = ring.completed,
                       .rings = arena.add(std::span<const char>(ring.rings)),
                       .sqes = arena.add(std::span<const char>(ring.sqes)),
                       .params = ring.params});
    for (const RingNumber& n : ring.numbers)
      if (n.thread == tid) numbers.push_back({fd, n.number});
  }
  out.rings = arena.add(rings);
  out.ring_numbers = arena.add(numbers);
  return {};
}

bool is_ring(const Models& models, FileId id) { return models.get<IoUringModel>().all.contains(id); }

std::vector<RegisteredMemory> registered_memory(const Models& models, const Task& task) {
  const Model& model = models.get<Model>();
  const Table& table = model.tables.at(model.table_of[task.index]);
  std::vector<RegisteredMemory> all;
  if (table.leader != task.index) return all;
  for (const auto& [id, ring] : models.get<IoUringModel>().all) {
    const bool any = std::any_of(ring.buffers.begin(), ring.buffers.end(), [](auto& b) { return b.length != 0; });
    if (!any || model.descriptions.at(id).home != table.files_id) continue;
    RegisteredMemory memory{model.descriptions.at(id).number, {}};
    for (const RingBuffer& b : ring.buffers) memory.parts.insert(memory.parts.end(), {b.address, b.length});
    all.push_back(std::move(memory));
  }
  return all;
}

}  // namespace cr::files
