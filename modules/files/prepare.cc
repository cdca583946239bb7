// Before the first fork: limits, service descriptors.
#include <sys/resource.h>
#include <unistd.h>

#include "base/format.h"
#include "base/log.h"
#include "files/description.h"

namespace cr::files {
namespace {

/// The tasks get their own limits back in the restorer; until then numbers up to the last service one must be
/// allowed.
Result<> raise_limit(const Model& model) {
  const auto needed = static_cast<rlim_t>(service_floor(model)) + 576;
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fail("read", "RLIMIT_NOFILE", errno);
  if (limit.rlim_cur >= needed) return {};
  limit.rlim_cur = needed;
  if (limit.rlim_max < needed) limit.rlim_max = needed;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail("raise", format("RLIMIT_NOFILE to {}", needed), errno,
                "start crengine with a higher hard limit of open files (ulimit -Hn) or with CAP_SYS_RESOURCE");
  return {};
}

Result<int> open_service(const RestoreCtx& ctx, const char* path) {
  UniqueFd fd(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail("open", path, errno);
  return TRY(to_service(ctx, std::move(fd))).release();
}

}  // namespace

Result<> reserve_numbers(RestoreCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  TRY(raise_limit(model));
  if (ctx.first_service_fd < model.first_service_fd) ctx.first_service_fd = model.first_service_fd;
  const int floor = service_floor(model);
  TRY(log::keep_above(floor));
  TRY(ctx.images.keep_above(floor));
  ctx.proc_fd = TRY(open_service(ctx, "/proc"));
  for (const InheritFd& inherit : ctx.opt.inherit_fds) {
    UniqueFd copy(fcntl(inherit.fd, F_DUPFD_CLOEXEC, 0));
    if (!copy)
      return fail("take over", format("--inherit-fd fd[{}]:{}", inherit.fd, inherit.resource), errno,
                  "the caller must leave that descriptor open");
    model.inherited[inherit.resource] = TRY(to_service(ctx, std::move(copy))).release();
  }
  return {};
}

Result<> prepare(RestoreCtx& ctx) {
  for (const FileKind* kind : file_kinds())
    if (kind->prepare != nullptr) TRY(kind->prepare(ctx));
  return {};
}

Result<> furnish(RestoreCtx& ctx) {
  ctx.models.edit<Model>().root_fd = TRY(open_service(ctx, "/"));
  for (const FileKind* kind : file_kinds())
    if (kind->furnish != nullptr) TRY(kind->furnish(ctx));
  return {};
}

}  // namespace cr::files
