#include "mm/inherited.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "base/page_size.h"
#include "mm/pagemap_entry.h"
#include "mm/premap.h"

namespace cr::mm {
namespace {

constexpr std::size_t kEntries = 16384;  // at a time

using Entries = std::vector<std::uint64_t>;

Result<UniqueFd> open_pagemap(HostPid pid) {
  UniqueFd fd(open(format("/proc/{}/pagemap", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Error{"mm", "open pagemap of", format("pid {}", pid), errno, "run as root"};
  return fd;
}

Result<> read_entries(const UniqueFd& fd, std::uint64_t at, std::size_t count, Entries& out) {
  out.resize(count);
  const auto bytes = static_cast<ssize_t>(count * sizeof(std::uint64_t));
  const auto offset = static_cast<off_t>(at / page_size() * sizeof(std::uint64_t));
  const ssize_t n = pread(fd.get(), out.data(), count * sizeof(std::uint64_t), offset);
  if (n != bytes) return Error{"mm", "read pagemap at", format("{:x}", at), n < 0 ? errno : EIO, ""};
  return {};
}

bool is_shared(std::uint64_t before, std::uint64_t child, std::uint64_t after) {
  const bool present = (before & child & kEntryPresent) != 0 && ((before | child) & kEntryExclusive) == 0;
  return present && (child & kEntryFrame) != 0 && (before & kEntryFrame) == (child & kEntryFrame) && before == after;
}

const Task* maker_of(const Model& m, const TaskTree& tree, const Task& t) {
  const TaskIndex maker = t.index < m.forked_from.size() ? m.forked_from[t.index] : kNoTask;
  if (maker == kNoTask || m.of(t).owner != t.pid) return nullptr;
  const Task& parent = tree.tasks[maker];
  return m.of(parent).owner == parent.pid ? &parent : nullptr;
}

/// The first address from `at` on, up to `end`, that no run of pages has.
std::uint64_t covered_until(const std::vector<core::PageRun>& runs, std::uint64_t at, std::uint64_t end) {
  const std::uint64_t page = page_size();
  auto it = std::upper_bound(runs.begin(), runs.end(), at, [&](std::uint64_t address, const core::PageRun& r) {
    return address < r.vaddr + r.nr_pages * page;
  });
  for (; it != runs.end() && it->vaddr <= at && at < end; ++it) at = it->vaddr + it->nr_pages * page;
  return std::min(at, end);
}

}  // namespace

bool can_inherit(const Model& m, const TaskTree& tree, const Task& t, const Vma& v) {
  const Task* parent = can_premap(v) ? maker_of(m, tree, t) : nullptr;
  if (parent == nullptr) return false;
  const std::vector<Vma>& theirs = m.of(*parent).vmas;
  const auto it = std::lower_bound(theirs.begin(), theirs.end(), v.start,
                                   [](const Vma& a, std::uint64_t start) { return a.start < start; });
  return it != theirs.end() && can_premap(*it) && same_mapping(*it, v);
}

bool inherits_pages(const AddressSpace& space) {
  return std::any_of(space.runs.begin(), space.runs.end(),
                     [](const core::PageRun& r) { return (r.flags & core::kPeInherited) != 0; });
}

Result<SharedFrames> SharedFrames::open(HostPid parent, HostPid child) {
  UniqueFd first = TRY(open_pagemap(parent));
  return SharedFrames(std::move(first), TRY(open_pagemap(child)));
}

// Pages of stopped processes still move (compaction). The parent's entries are read before and after the child's, so
// that a frame which was one's and became the other's meanwhile is not taken for a shared one.
Result<std::vector<SharedFrames::Part>> SharedFrames::split(const Range& in) {
  const std::uint64_t page = page_size();
  std::vector<Part> parts;
  Entries before, child, after;
  for (std::uint64_t at = in.start; at < in.end;) {
    const std::size_t count = std::min<std::uint64_t>(kEntries, (in.end - at) / page);
    TRY(read_entries(parent_, at, count, before));
    TRY(read_entries(child_, at, count, child));
    TRY(read_entries(parent_, at, count, after));
    for (std::size_t i = 0; i < count; ++i, at += page) {
      const bool shared = is_shared(before[i], child[i], after[i]);
      if (!parts.empty() && parts.back().shared == shared)
        parts.back().end = at + page;
      else
        parts.push_back({{at, at + page}, shared});
    }
  }
  return parts;
}

Result<> check_inherited(const PlanCtx& ctx, const Task& t) {
  const Model& m = ctx.models.get<Model>();
  const AddressSpace& space = m.of(t);
  auto v = space.vmas.begin();
  for (const core::PageRun& r : space.runs) {
    if (!(r.flags & core::kPeParent)) continue;
    auto refuse = [&](const char* why) {
      return Error{"mm", "restore", format("pid {} pages from {:x} on", t.pid, r.vaddr), 0, why};
    };
    if (!(r.flags & core::kPeInherited))
      return refuse("they are in an earlier set of images, which is not read; dump without --prev-images-dir");
    const std::uint64_t end = r.vaddr + r.nr_pages * page_size();
    for (std::uint64_t at = r.vaddr; at < end; at = v->end) {
      while (v != space.vmas.end() && v->end <= at) ++v;
      if (v == space.vmas.end() || v->start > at || !can_inherit(m, ctx.tree, t, *v))
        return refuse("the images leave them to a parent that has no such mapping; take a complete copy");
    }
    const Task& parent = *maker_of(m, ctx.tree, t);
    if (covered_until(m.of(parent).runs, r.vaddr, end) != end)
      return refuse("the images leave them to a parent that does not have them; take a complete copy");
  }
  return {};
}

}  // namespace cr::mm
