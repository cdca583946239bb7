// The restore side of io_uring.h.
#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "base/log.h"
#include "files/description.h"
#include "files/io_uring.h"

namespace cr::files {
namespace {

constexpr std::uint8_t kSkipResult = 1 << 6;  // IOSQE_CQE_SKIP_SUCCESS, 5.17

/// Lets the kernel's counters of a new ring, which it keeps to itself, get to where they were: by requests that do
/// nothing.
class Turner {
 public:
  Turner(int fd, const RingView& ring, std::string object) : fd_(fd), ring_(ring), object_(std::move(object)) {
    const RingParams& p = ring.params();
    std::fill(ring.sqes().begin(), ring.sqes().end(), std::uint8_t{0});  // IORING_OP_NOP is 0
    for (std::uint32_t i = 0; p.has_array() && i < p.sq_entries; ++i) ring.store(ring.array_at(i), i);
  }

  /// Requests that leave no result.
  Result<> without_result(std::uint32_t count) {
    set_flags(kSkipResult);
    return run(count, false);
  }
  /// Requests whose results are taken at once, or stay.
  Result<> with_result(std::uint32_t count, bool taken) {
    set_flags(0);
    return run(count, taken);
  }

 private:
  void set_flags(std::uint8_t flags) {
    const RingParams& p = ring_.params();
    for (std::uint32_t i = 0; i < p.sq_entries; ++i) ring_.sqes()[i * p.sqe_size() + 1] = flags;
  }

  Result<> run(std::uint32_t count, bool taken) {
    const RingParams& p = ring_.params();
    while (count != 0) {
      const std::uint32_t now = std::min(count, p.sq_entries);
      ring_.store(p.sq_off.tail, ring_.load(p.sq_off.tail) + now);
      const long done = enter_ring(fd_, now, 0);
      if (done != static_cast<long>(now)) return fail("turn", object_, done < 0 ? static_cast<int>(-done) : EIO, "");
      if (taken) ring_.store(p.cq_off.head, ring_.load(p.cq_off.tail));
      count -= now;
    }
    return {};
  }

  int fd_;
  const RingView& ring_;
  std::string object_;
};

/// A word of the saved content.
std::uint32_t saved(const IoUring& ring, std::uint32_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, ring.rings.data() + offset, sizeof word);
  return word;
}

Result<> turn(int fd, const RingView& view, const IoUring& ring, const std::string& object) {
  const std::uint32_t unread = ring.completed - saved(ring, ring.params.cq_off.head);
  Turner turner(fd, view, object);
  TRY(turner.without_result(ring.submitted - ring.completed));
  TRY(turner.with_result(ring.completed - unread, true));
  // The kernel looks ahead for how much room there is, so those that are unread must be in the ring from here on.
  TRY(turner.with_result(unread, false));
  const RingParams& p = ring.params;
  if (view.load(p.sq_off.head) == ring.submitted && view.load(p.cq_off.tail) == ring.completed) return {};
  return fail("turn", object, EIO, "");
}

/// Everything but the counters of the kernel and its flags.
void write_content(const RingView& view, const IoUring& ring) {
  const RingParams& p = ring.params;
  auto copy = [&](std::size_t offset, std::size_t size) {
    std::memcpy(view.rings().data() + offset, ring.rings.data() + offset, size);
  };
  copy(p.cq_off.cqes, p.cq_entries * p.cqe_size());
  if (p.has_array()) copy(p.sq_off.array, p.sq_entries * 4);
  std::memcpy(view.sqes().data(), ring.sqes.data(), ring.sqes.size());
  for (std::uint32_t offset : {p.sq_off.tail, p.sq_off.dropped, p.cq_off.overflow, p.cq_off.flags})
    view.store(offset, saved(ring, offset));
}

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

Result<> plan_io_uring(PlanCtx& ctx) {
  for (const auto& [id, ring] : ctx.models.get<IoUringModel>().all) {
    const std::string& object = description(ctx.models, id).object;
    if (!is_sound(ring)) return fail("use", object, 0, "the image is damaged");
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
  UniqueFd fd = TRY(make_ring(params, object));
  const RingView view = TRY(RingView::map(fd.get(), params, object));
  TRY(turn(fd.get(), view, ring, object));
  write_content(view, ring);
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
