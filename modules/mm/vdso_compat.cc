// The vdso of 32-bit programs. A process has one vdso only, so a child of the engine gives its own up and asks for
// that.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "arch/host.h"
#include "base/unique_fd.h"
#include "mm/vdso.h"

namespace cr::mm {
namespace {

constexpr std::uint64_t kPlace = 1ull << 30;  // of nobody in a 64-bit program

bool give_up(const Range& r) { return r.size() == 0 || munmap(reinterpret_cast<void*>(r.start), r.size()) == 0; }

/// In the child, which the kernel kills where it runs no such programs: writes the place, then the code.
bool show_compat_vdso(int out) {
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  auto own = OwnVdso::find();
  if (!own.ok() || !give_up(own.value().place.vdso)) return false;
  for (const Range& part : own.value().vvar_parts)
    if (!give_up(part)) return false;
  if (!arch::compat_call(arch::kCompatGetpid, 0, 0, 0, 0).ok() || !arch::map_compat_vdso(kPlace).ok()) return false;
  auto theirs = OwnVdso::find();
  if (!theirs.ok()) return false;
  const VdsoPlace& place = theirs.value().place;
  const auto code = theirs.value().code;
  return ::write(out, &place, sizeof place) == ssize_t{sizeof place} &&
         ::write(out, code.data(), code.size()) == static_cast<ssize_t>(code.size());
}

bool read_all(int fd, void* to, std::size_t size) {
  for (auto* at = static_cast<std::uint8_t*>(to); size > 0;) {
    const ssize_t n = ::read(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

Result<OwnVdso> find_compat() {
  int ends[2];
  if (pipe(ends) != 0) return Error{"mm", "make", "a pipe", errno, ""};
  UniqueFd reader(ends[0]), writer(ends[1]);
  const pid_t child = fork();
  if (child < 0) return Error{"mm", "fork", "a process that has a 32-bit program's vdso", errno, ""};
  if (child == 0) _exit(show_compat_vdso(writer.get()) ? 0 : 1);
  writer.reset();
  OwnVdso found;
  bool ok = read_all(reader.get(), &found.place, sizeof found.place);
  if (ok) {
    found.copy.resize(found.place.vdso.size());
    found.code = found.copy;
    ok = read_all(reader.get(), found.copy.data(), found.copy.size());
  }
  int status = 0;
  while (waitpid(child, &status, __WALL) < 0 && errno == EINTR) {
  }
  if (ok && status == 0) return found;
  return Error{"mm", "carry", "a 32-bit program", 0,
               "this kernel runs none (CONFIG_IA32_EMULATION; ia32_emulation= on its command line)"};
}

}  // namespace

Result<const OwnVdso*> KernelVdsos::of(bool compat) {
  std::optional<OwnVdso>& kept = compat ? compat_ : native_;
  if (!kept) kept.emplace(TRY(compat ? find_compat() : OwnVdso::find()));
  return &*kept;
}

}  // namespace cr::mm
