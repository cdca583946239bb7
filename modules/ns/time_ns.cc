#include "ns/time_ns.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <charconv>

#include "base/format.h"
#include "base/unique_fd.h"
#include "core/proc_text.h"

namespace cr::ns {
namespace {

constexpr long kSecond_ns = 1'000'000'000;

timespec normal(timespec t) {
  t.tv_sec += t.tv_nsec / kSecond_ns;
  t.tv_nsec %= kSecond_ns;
  if (t.tv_nsec < 0) --t.tv_sec, t.tv_nsec += kSecond_ns;
  return t;
}

timespec now(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t;
}

timespec sum(const timespec& a, const timespec& b) { return normal({a.tv_sec + b.tv_sec, a.tv_nsec + b.tv_nsec}); }
timespec difference(const timespec& a, const timespec& b) {
  return normal({a.tv_sec - b.tv_sec, a.tv_nsec - b.tv_nsec});
}

bool parse_number(std::string_view word, long& out) {
  return std::from_chars(word.data(), word.data() + word.size(), out).ptr == word.data() + word.size();
}

}  // namespace

Result<Clocks> parse_offsets(std::string_view text) {
  Clocks offsets;
  while (!text.empty()) {
    const std::size_t eol = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, eol);
    text.remove_prefix(std::min(eol + 1, text.size()));
    const auto parts = core::words(line);
    timespec t{};
    if (parts.size() != 3 || !parse_number(parts[1], t.tv_sec) || !parse_number(parts[2], t.tv_nsec))
      return Error{"ns", "parse", format("the line \"{}\" of timens_offsets", line), 0, "report this kernel"};
    // The names since Linux 5.7, and the numbers of the clocks before.
    if (parts[0] == "monotonic" || parts[0] == "1") offsets.monotonic = t;
    if (parts[0] == "boottime" || parts[0] == "7") offsets.boottime = t;
  }
  return offsets;
}

Result<> check_time_for_children(const TaskTree& tree) {
  for (const Task& t : tree.tasks)
    for (const Thread& th : t.threads) {
      const auto own = core::read_proc_link(th.host, "ns/time"),
                 other = core::read_proc_link(th.host, "ns/time_for_children");
      if (!own.ok() || !other.ok() || own.value() == other.value()) continue;  // before Linux 5.6 there are none
      return Error{
          "ns", "dump", format("pid {} thread {}", t.host, th.host), 0,
          "its children are born in another time namespace than its own (unshare(CLONE_NEWTIME), unshare --time), "
          "which is not carried: dump such a child instead"};
    }
  return {};
}

Result<> collect_time(DumpCtx& ctx, NsId id, const Task& member) {
  const Clocks own = TRY(parse_offsets(TRY(core::read_text("/proc/self/timens_offsets"))));
  const Clocks theirs = TRY(parse_offsets(TRY(core::read_proc(member.live, "timens_offsets"))));
  ctx.models.edit<TimeModel>().offsets[id] = {difference(theirs.monotonic, own.monotonic),
                                              difference(theirs.boottime, own.boottime)};
  return {};
}

/// Not before the timers were read: none may seem to fire early.
Result<> settle_time(DumpCtx& ctx, NsId id) {
  TimeModel& model = ctx.models.edit<TimeModel>();
  const Clocks& offsets = model.offsets.at(id);
  model.clocks[id] = {sum(now(CLOCK_MONOTONIC), offsets.monotonic), sum(now(CLOCK_BOOTTIME), offsets.boottime)};
  return {};
}

Result<> fill_time(RestoreCtx& ctx, NsId id) {
  const Clocks& wanted = ctx.models.get<TimeModel>().clocks.at(id);
  const Clocks own = TRY(parse_offsets(TRY(core::read_text_at(ctx.proc_fd, "self/timens_offsets"))));
  // After unshare(2) the file shows and sets the new namespace, which starts with our offsets, while our own clocks
  // go on.
  const timespec monotonic = sum(difference(wanted.monotonic, now(CLOCK_MONOTONIC)), own.monotonic);
  const timespec boottime = sum(difference(wanted.boottime, now(CLOCK_BOOTTIME)), own.boottime);
  const std::string text = format("monotonic {} {}\nboottime {} {}\n", monotonic.tv_sec, monotonic.tv_nsec,
                                  boottime.tv_sec, boottime.tv_nsec);
  UniqueFd offsets(openat(ctx.proc_fd, "self/timens_offsets", O_WRONLY | O_CLOEXEC));
  if (!offsets || ::write(offsets.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return Error{"ns", "set the offsets of", format("time namespace {}", id), errno,
                 "the clocks would start before the boot of this machine, or /proc is not writable"};
  UniqueFd space(openat(ctx.proc_fd, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
  if (!space || setns(space.get(), CLONE_NEWTIME) != 0)
    return Error{"ns", "enter", format("time namespace {}", id), errno, ""};
  return {};
}

}  // namespace cr::ns
