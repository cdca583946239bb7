#include "infect/session_state.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/format.h"
#include "infect/frame_place.h"
#include "infect/raised_limits.h"
#include "infect/thread_visit.h"

namespace cr::infect {
namespace {

using Args = std::span<const std::uint64_t>;

/// Frame bytes of `thread` for address `at`.
std::vector<std::byte> frame_of(const SeizedThread& thread, std::uint64_t at, std::uint64_t sigreturn) {
  std::vector<std::byte> bytes(arch::sigframe_size(thread.xstate.size()));
  arch::build_sigframe(bytes, at, sigreturn, arch::for_sigreturn(thread.regs), thread.xstate, thread.sigmask,
                       {.flags = arch::kKeepAltstack});
  return bytes;
}

}  // namespace

Result<> ParasiteSession::State::set_up(SeizedTask& task, const SessionOptions& options) {
  pid = task.pid();
  owner = getpid();
  opener = &task.threads().front();
  mem_fd = task.mem_fd();
  timeout = options.timeout;
  if (opener->shadow_stack)
    return Error{"infect", "run code in", format("thread {}", opener->tid), ENOTSUP,
                 "it uses a hardware shadow stack (CET), which is not supported"};
  const auto maps = TRY(read_maps(opener->tid));
  GadgetCache own_cache;
  gadgets = find_gadgets(maps, arch::ip(opener->regs), mem_fd, options.gadgets ? *options.gadgets : own_cache);
  if (!gadgets.complete()) planted = TRY(plant_gadgets(maps, mem_fd, gadgets));
  TRY(allow_all_syscalls(*opener, pid));
  TRY(place_frame(maps));
  std::size_t largest = 0;
  for (const SeizedThread& t : task.threads()) largest = std::max(largest, arch::sigframe_size(t.xstate.size()));
  layout = Layout::of(parasite_code().size(), largest, options.arena_size);
  TRY(map_remote());
  astray = true;
  TRY(come_back(*opener));
  astray = false;
  return shared.attach(opener->tid, base, layout, split);
}

Result<> ParasiteSession::State::place_frame(const std::vector<TargetMapping>& maps) {
  const std::size_t size = arch::sigframe_size(opener->xstate.size());
  const std::uint64_t at = TRY(choose_frame_place(opener->tid, maps, arch::sp(opener->regs), size));
  const auto bytes = frame_of(*opener, at, gadgets.sigreturn);
  frame_bytes.resize(size);
  // By way of /proc/PID/mem: process_vm_writev would un-share copy-on-write pages around it as well.
  const auto place = static_cast<off_t>(at);
  if (pread(mem_fd, frame_bytes.data(), size, place) != static_cast<ssize_t>(size) ||
      pwrite(mem_fd, bytes.data(), size, place) != static_cast<ssize_t>(size))
    return Error{"infect", "write a signal frame to", format("pid {} address {:#x}", pid, at), errno, ""};
  frame = at;
  return {};
}

Result<SysResult> ParasiteSession::State::frame_syscall(long nr, Args args) {
  auto result = run_one_syscall(*opener, gadgets, frame, nr, args, deadline_in(timeout));
  astray |= !result.ok() && result.error().err != ENOTSUP;  // that one is back already
  return result;
}

Result<> ParasiteSession::State::map_remote() {
  const std::uint64_t shared_flags =
      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | (arch::is_compat(opener->regs) ? arch::kMapCompat : 0);
  constexpr std::uint64_t kRead = PROT_READ, kWrite = PROT_WRITE, kExec = PROT_EXEC;
  const std::uint64_t none = ~0ull;
  const auto map = [&](std::uint64_t at, std::uint64_t size, std::uint64_t prot,
                       std::uint64_t flags) -> Result<SysResult> {
    const std::uint64_t args[] = {at, size, prot, flags, none, 0};
    if (arch::kMmapArguments == 0) return frame_syscall(__NR_mmap, args);
    const std::uint64_t place = frame + arch::kMmapArguments;
    if (pwrite(mem_fd, args, sizeof args, static_cast<off_t>(place)) != ssize_t{sizeof args})
      return Error{"infect", "write to the memory of", format("pid {}", pid), errno, ""};
    return frame_syscall(__NR_mmap, Args(&place, 1));
  };
  SysResult got = TRY(map(0, layout.size, kRead | kWrite | kExec, shared_flags));
  std::optional<RaisedLimits> raised;
  if (got.err() == ENOMEM || got.err() == EAGAIN) {
    raised.emplace(pid);
    got = TRY(map(0, layout.size, kRead | kWrite | kExec, shared_flags));
  }
  if (got.err() == EACCES || got.err() == EPERM) {
    // PR_SET_MDWE or a security module allows no memory that is both. The code needs no writable data.
    split = true;
    got = TRY(map(0, layout.size, kRead | kExec, shared_flags));
  }
  if (got.ok()) {
    base = static_cast<std::uint64_t>(got.raw());
    if (split)
      got = TRY(map(base + layout.control, layout.size - layout.control, kRead | kWrite, shared_flags | MAP_FIXED));
  }
  if (got.ok()) return {};
  return Error{"infect", "map memory in", format("pid {}", pid), got.err(),
               got.err() == ENOMEM || got.err() == EAGAIN
                   ? "it is at its hard limit (RLIMIT_AS, RLIMIT_MEMLOCK) or at vm.max_map_count; run the dump with "
                     "CAP_SYS_RESOURCE, or raise the limit (prlimit)"
                   : "a security policy is in the way"};
}

Result<> ParasiteSession::State::tear_down() {
  if (opener == nullptr || getpid() != owner) return {};
  Result<> result;
  if (frame != 0 && !astray) {
    if (base != 0) {
      const std::uint64_t args[] = {base, layout.size};
      auto unmapped = frame_syscall(__NR_munmap, args);
      if (!unmapped.ok()) result = unmapped.take_error();
    }
    auto back = come_back(*opener);
    astray |= !back.ok();
    if (!back.ok() && result.ok()) result = std::move(back);
  }
  opener = nullptr;
  if (astray) {
    shared.abandon();
    return result;
  }
  // Only now that nothing leads through the frame any more.
  if (frame != 0) (void)!pwrite(mem_fd, frame_bytes.data(), frame_bytes.size(), static_cast<off_t>(frame));
  remove_planted(planted, mem_fd);
  shared.release();
  return result;
}

std::uint64_t ParasiteSession::State::shared_frame(const SeizedThread& thread) {
  const std::uint64_t at = base + layout.frame;
  const auto bytes = frame_of(thread, at, gadgets.sigreturn);
  std::memcpy(shared.at(layout.frame), bytes.data(), bytes.size());
  return at;
}

}  // namespace cr::infect
