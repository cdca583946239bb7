#include "files/io_uring_probe.h"

#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "base/defer.h"
#include "base/format.h"
#include "base/page_size.h"
#include "base/surviving_child.h"
#include "core/proc_text.h"
#include "files/description.h"

namespace cr::files {
namespace {

/// Takes one line off the text.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return line;
}

/// "    3: something": the number, and the rest in `rest`; false for any other line.
bool is_place(std::string_view line, std::uint32_t& place, std::string_view& rest) {
  const std::size_t first = line.find_first_not_of(' '), colon = line.find(':');
  if (first == 0 || first == line.npos || colon == line.npos || colon < first) return false;
  const char* const end = line.data() + colon;
  if (std::from_chars(line.data() + first, end, place).ptr != end) return false;
  rest = line.substr(std::min(colon + 2, line.size()));
  return true;
}

/// "0x7f6459892000/4096" or "<none>".
RingBuffer parse_buffer(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == text.npos || !text.starts_with("0x")) return {};
  return {core::number(text.substr(2, slash - 2), 16).value_or(0), core::number(text.substr(slash + 1)).value_or(0)};
}

void take_line(std::string_view section, std::string_view line, RingInfo& info) {
  std::uint32_t place = 0;
  std::string_view rest;
  if (section == "PollList" && line.starts_with("  op=")) ++info.waiting;
  if (section == "CqOverflowList" && line.starts_with("  user_data=")) ++info.overflown;
  if (!is_place(line, place, rest)) return;
  if (section == "UserFiles" && rest != "<none>") info.files[place] = std::string(rest);
  if (section != "UserBufs" || place > 1u << 16) return;
  if (info.buffers.size() <= place) info.buffers.resize(place + 1);
  info.buffers[place] = parse_buffer(rest);
}

/// Whether so many bytes of a part of the ring are there. A mapping may be longer than what is behind it.
bool has_bytes(int fd, std::uint64_t offset, std::size_t size) {
  void* at = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset));
  if (at == MAP_FAILED) return false;
  char byte = 0;
  const iovec to{&byte, 1}, from{static_cast<char*>(at) + size - 1, 1};
  const bool there = process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1;
  munmap(at, size);
  return there;
}

/// What fdinfo shows of entries and results.
struct Shown {
  bool entry = false, wide_entry = false, wide_result = false;
  bool told = false;
};

Result<Shown> show(int fd) {
  const std::string text = TRY(core::read_text(format("/proc/self/fdinfo/{}", fd)));
  Shown s;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    if (line.find(" opcode:") != line.npos) s.entry = true, s.wide_entry |= line.find(", e0:") != line.npos;
    s.wide_result |= line.find(", extra1:") != line.npos;
  }
  s.told = true;
  return s;
}

/// Lets an empty ring show its next entry and its last result while it is looked at.
Result<Shown> show_moved(int fd, const RingView& ring) {
  const RingParams& p = ring.params();
  const std::uint32_t sq_head = ring.load(p.sq_off.head), sq_tail = ring.load(p.sq_off.tail);
  const std::uint32_t cq_head = ring.load(p.cq_off.head), cq_tail = ring.load(p.cq_off.tail);
  void* page = mmap(nullptr, sizeof(Shown), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return fail("find room for", "what a ring shows", errno);
  Defer unmap([&] { munmap(page, sizeof(Shown)); });
  const int forked = finish_in_child([&] {
    if (sq_tail == sq_head) ring.store(p.sq_off.tail, sq_tail + 1);
    if (cq_tail == cq_head) ring.store(p.cq_off.head, cq_head - 1);
    auto shown = show(fd);
    if (sq_tail == sq_head) ring.store(p.sq_off.tail, sq_tail);
    if (cq_tail == cq_head) ring.store(p.cq_off.head, cq_head);
    if (shown.ok()) *static_cast<Shown*>(page) = shown.value();
  });
  const Shown& shown = *static_cast<Shown*>(page);
  if (forked != 0 || !shown.told) return fail("read", "what a ring of io_uring shows in fdinfo", forked);
  return shown;
}

/// The layout that a ring with these flags has on this kernel.
Result<RingParams> twin_of(const RingInfo& info, std::uint32_t flags, const std::string& object) {
  RingParams params;
  params.sq_entries = info.sq_entries;
  params.cq_entries = info.cq_entries;
  params.flags = flags;
  TRY(make_ring(params, object));
  return params;
}

/// Of groups of buffers that the kernel may choose from.
std::string reason_of_group(const RingAsk& ask) {
  if (ask.group > 0xffff) return {};
  if (ask.group_status == -EINVAL && ask.group == 0) {  // buffers of the older way, or a kernel before 6.8
    RingParams params;
    params.sq_entries = params.cq_entries = 1;
    const auto empty = make_ring(params, "a look");
    RingBufferStatus status{};
    if (empty.ok() && register_ring(empty.value().get(), kRegisterPbufStatus, &status, 1) == -EINVAL) return {};
  }
  return format("it has buffers to choose from (group {}), and the kernel does not show where they are", ask.group);
}

}  // namespace

