#include "security/confinement.h"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "base/format.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "infect/parasite_session.h"
#include "security/bystander.h"
#include "security/creds.h"

namespace cr::security {
namespace {

constexpr long kLandlockCreateRuleset = 444;
constexpr unsigned kRulesetVersion = 1;

Error fail(std::string step, std::string object, int err = 0, std::string remedy = {}) {
  return Error{"security", std::move(step), std::move(object), err, std::move(remedy)};
}

bool kernel_has_landlock() { return syscall(kLandlockCreateRuleset, nullptr, 0, kRulesetVersion) > 0; }

Result<> check_landlock(DumpCtx& ctx, const Task& task, infect::SeizedThread& thread,
                        infect::ParasiteSession& session) {
  const std::string object = format("pid {} thread {}", task.host, thread.tid);
  auto may_look_at = [&](int pid, int own) -> Result<bool> {
    SysResult done = TRY(session.remote_syscall(thread, SYS_kcmp, own, pid, KCMP_VM, 0, 0));
    return done.ok() || done.err() != EPERM;
  };
  const std::string status = TRY(core::read_text(format("/proc/{}/task/{}/status", task.host, thread.tid)));
  const auto numbers = core::words(core::field(status, "NSpid").value_or(""));
  const auto own = static_cast<int>(numbers.empty() ? 0 : core::number(numbers.back()).value_or(0));
  const KobjIds& lives_in = ctx.models.get<KobjModel>().of.at(task.pid);
  const KobjIds& here = ctx.models.get<KobjModel>().root;
  // Root here may look at the engine itself.
  const bool beside_us = lives_in.pid_ns == here.pid_ns && lives_in.user_ns == here.user_ns;
  if (beside_us && TRY(may_look_at(getpid(), own))) return {};
  const Creds creds = TRY(parse_status(status));
  if (TRY(may_look_at(TRY(bystander_of(ctx, task, creds.uid.real, creds.gid.real)), own))) return {};
  if (!ctx.opt.allows_lossy(kLossyLandlock))
    return fail("dump", object, 0,
                format("it is in a Landlock domain, which can't be read; --allow-lossy {} restores it without",
                       kLossyLandlock));
  ctx.losses.push_back(format("{}: {}", kLossyLandlock, object));
  return {};
}

}  // namespace

Result<> interrogate_confinement(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  static const bool landlock = kernel_has_landlock();
  if (!landlock) return {};
  for (infect::SeizedThread& thread : ctx.seized[task.index].threads())
    TRY(check_landlock(ctx, task, thread, session));
  return {};
}

Result<> dismiss_bystanders(DumpCtx& ctx) {
  ctx.models.edit<Bystanders>().dismiss();
  return {};
}

}  // namespace cr::security
