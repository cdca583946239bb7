#include "infect/gadgets.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <span>

#include "arch/host.h"

namespace cr::infect {
namespace {

constexpr std::size_t kChunk = 64 * 1024;
constexpr std::size_t kLongest = std::max(arch::kSyscallRet.size(), arch::kSigreturn.size());

template <std::size_t N>
bool holds(int mem_fd, std::uint64_t address, const std::array<unsigned char, N>& code) {
  std::array<unsigned char, N> bytes;
  return pread(mem_fd, bytes.data(), N, static_cast<off_t>(address)) == static_cast<ssize_t>(N) && bytes == code;
}

/// Whether `code` lies around text[hit], `before` bytes of it ahead, where an instruction can begin. `at` is the
/// place of `text`.
template <std::size_t N>
bool lies_at(std::span<const unsigned char> text, std::uint64_t at, std::size_t hit,
             const std::array<unsigned char, N>& code, std::size_t before) {
  return hit >= before && hit - before + N <= text.size() && (at + hit - before) % arch::kCodeAlignment == 0 &&
         memcmp(&text[hit - before], code.data(), N) == 0;
}

// One pass with memchr: three times as fast as memmem for each sequence.
void search(std::span<const unsigned char> text, std::uint64_t at, GadgetCache::Found& found) {
  for (std::size_t pos = 0; pos < text.size() && !(found.syscall_ret && found.sigreturn); ++pos) {
    const void* hit = memchr(&text[pos], arch::kScanByte, text.size() - pos);
    if (hit == nullptr) return;
    pos = static_cast<std::size_t>(static_cast<const unsigned char*>(hit) - text.data());
    if (!found.syscall_ret && lies_at(text, at, pos, arch::kSyscallRet, arch::kScanInSyscallRet))
      found.syscall_ret = at + pos - arch::kScanInSyscallRet;
    if (!found.sigreturn && lies_at(text, at, pos, arch::kSigreturn, arch::kScanInSigreturn))
      found.sigreturn = at + pos - arch::kScanInSigreturn;
  }
}

GadgetCache::Found scan(const TargetMapping& m, int mem_fd) {
  GadgetCache::Found found;
  auto buffer = std::make_unique_for_overwrite<unsigned char[]>(kChunk);
  for (std::uint64_t at = 0; at < m.end - m.start; at += kChunk - (kLongest - 1)) {
    const std::size_t want = std::min<std::uint64_t>(kChunk, m.end - m.start - at);
    const ssize_t n = pread(mem_fd, buffer.get(), want, static_cast<off_t>(m.start + at));
    if (n <= 0) break;
    search({buffer.get(), static_cast<std::size_t>(n)}, at, found);
    if ((found.syscall_ret && found.sigreturn) || static_cast<std::size_t>(n) < kChunk) break;
  }
  return found;
}

int rank(const TargetMapping& m, std::uint64_t ip) {
  if (m.inode != 0 && m.contains(ip)) return 0;
  if (m.name.find("/libc.") != m.name.npos || m.name.find("/libc-") != m.name.npos ||
      m.name.find("musl") != m.name.npos)
    return 1;
  return m.inode != 0 ? 2 : 3;
}

/// Code from files and the vdso. Anonymous code (a JIT's) comes and goes, and [vsyscall] cannot be read.
bool worth_scanning(const TargetMapping& m) {
  return m.readable && m.executable && (m.inode != 0 || m.name == "[vdso]");
}

}  // namespace

Gadgets find_gadgets(const std::vector<TargetMapping>& maps, std::uint64_t ip, int mem_fd, GadgetCache& cache) {
  std::vector<const TargetMapping*> code;
  for (const TargetMapping& m : maps)
    if (worth_scanning(m)) code.push_back(&m);
  std::stable_sort(code.begin(), code.end(),
                   [&](const auto* a, const auto* b) { return rank(*a, ip) < rank(*b, ip); });
  Gadgets gadgets;
  for (const TargetMapping* m : code) {
    const GadgetCache::Key key{m->device, m->inode, m->offset};
    const GadgetCache::Found* known = m->inode != 0 ? cache.find(key) : nullptr;
    const GadgetCache::Found found = known != nullptr ? *known : scan(*m, mem_fd);
    if (known == nullptr && m->inode != 0) cache.add(key, found);
    if (gadgets.syscall_ret == 0 && found.syscall_ret &&
        holds(mem_fd, m->start + *found.syscall_ret, arch::kSyscallRet))
      gadgets.syscall_ret = m->start + *found.syscall_ret;
    if (gadgets.sigreturn == 0 && found.sigreturn && holds(mem_fd, m->start + *found.sigreturn, arch::kSigreturn))
      gadgets.sigreturn = m->start + *found.sigreturn;
    if (gadgets.complete()) break;
  }
  return gadgets;
}

Result<Padding> plant_gadgets(const std::vector<TargetMapping>& maps, int mem_fd, Gadgets& gadgets) {
  constexpr std::size_t kSize = arch::kSyscallRet.size() + arch::kSigreturn.size();
  constexpr std::size_t kMargin = 4;  // nothing that ends in zeros by chance is cut into
  std::array<unsigned char, kSize> code;
  std::copy(arch::kSyscallRet.begin(), arch::kSyscallRet.end(), code.begin());
  std::copy(arch::kSigreturn.begin(), arch::kSigreturn.end(), code.begin() + arch::kSyscallRet.size());
  const auto try_in = [&](const TargetMapping& m) -> std::optional<Padding> {
    if (!m.readable || !m.executable || m.shared) return std::nullopt;
    std::array<unsigned char, kSize + kMargin> tail;
    if (pread(mem_fd, tail.data(), tail.size(), static_cast<off_t>(m.end - tail.size())) != ssize_t{tail.size()} ||
        std::any_of(tail.begin(), tail.end(), [](unsigned char c) { return c != 0; }))
      return std::nullopt;
    const std::uint64_t at = m.end - kSize;
    if (pwrite(mem_fd, code.data(), kSize, static_cast<off_t>(at)) != ssize_t{kSize}) return std::nullopt;
    gadgets = {at, at + arch::kSyscallRet.size()};
    return Padding{at, kSize};
  };
  for (const TargetMapping& m : maps)
    if (m.name == "[vdso]")
      if (auto p = try_in(m)) return *p;
  for (const TargetMapping& m : maps)
    if (auto p = try_in(m)) return *p;
  return Error{"infect", "find a system call instruction in", "the target's code", ENOENT,
               "it has no C library and no unused bytes in its executable pages"};
}

void remove_planted(const Padding& padding, int mem_fd) {
  const std::array<unsigned char, 64> zeros{};
  if (padding.size != 0) (void)!pwrite(mem_fd, zeros.data(), padding.size, static_cast<off_t>(padding.address));
}

}  // namespace cr::infect
