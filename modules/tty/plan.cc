// What a restore needs of the outside, and under which numbers the tasks inherit their terminals.
#include <asm/ioctls.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "files/description.h"
#include "tty/orphan.h"
#include "tty/outside.h"
#include "tty/pty_maker.h"
#include "tty/tty.h"

namespace cr::tty {
namespace {

bool is_led_inside(const TaskTree& tree, NsPid sid) {
  const Task* leader = sid == NsPid{} ? nullptr : tree.find(sid);
  return leader != nullptr && leader->sid == sid;
}

bool has_descriptors(const Model& model, TerminalId id) {
  return std::any_of(model.opens.begin(), model.opens.end(),
                     [id](const auto& open) { return open.second.terminal == id; });
}

/// Then its devpts is its own too, or a caller's business.
bool has_own_mounts(const PlanCtx& ctx) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  const KobjIds* root = objects.find(ctx.tree.root().pid);
  return root != nullptr && root->mnt_ns != objects.root.mnt_ns;
}

Result<> check_number_is_free(const Model& model, const Pair& pair, PairKey key) {
  const std::string node = format("{}/{}", slave_directory(ptmx_of(model, pair)), key.second);
  struct stat st;
  if (lstat(node.c_str(), &st) != 0) return {};
  std::string who = find_outside(TaskTree{}, static_cast<std::uint32_t>(st.st_dev), key.second, WhichEnd::kEither);
  return fail("make", node, EEXIST,
              format("that terminal belongs to {}: wait for its end, or restore with a devpts of its own",
                     who.empty() ? "another process" : who));
}

/// The terminal that the caller passes on as its standard input.
Result<> check_callers_terminal(const PlanCtx& ctx, const Terminal& t) {
  if (!ctx.opt.shell_job)
    return fail("restore", t.object, 0,
                "its other end was outside of the tree: --shell-job takes the caller's terminal");
  if (isatty(STDIN_FILENO) == 0)
    return fail("restore", t.object, ENOTTY, "--shell-job needs a terminal as the standard input of the restore");
  int session = 0;
  if (is_led_inside(ctx.tree, t.sid) && ioctl(STDIN_FILENO, TIOCGSID, &session) == 0 && session > 0)
    return fail(
        "restore", t.object, EBUSY,
        format("it controlled session {}, but that of the caller controls session {} already: run the restore "
               "by setsid(1) on a terminal that has none",
               t.sid, session));
  return {};
}

Result<> check_external(const PlanCtx& ctx, const Model& model, const Terminal& t) {
  if (!has_descriptors(model, t.id) && !is_led_inside(ctx.tree, t.sid)) return {};
  const std::string name = external_name(t);
  for (const InheritFd& i : ctx.opt.inherit_fds)
    if (i.resource == name) return {};
  return fail("restore", format("external terminal {}", name), 0, format("pass it by --inherit-fd fd[N]:{}", name));
}

/// A session that is led outside the tree has the controlling terminal of the caller.
Result<> check_callers_session(const PlanCtx& ctx, const Model& model) {
  for (const auto& [id, t] : model.terminals) {
    if (t.master || t.sid == NsPid{} || is_led_inside(ctx.tree, t.sid)) continue;
    UniqueFd own(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!own)
      return fail(
          "restore", t.object, errno,
          format("it controlled session {}, but the caller of the restore has no controlling terminal", t.sid));
  }
  return {};
}

}  // namespace

Result<> plan_all(PlanCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  files::Model& files = ctx.models.edit<files::Model>();
  for (auto& [key, pair] : model.pairs) {
    if (is_made_here(ctx.opt, pair) && !has_own_mounts(ctx)) TRY(check_number_is_free(model, pair, key));
    if (pair.master == 0 && pair.slave != 0 && !is_orphan(ctx.opt, pair))
      TRY(check_callers_terminal(ctx, model.terminals.at(pair.slave)));
    pair.master_fd = files::take_service_number(files);
    pair.slave_fd = files::take_service_number(files);
  }
  for (const auto& [id, t] : model.terminals)
    if (t.type == Type::kExternal)
      TRY(check_external(ctx, model, t));
    else if (t.type != Type::kPty && t.type != Type::kCtty && t.type != Type::kVt)
      return fail("restore", t.object, 0, "terminals of this type are not carried yet");
  TRY(check_callers_session(ctx, model));
  for (auto& [id, open] : model.opens) open.number = files::take_service_number(files);
  return {};
}

}  // namespace cr::tty
