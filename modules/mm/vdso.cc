#include "mm/vdso.h"

#include "base/format.h"
#include "core/proc_text.h"
#include "mm/smaps.h"

namespace cr::mm {

Result<> check_vdso(const AddressSpace& space) {
  std::uint64_t vdso = 0, vvar = 0, own_vdso = 0, own_vvar = 0;
  for (const Vma& v : space.vmas) {
    if (v.is(kVmaVdso)) vdso += v.size();
    if (v.is(kVmaVvar)) vvar += v.size();
  }
  std::vector<SmapsEntry> own = TRY(parse_smaps(TRY(core::read_text("/proc/self/maps"))));
  for (const SmapsEntry& e : own) {
    if (e.path == "[vdso]") own_vdso += e.range.size();
    if (e.path.starts_with("[vvar")) own_vvar += e.range.size();
  }
  if (vdso == 0 || (vdso == own_vdso && vvar == own_vvar)) return {};
  return Error{
      "mm", "place the vdso of", format("pid {}", space.owner), 0,
      format("it has {} + {} bytes (vvar + vdso) and this kernel's {} + {}; restore on the kernel of the dump", vvar,
             vdso, own_vvar, own_vdso)};
}

}  // namespace cr::mm
