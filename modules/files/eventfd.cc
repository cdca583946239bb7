#include "files/eventfd.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "files/description.h"
#include "files/fdinfo.h"

namespace cr::files {

bool matches_eventfd(const FileProbe& p) { return p.link == "anon_inode:[eventfd]"; }

Result<> collect_eventfd(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  auto info = parse_fdinfo_eventfd(probe.fdinfo);
  if (!info.ok()) return fail("read fdinfo of", probe.name(), 0, info.error().step);
  if (!info.value().semaphore)
    log::warn("{}: this kernel does not tell whether it is a semaphore; taken as a plain counter", probe.name());
  ctx.models.edit<EventfdModel>().all[id] = Eventfd{info.value().count, info.value().semaphore.value_or(false)};
  return {};
}

Result<UniqueFd> open_eventfd(TaskCtx& ctx, FileId id) {
  const Description& d = description(ctx.models(), id);
  const Eventfd& e = ctx.models().get<EventfdModel>().all.at(id);
  const int flags = EFD_CLOEXEC | EFD_NONBLOCK | (e.semaphore ? EFD_SEMAPHORE : 0);
  UniqueFd fd(eventfd(0, flags));
  if (!fd) return fail("make", d.object, errno);
  // eventfd(2) itself takes 32 bits only. The highest value that write(2) takes is also the highest there is.
  if (e.counter != 0 && eventfd_write(fd.get(), e.counter) != 0) return fail("set the counter of", d.object, errno);
  return fd;
}

}  // namespace cr::files
