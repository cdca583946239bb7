#include "tty/orphan.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/passed_fd.h"

namespace cr::tty {

bool is_orphan(const Options& opt, const Pair& pair) {
  return opt.orphan_pts_master && pair.master == 0 && pair.slave != 0;
}

Result<> check_orphan(const DumpCtx& ctx, const Model& model, const Pair& pair) {
  const auto copy = model.copies.find(pair.slave);
  if (copy == model.copies.end() || ctx.opt.allows_lossy("tty-input")) return {};
  if ((poll_now(copy->second.get(), POLLIN) & POLLIN) == 0) return {};
  return fail(
      "dump", model.terminals.at(pair.slave).object, 0,
      "input waits that can't be taken while its other end is outside of the tree: let the program read it, or "
      "--allow-lossy tty-input");
}

Result<> prepare_way_out(RestoreCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  if (std::none_of(model.pairs.begin(), model.pairs.end(),
                   [&](const auto& p) { return is_orphan(ctx.opt, p.second); }))
    return {};
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return fail("make a way out for the masters of", "terminals", errno);
  model.masters_in.reset(ends[0]);
  model.masters_out.reset(ends[1]);
  return {};
}

Result<> send_master(const Model& model, const Pair& pair, const std::string& object) {
  if (send_with_fd(model.masters_in.get(), "m", pair.master_fd) == 1) return {};
  return fail("pass on the master of", object, errno);
}

Result<> hand_over_masters(RestoreCtx& ctx) {
  const Model& model = ctx.models.get<Model>();
  if (!model.masters_out) return {};
  while (UniqueFd master = take_passed_fd(model.masters_out.get()))
    if (ctx.opt.notify) TRY(ctx.opt.notify("orphan-pts-master", ctx.tree.root().host, master.get()));
  return {};
}

}  // namespace cr::tty
