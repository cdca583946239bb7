// In the root task, before the others are forked: every terminal is made, in the state it had, and all descriptions
// of it are opened. After the last task is complete: what would have been in the way before.
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "core/opener.h"
#include "files/description.h"
#include "tty/controlling.h"
#include "tty/orphan.h"
#include "tty/outside.h"
#include "tty/pty_maker.h"
#include "tty/tty.h"
#include "tty/vt.h"

namespace cr::tty {
namespace {

Result<> put(UniqueFd fd, int number, const std::string& object) {
  if (dup3(fd.get(), number, O_CLOEXEC) < 0) return fail(format("put on number {}", number), object, errno);
  return {};
}

Result<> put_copy(int fd, int number, const std::string& object) {
  if (dup3(fd, number, O_CLOEXEC) < 0) return fail(format("put on number {}", number), object, errno);
  return {};
}

class Maker {
 public:
  explicit Maker(RestoreCtx& ctx) : ctx_(ctx), model_(ctx.models.edit<Model>()) {}

  Result<> make() {
    TRY(make_masters_of_all());
    for (auto& [key, pair] : model_.pairs) TRY(make_pair(key, pair));
    for (const auto& [id, open] : model_.opens) TRY(open_one(id, open));
    return open_controlling(ctx_, model_);
  }

 private:
  Result<> make_masters_of_all() {
    std::map<std::string, std::map<std::uint32_t, std::uint32_t>> wanted;
    for (const auto& [key, pair] : model_.pairs)
      if (is_made_here(ctx_.opt, pair)) wanted[ptmx_of(model_, pair)][key.second] = master_flags(ctx_, model_, pair);
    for (const auto& [ptmx, numbers] : wanted) {
      auto masters = TRY(make_masters(ptmx, numbers));
      for (auto& [key, pair] : model_.pairs)
        if (masters.contains(key.second) && ptmx_of(model_, pair) == ptmx)
          TRY(put(std::move(masters.at(key.second)), pair.master_fd, format("{} number {}", ptmx, key.second)));
    }
    return {};
  }

  Result<> make_pair(PairKey key, Pair& pair) {
    if (!is_made_here(ctx_.opt, pair)) return take_callers(pair);
    const std::string object = format("terminal /dev/pts/{}", key.second);
    TRY(set_locked(pair.master_fd, false, object));
    TRY(make_hung_up(pair, object));
    const bool is_orphan = tty::is_orphan(ctx_.opt, pair);
    if (pair.master == 0 && !is_orphan) {
      close(pair.master_fd);
      return {};
    }
    const Terminal& master = is_orphan ? outsiders_end(pair) : model_.terminals.at(pair.master);
    const Terminal& slave = pair.slave != 0 ? model_.terminals.at(pair.slave) : master;
    TRY(set_node(key, pair, slave));
    if (slave.window) TRY(write_window(pair.master_fd, *slave.window, object));
    // CRIU's sets have a slave only where somebody had it open.
    if (pair.slave != 0) TRY(put(TRY(open_slave(pair.master_fd, O_RDWR, object)), pair.slave_fd, object));
    TRY(fill(pair, master, slave));
    if (slave.locked_settings)
      TRY(write_locked_settings(pair.master_fd, *slave.locked_settings, object, ctx_.opener));
    if (master.packet_mode) TRY(set_packet_mode(pair.master_fd, true, object));
    if (!is_orphan) return {};
    TRY(send_master(model_, pair, object));
    close(pair.master_fd);
    return {};
  }

  /// A master as one gets it from ptmx, for a slave of the tree.
  const Terminal& outsiders_end(const Pair& pair) {
    outsiders_end_ = Terminal{};
    outsiders_end_.master = true;
    outsiders_end_.object = "master of " + model_.terminals.at(pair.slave).object;
    return outsiders_end_;
  }

  /// Descriptions of the slave that nothing can be done with any more.
  Result<> make_hung_up(const Pair& pair, const std::string& object) {
    if (pair.hung_up == 0) return {};
    int last = -1;
    for (const auto& [id, open] : model_.opens) {
      if (open.terminal != pair.hung_up) continue;
      const std::uint32_t flags = files::open_flags(files::description(ctx_.models, id).flags);
      TRY(put(TRY(open_slave(pair.master_fd, flags, object)), open.number, object));
      last = open.number;
    }
    // Without a master, its close does the same.
    if (last < 0 || pair.master == 0 || core::ioctl_as_engine(ctx_.opener, last, TIOCVHANGUP, "", 0) == 0) return {};
    return fail("hang up", object, errno, "run as root");
  }

  Result<> set_node(PairKey key, const Pair& pair, const Terminal& t) {
    const std::string node = format("{}/{}", slave_directory(ptmx_of(model_, pair)), key.second);
    if (chown(node.c_str(), t.uid, t.gid) != 0) return fail("set the owner of", node, errno);
    if (t.mode && chmod(node.c_str(), *t.mode) != 0) return fail("set the mode of", node, errno);
    return {};
  }

