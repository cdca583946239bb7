#include "mm/smaps.h"

#include <sys/mman.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>

#include "base/format.h"

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08  // Linux 6.11
#endif

namespace cr::mm {
namespace {

bool parse_header(std::string_view line, SmapsEntry& e) {
  // "55d0-55d1 rw-p 00000000 fd:01 1234   /path"; paths may hold anything but newlines.
  std::string copy(line);
  int path_at = 0;
  if (std::sscanf(copy.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &e.range.start,
                  &e.range.end, e.perms, &e.offset, &e.major, &e.minor, &e.inode, &path_at) < 7)
    return false;
  if (path_at > 0 && static_cast<std::size_t>(path_at) < copy.size()) e.path = copy.substr(path_at);
  return true;
}

void split_flags(std::string_view text, std::vector<std::string>& out) {
  for (std::size_t i = 0; i + 1 < text.size();) {
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    out.emplace_back(text.substr(i, 2));
    i += 2;
  }
}

struct MadviseFlag {
  const char* code;
  int advice;
};
/// VmFlags codes that madvise(2) set, with the advice that sets them again.
constexpr MadviseFlag kMadviseFlags[] = {
    {"rr", MADV_RANDOM},   {"sr", MADV_SEQUENTIAL}, {"dc", MADV_DONTFORK}, {"mg", MADV_MERGEABLE},
    {"hg", MADV_HUGEPAGE}, {"nh", MADV_NOHUGEPAGE}, {"dd", MADV_DONTDUMP}, {"wf", MADV_WIPEONFORK},
};

struct Refused {
  const char* code;
  const char* kind;
};
constexpr Refused kRefused[] = {
    {"um", "memory registered with userfaultfd (missing)"},
    {"uw", "memory registered with userfaultfd (write-protect)"},
    {"ui", "memory registered with userfaultfd (minor)"},
    {"ss", "a shadow stack"},
    {"pf", "memory of a device (raw page frames)"},
    {"io", "memory of a device"},
    {"mt", "memory with tags (PROT_MTE)"},
    {"bt", "code whose branch targets are guarded (PROT_BTI)"},
};

std::uint32_t status_of(const SmapsEntry& e, bool shared) {
  if (e.path == "[vdso]") return kVmaRegular | kVmaAnonPrivate | kVmaVdso;
  if (e.path.starts_with("[vvar")) return kVmaRegular | kVmaAnonPrivate | kVmaVvar;
  if (e.path == "[vsyscall]") return kVmaAnonPrivate | kVmaVsyscall;
  if (e.path == "[heap]") return kVmaRegular | kVmaAnonPrivate | kVmaHeap;
  bool plain = e.path.empty() || e.path == "[stack]" || e.path.starts_with("[anon");
  if (plain && !shared) return kVmaRegular | kVmaAnonPrivate;
  return kVmaRegular | (shared ? kVmaFileShared : kVmaFilePrivate);
}

}  // namespace

bool SmapsEntry::has(std::string_view flag) const {
  return std::find(vm_flags.begin(), vm_flags.end(), flag) != vm_flags.end();
}

Result<std::vector<SmapsEntry>> parse_smaps(std::string_view text) {
  std::vector<SmapsEntry> entries;
  while (!text.empty()) {
    std::size_t eol = text.find('\n');
    std::string_view line = text.substr(0, eol);
    text.remove_prefix(eol == std::string_view::npos ? text.size() : eol + 1);
    // A header starts with a lower-case hex address, every other line with an upper-case letter.
    if (!line.empty() && !(line[0] >= 'A' && line[0] <= 'Z')) {
      SmapsEntry e;
      if (!parse_header(line, e)) return Error{"mm", "parse smaps line", std::string(line), 0, "report this kernel"};
      entries.push_back(std::move(e));
    } else if (entries.empty()) {
      return Error{"mm", "parse smaps line", std::string(line), 0, "report this kernel"};
    } else if (line.starts_with("VmFlags:")) {
      split_flags(line.substr(8), entries.back().vm_flags);
    } else if (line.starts_with("KernelPageSize:")) {
      entries.back().page_size = std::strtoull(std::string(line.substr(15)).c_str(), nullptr, 10) * 1024;
    } else if (line.starts_with("ProtectionKey:")) {
      entries.back().pkey = std::atoi(std::string(line.substr(14)).c_str());
    } else if (line.starts_with("Shared_") || line.starts_with("Swap:")) {
      const std::size_t number = line.find_first_of("0123456789");
      if (number == std::string_view::npos || line[number] != '0') entries.back().unshared = false;
    }
  }
  return entries;
}

Result<Vma> to_vma(const SmapsEntry& e, HostPid pid) {
  Vma v;
  v.start = e.range.start;
  v.end = e.range.end;
  v.pgoff = e.offset;
  for (int i = 0; i < 3; ++i)
    if (e.perms[i] != '-') v.prot |= (i == 0 ? PROT_READ : i == 1 ? PROT_WRITE : PROT_EXEC);
  // "sh" is VM_SHARED; a read-only MAP_SHARED file shows as 's' in perms by VM_MAYSHARE.
  bool shared = e.perms[3] == 's';
  v.status = status_of(e, shared);
  if (v.is(kVmaVvar | kVmaVdso | kVmaVsyscall)) {
    v.flags = MAP_PRIVATE | MAP_ANONYMOUS;
    v.pgoff = 0;
    if (e.has("dd")) v.madv |= 1u << MADV_DONTDUMP;
    if (v.is(kVmaVsyscall)) v.prot = PROT_EXEC;
    return v;
  }
  for (const Refused& r : kRefused)
    if (e.has(r.code))
      return Error{"mm", "dump", format("pid {} mapping {:x}-{:x} {}", pid, v.start, v.end, e.path), 0,
                   format("it is {}, which can't be carried; let the program unmap it before the dump", r.kind)};
  v.flags = shared ? MAP_SHARED : MAP_PRIVATE;
  if (e.has("dp")) v.flags = MAP_DROPPABLE;
  if (v.is(kVmaAnonPrivate)) {
    v.flags |= MAP_ANONYMOUS;
    v.pgoff = 0;
  }
  if (e.has("gd")) v.flags |= MAP_GROWSDOWN;
  if (e.has("nr")) v.flags |= MAP_NORESERVE;
  if (e.has("lo")) v.flags |= MAP_LOCKED;
  if (e.has("ht")) v.flags |= MAP_HUGETLB;
  v.lock_on_fault = e.locks_on_fault();
  v.sealed = e.has("sl");
  v.unshared = e.unshared;
  v.pkey = std::max(e.pkey, 0);
  for (const MadviseFlag& f : kMadviseFlags)
    if (e.has(f.code)) v.madv |= 1ull << f.advice;
  for (std::string_view prefix : {"[anon:", "[anon_shmem:"})
    if (e.path.starts_with(prefix)) v.anon_name = e.path.substr(prefix.size(), e.path.size() - prefix.size() - 1);
  return v;
}

bool is_droppable(const Vma& v) { return (v.flags & MAP_TYPE) == MAP_DROPPABLE; }

}  // namespace cr::mm