Result<RingInfo> parse_fdinfo_io_uring(std::string_view text) {
  RingInfo info;
  auto word = [&](const char* key, int base = 10) -> Result<std::uint32_t> {
    auto value = core::field(text, key);
    if (value && base == 16 && value->starts_with("0x")) value->remove_prefix(2);
    const auto number = value ? core::number(*value, base) : std::nullopt;
    if (!number) return fail(format("find {} of io_uring", key), "", 0, "the kernel must be 6.1 or newer");
    return static_cast<std::uint32_t>(*number);
  };
  info.sq_entries = TRY(word("SqMask", 16)) + 1;
  info.cq_entries = TRY(word("CqMask", 16)) + 1;
  info.submitted = TRY(word("CachedSqHead"));
  info.completed = TRY(word("CachedCqTail"));
  info.file_places = TRY(word("UserFiles"));
  info.has_thread = core::field(text, "SqThread").value_or("-1") != "-1";
  info.busy_polls = core::field(text, "NAPI").value_or("disabled") != "disabled";
  std::string_view section, rest = text;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    if (!line.empty() && line[0] != ' ') section = line.substr(0, line.find(':'));
    take_line(section, line, info);
  }
  return info;
}

std::string reason_against(const RingInfo& info) {
  if (info.has_thread)
    return "a thread of the kernel takes its entries (IORING_SETUP_SQPOLL), and after which idle time that sleeps is "
           "not shown; let the program make it without";
  if (info.waiting != 0)
    return format("{} of its requests are in flight; dump it when they are done or cancelled", info.waiting);
  if (info.overflown != 0)
    return format("{} results had no room in it, and can't be put back; let the program read them first",
                  info.overflown);
  if (info.busy_polls) return "it polls network devices (IORING_REGISTER_NAPI), which is not carried";
  return {};
}

std::string reason_against_ring(int fd) {
  if (enter_ring(fd, 0, kEnterGetevents) == -EBADFD)
    return "it has not been enabled yet (IORING_SETUP_R_DISABLED), which hides what it is";
  void* memory = mmap(nullptr, page_size(), PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED)
    return "its memory is the program's own (IORING_SETUP_NO_MMAP), and the kernel does not show where";
  munmap(memory, page_size());
  // Where the kernel itself looks for results, it does not look at the time to wait until.
  const std::uint64_t bad_time[3] = {0, 0, 1};
  if (enter_ring(fd, 0, kEnterGetevents | kEnterExtArg, bad_time, sizeof bad_time) != -EFAULT)
    return "it polls devices for results (IORING_SETUP_IOPOLL), which is not carried";
  return {};
}

std::uint32_t flags_of_one_thread(int fd) {
  // Results of none, waited for by none; and a call that always fails, in one of several ways.
  const bool defers = enter_ring(fd, 0, kEnterGetevents) == -EEXIST;
  const bool is_of_one = defers || register_ring(fd, kUnregisterEventfd, nullptr, 1) == -EEXIST;
  return (is_of_one ? std::uint32_t{kSetupSingleIssuer} : 0) |
         (defers ? std::uint32_t{kSetupDeferTaskrun | kSetupTaskrunFlag} : 0);
}

std::string reason_of_answers(const RingAsk& ask) {
  if (ask.bare == -EACCES) return "what it may be asked for is restricted, and the kernel does not show to what";
  if (ask.region == -EBUSY)
    return "it has a region of memory registered (IORING_REGISTER_MEM_REGION), and the kernel does not show where";
  return reason_of_group(ask);
}

Result<RingParams> find_params(int fd, const RingInfo& info, const std::string& object) {
  RingParams plain = TRY(twin_of(info, 0, object));
  const std::size_t narrow = info.sq_entries * 64;
  std::uint32_t flags = kSetupSubmitAll;
  if (narrow % page_size() == 0 && has_bytes(fd, kOffsetSqes, 2 * narrow)) flags |= kSetupSqe128;
  // Of the rings only as much as any kind has; entries can only be mapped as a whole.
  RingParams least = plain;
  least.flags = flags | kSetupNoSqArray;
  const RingView ring = TRY(RingView::map(fd, least, object));
  if (ring.load(plain.sq_off.ring_mask) + 1 != info.sq_entries ||
      ring.load(plain.cq_off.ring_mask) + 1 != info.cq_entries)
    return fail("dump", object, 0,
                "its memory is not laid out as that of a ring is; the program may have changed it");
  const Shown shown = TRY(show_moved(fd, ring));
  if (shown.wide_result) flags |= kSetupCqe32;
  if (shown.wide_entry) flags |= kSetupSqe128;
  RingParams found = TRY(twin_of(info, flags, object));
  bool has_array = shown.entry;
  if (!has_array && has_bytes(fd, kOffsetSqRing, found.rings_size())) {
    // Without an array that memory is empty; with one it may name an entry that is none, which is not shown.
    RingView whole = TRY(RingView::map(fd, found, object));
    has_array = whole.load(found.array_at(whole.load(found.sq_off.head))) > info.sq_entries - 1;
  }
  if (!has_array) flags |= kSetupNoSqArray;
  return has_array ? found : twin_of(info, flags, object);
}

}  // namespace cr::files
