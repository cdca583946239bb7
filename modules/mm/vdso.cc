#include "mm/vdso.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "arch/host.h"
#include "base/format.h"
#include "core/proc_text.h"
#include "mm/premap.h"
#include "mm/smaps.h"
#include "task/task.h"

namespace cr::mm {
namespace {

void extend(Range& hull, const Range& part) {
  hull = hull.size() == 0 ? part : Range{std::min(hull.start, part.start), std::max(hull.end, part.end)};
}

VdsoPlace place_of(const AddressSpace& space) {
  VdsoPlace place;
  for (const Vma& v : space.vmas) {
    if (v.is(kVmaVdso)) extend(place.vdso, v);
    if (v.is(kVmaVvar)) extend(place.vvar, v);
  }
  return place;
}

/// The code finds its data by the distance, so both must fit.
bool same_shape(const VdsoPlace& a, const VdsoPlace& b) {
  return a.vdso.size() == b.vdso.size() &&
         (a.vvar.size() == 0 ||
          (a.vvar.size() == b.vvar.size() && a.vdso.start - a.vvar.start == b.vdso.start - b.vvar.start));
}

Error fail(const char* what) {
  return Error{"mm", "use this kernel's vdso instead of", "the dump's", 0,
               format("{}; restore on the kernel of the dump", what)};
}

}  // namespace

Result<OwnVdso> OwnVdso::find() { return find_in(TRY(core::read_text("/proc/self/maps"))); }

Result<OwnVdso> OwnVdso::find_in(const std::string& maps) {
  OwnVdso own;
  for (const SmapsEntry& e : TRY(parse_smaps(maps))) {
    if (e.path == "[vdso]") own.place.vdso = e.range;
    if (!e.path.starts_with("[vvar")) continue;
    own.vvar_parts.push_back(e.range);
    extend(own.place.vvar, e.range);
  }
  own.code = {reinterpret_cast<const std::uint8_t*>(own.place.vdso.start), own.place.vdso.size()};
  return own;
}

Result<VdsoFit> compare_vdso(const VdsoPlace& old, std::span<const std::uint8_t> code, const OwnVdso& own) {
  if (old.vdso.size() == 0) return VdsoFit::kNone;
  bool fits = same_shape(old, own.place);
  if (code.empty()) {
    if (fits) return VdsoFit::kSame;
    return fail("it has another size, and the images do not hold its code");
  }
  if (fits && std::equal(code.begin(), code.end(), own.code.begin(), own.code.end())) return VdsoFit::kSame;
  if (own.code.empty()) return fail("this kernel has none");
  VdsoFunctions theirs = TRY(parse_vdso(code)), ours = TRY(parse_vdso(own.code));
  return fits && theirs == ours ? VdsoFit::kSameFunctions : VdsoFit::kProxy;
}

Result<std::vector<Poke>> proxy_pokes(const VdsoFunctions& old, std::uint64_t at, std::uint64_t size,
                                      const VdsoFunctions& own, std::uint64_t own_at) {
  // Several names of one function: any that this kernel knows will do.
  std::map<std::uint64_t, arch::VdsoPatch> patches;
  for (const auto& [name, offset] : old) {
    if (arch::vdso_keeps(name)) continue;
    arch::VdsoPatch& patch = patches[offset];
    if (auto it = own.find(name); it != own.end())
      patch = arch::vdso_jump(own_at + it->second);
    else if (auto nr = arch::vdso_syscall_of(name); nr && patch.size == 0)
      patch = arch::vdso_syscall(*nr);
  }
  std::vector<Poke> pokes;
  for (auto it = patches.begin(); it != patches.end(); ++it) {
    const auto& [offset, patch] = *it;
    auto name = std::find_if(old.begin(), old.end(), [&](const auto& f) { return f.second == it->first; })->first;
    if (patch.size == 0) return fail(format("this kernel's has no function {}", name).c_str());
    std::uint64_t end = std::next(it) == patches.end() ? size : std::next(it)->first;
    if (end - offset < patch.size) return fail(format("its function {} is too short for a jump", name).c_str());
    Poke poke{at + offset, patch.size, 0, {}};
    std::copy(patch.code.begin(), patch.code.end(), poke.bytes);
    pokes.push_back(poke);
  }
  return pokes;
}

/// Of a 32-bit program: this kernel's takes its place, so it must be the same.
static Result<> plan_compat_vdso(const VdsoPlace& old, std::span<const std::uint8_t> code, const OwnVdso& own) {
  const bool same_code = std::equal(code.begin(), code.end(), own.code.begin(), own.code.end());
  if (old.vdso.size() == 0 || (same_shape(old, own.place) && (code.empty() || same_code))) return {};
  return fail("it is that of a 32-bit program and of another kernel");
}

Result<> plan_vdso(const Models& models, const Task& t, const OwnVdso& own, AddressSpace& space) {
  VdsoPlace old = place_of(space);
  if (task::runs_compat(models, t)) return plan_compat_vdso(old, space.vdso_code, own);
  VdsoFit fit = TRY(compare_vdso(old, space.vdso_code, own));
  if (fit == VdsoFit::kNone || fit == VdsoFit::kSame) return {};
  const auto& threads = models.get<task::RegsModel>().threads;
  for (const Thread& thread : t.threads) {
    auto it = threads.find(thread.tid);
    if (it == threads.end()) continue;
    std::uint64_t ip = arch::Host::ip(it->second.image.regs);
    if (ip >= old.vdso.start && ip < old.vdso.end)
      return Error{"mm", "restore", format("pid {} thread {}", t.pid, thread.tid), 0,
                   format("it stopped inside the vdso (at {:x}), and this kernel's is another one; dump it again, or "
                          "restore on the kernel of the dump",
                          ip)};
  }
  space.vdso_proxy = fit == VdsoFit::kProxy;
  if (!space.vdso_proxy) return {};
  // All that can go wrong goes wrong now; where the kernel's own will lie makes no difference to that.
  TRY(proxy_pokes(TRY(parse_vdso(space.vdso_code)), old.vdso.start, old.vdso.size(), TRY(parse_vdso(own.code)), 0));
  return {};
}

Result<> check_untouched(const Task& t, const AddressSpace& space, int mem_fd, const OwnVdso& own) {
  VdsoPlace place = place_of(space);
  if (place.vdso.size() == 0) return {};
  auto object = format("pid {} mapping {:x}-{:x} [vdso]", t.host, place.vdso.start, place.vdso.end);
  std::vector<std::uint8_t> code(place.vdso.size());
  ssize_t n = pread(mem_fd, code.data(), code.size(), static_cast<off_t>(place.vdso.start));
  if (n != static_cast<ssize_t>(code.size()) || !same_shape(place, own.place))
    return Error{"mm", "dump", object, 0,
                 "it or its data was unmapped in part or moved; let the program leave it whole"};
  if (std::equal(code.begin(), code.end(), own.code.begin(), own.code.end())) return {};
  return Error{
      "mm", "dump", object, 0,
      "the program has changed the code of its vdso, which is not carried; let it undo that before the dump"};
}

Result<VdsoMoves> vdso_moves(const RestoreCtx& ctx, const Task& t, const AddressSpace& space, std::uint64_t park) {
  OwnVdso own = TRY(OwnVdso::find_in(TRY(core::read_text_at(ctx.proc_fd, "self/maps"))));
  VdsoPlace old = place_of(space), to = old;
  VdsoMoves out;
  if (task::runs_compat(ctx.models, t) && old.vdso.size() != 0) {
    out.compat = old.vdso;
    extend(out.compat, old.vvar);
    to = {};
  }
  if (space.vdso_proxy) {
    Range hull = own.place.vdso;
    extend(hull, own.place.vvar);
    std::uint64_t shift = TRY(find_gap(ctx, hull.size())) - hull.start;
    to = own.place;
    for (Range* r : {&to.vdso, &to.vvar}) r->start += shift, r->end += shift;
    out.pokes = TRY(proxy_pokes(TRY(parse_vdso(space.vdso_code)), old.vdso.start, old.vdso.size(),
                                TRY(parse_vdso(own.code)), to.vdso.start));
  }
  auto add = [&](const Range& part, const Range& whole, const Range& target) {
    std::uint64_t place = target.size() == 0 ? 0 : target.start + (part.start - whole.start);
    out.moves.push_back({part.start, part.size(), place, park});
    park += part.size();
  };
  for (const Range& part : own.vvar_parts) add(part, own.place.vvar, to.vvar);
  if (own.place.vdso.size() > 0) add(own.place.vdso, own.place.vdso, to.vdso);
  return out;
}

}  // namespace cr::mm
