#include "files/signalfd.h"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/description.h"
#include "files/fdinfo.h"

namespace cr::files {

bool matches_signalfd(const FileProbe& p) { return p.link == "anon_inode:[signalfd]"; }

Result<> collect_signalfd(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  auto mask = parse_fdinfo_signalfd(probe.fdinfo);
  if (!mask.ok()) return fail("read fdinfo of", probe.name(), 0, mask.error().step);
  ctx.models.edit<SignalfdModel>().masks[id] = mask.value();
  return {};
}

Result<UniqueFd> open_signalfd(TaskCtx& ctx, FileId id) {
  const std::uint64_t mask = ctx.models().get<SignalfdModel>().masks.at(id);
  // By system call: the C library's sigset_t leaves no way to name the signals that it keeps for itself.
  UniqueFd fd(static_cast<int>(syscall(SYS_signalfd4, -1, &mask, sizeof mask, SFD_CLOEXEC)));
  if (!fd) return fail("make", description(ctx.models(), id).object, errno);
  return fd;
}

}  // namespace cr::files
