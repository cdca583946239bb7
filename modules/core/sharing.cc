#include "core/sharing.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/format.h"

namespace cr {

static_assert(KCMP_VM == 1 && KCMP_FILES == 2 && KCMP_FS == 3 && KCMP_SIGHAND == 4);

Result<std::uint32_t> KcmpIds::id_of(HostPid pid) {
  std::size_t low = 0, high = sorted_.size();
  while (low < high) {
    std::size_t mid = (low + high) / 2;
    long order = syscall(SYS_kcmp, pid.value, sorted_[mid].pid.value, type_, 0, 0);
    if (order < 0)
      return Error{"core", "compare kernel objects of", format("pid {}", pid), errno, "the kernel needs CONFIG_KCMP"};
    if (order == 0) return sorted_[mid].id;
    if (order == 1)
      high = mid;
    else
      low = mid + 1;
  }
  sorted_.insert(sorted_.begin() + static_cast<long>(low), Entry{pid, next_});
  return next_++;
}

std::uint32_t NamespaceIds::id_of(std::uint64_t dev, std::uint64_t ino) {
  return ids_.try_emplace({dev, ino}, static_cast<std::uint32_t>(ids_.size() + 1)).first->second;
}

}  // namespace cr