  Result<> fill(const Pair& pair, const Terminal& master, const Terminal& slave) {
    const Settings settings = slave.settings ? *slave.settings : *master.settings;
    const bool has_slave = pair.slave != 0;
    if (has_slave)
      TRY(put_input({pair.slave_fd, pair.master_fd, settings, false, false, slave.object, ctx_.opener}, slave.input));
    TRY(write_settings(pair.master_fd, settings, master.object));
    TRY(put_input({pair.master_fd, has_slave ? pair.slave_fd : -1, settings, true, false, master.object, ctx_.opener},
                  master.input));
    if (has_slave && slave.stopped) TRY(stop(pair.slave_fd, settings, slave.object));
    if (master.stopped && ioctl(pair.master_fd, TCXONC, TCOOFF) != 0)
      return fail("stop output of", master.object, errno);
    return {};
  }

  /// By the key for it where there is one, so that the other key starts it again; otherwise as tcflow(3) does.
  Result<> stop(int slave, const Settings& s, const std::string& object) {
    const std::uint8_t key = s.cc[VSTOP];
    const bool by_key = (s.iflag & IXON) != 0 && key != 0;
    if (by_key ? core::ioctl_as_engine(ctx_.opener, slave, TIOCSTI, &key, sizeof key) == 0
               : ioctl(slave, TCXONC, TCOOFF) == 0)
      return {};
    return fail("stop output of", object, errno);
  }

  /// The terminal that the caller passes on: it keeps its size and what was typed into it.
  Result<> take_callers(const Pair& pair) {
    const Terminal& t = model_.terminals.at(pair.slave);
    TRY(put_copy(STDIN_FILENO, pair.slave_fd, t.object));
    if (t.settings) TRY(write_settings(pair.slave_fd, *t.settings, t.object));
    return {};
  }

  Result<> open_vt(const OpenTerminal& open, const Terminal& t, std::uint32_t flags) {
    UniqueFd fd = TRY(open_console(t, open.path, flags));
    if (t.settings) TRY(write_settings(fd.get(), *t.settings, t.object));
    if (t.locked_settings) TRY(write_locked_settings(fd.get(), *t.locked_settings, t.object, ctx_.opener));
    return put(std::move(fd), open.number, t.object);
  }

  Result<> open_one(FileId id, const OpenTerminal& open) {
    const Terminal& t = model_.terminals.at(open.terminal);
    const std::uint32_t flags = files::open_flags(files::description(ctx_.models, id).flags);
    if (t.type == Type::kExternal) {
      const auto it = ctx_.models.get<files::Model>().inherited.find(external_name(t));
      return put_copy(it->second, open.number, t.object);
    }
    if (t.type == Type::kVt) return open_vt(open, t, flags);
    if (t.type == Type::kCtty || t.hung_up()) return {};  // these are made elsewhere
    const Pair& pair = model_.pairs.at({t.dev, t.index});
    if (t.master) return put_copy(pair.master_fd, open.number, t.object);
    if (pair.master == 0) return put(TRY(files::reopen(pair.slave_fd, flags, t.object)), open.number, t.object);
    return put(TRY(open_slave(pair.master_fd, flags, t.object)), open.number, t.object);
  }

  RestoreCtx& ctx_;
  Model& model_;
  Terminal outsiders_end_{};
};

/// A copy of a descriptor that a task has of that end.
Result<UniqueFd> copy_of(const RestoreCtx& ctx, const Terminal& t) {
  for (const auto& [id, open] : ctx.models.get<Model>().opens) {
    if (open.terminal != t.id) continue;
    if (UniqueFd fd = TRY(files::copy_restored(ctx, id))) return fd;
  }
  return fail("find a descriptor of", t.object, 0, "it is in flight in a socket: receive it before the dump");
}

/// What keeps others, and would have kept us, from opening that end.
Result<> shut(const RestoreCtx& ctx, TerminalId id) {
  if (id == 0) return {};
  const Terminal& t = ctx.models.get<Model>().terminals.at(id);
  if (!t.exclusive && !(t.master && t.locked)) return {};
  UniqueFd fd = TRY(copy_of(ctx, t));
  if (t.exclusive) TRY(set_exclusive(fd.get(), t.object));
  if (t.master && t.locked) TRY(set_locked(fd.get(), true, t.object));
  return {};
}

}  // namespace

Result<> prepare_all(RestoreCtx& ctx) { return prepare_way_out(ctx); }

Result<> furnish_all(RestoreCtx& ctx) { return Maker(ctx).make(); }

Result<> finish_all(RestoreCtx& ctx) {
  for (const auto& [key, pair] : ctx.models.get<Model>().pairs) {
    if (pair.master == 0) continue;
    TRY(shut(ctx, pair.slave));
    TRY(shut(ctx, pair.master));
  }
  for (const auto& [id, t] : ctx.models.get<Model>().terminals)
    if (t.type == Type::kVt) TRY(shut(ctx, id));
  return hand_over_masters(ctx);
}

Result<UniqueFd> open(TaskCtx& ctx, FileId id) {
  const OpenTerminal& o = ctx.models().get<Model>().opens.at(id);
  UniqueFd fd(fcntl(o.number, F_DUPFD_CLOEXEC, 0));
  if (!fd) return fail("duplicate", files::description(ctx.models(), id).object, errno);
  return fd;
}

}  // namespace cr::tty
