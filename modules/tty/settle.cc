// With the whole tree known: whose controlling terminal each one is, who else has it, what waits to be read.
#include <asm/ioctls.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/defer.h"
#include "base/format.h"
#include "core/proc_text.h"
#include "tty/node.h"
#include "tty/orphan.h"
#include "tty/outside.h"
#include "tty/tty.h"

namespace cr::tty {
namespace {

TerminalId add_slave(Model& model, Pair& pair, std::uint32_t dev, std::uint32_t index) {
  Terminal t;
  t.id = static_cast<TerminalId>(model.terminals.size() + 1);
  t.rdev = static_cast<std::uint32_t>(slave_node(index));
  t.dev = dev;
  t.index = index;
  t.object = format("terminal /dev/pts/{}", index);
  if (pair.master != 0) {
    const Terminal& master = model.terminals.at(pair.master);
    t.uid = master.uid;
    t.gid = master.gid;
    t.mode = master.mode;
    t.settings = master.settings;
    t.locked_settings = master.locked_settings;
    t.window = master.window;
  }
  pair.slave = t.id;
  model.terminals.emplace(t.id, std::move(t));
  return pair.slave;
}

/// The slave, console or external terminal with that device number, of which nobody may have a descriptor. 0: the
/// tree has nothing of it.
Result<TerminalId> terminal_with(Model& model, std::uint32_t rdev) {
  for (const auto& [id, t] : model.terminals)
    if ((t.type == Type::kExternal || t.type == Type::kVt) && t.rdev == rdev) return id;
  if (!is_slave_node(rdev)) return TerminalId{0};
  const std::uint32_t index = index_of_slave(rdev);
  const PairKey* found = nullptr;
  for (const auto& [key, pair] : model.pairs) {
    if (key.second != index || (pair.master == 0 && pair.slave == 0)) continue;
    if (found != nullptr)
      return fail("tell the controlling terminal", format("/dev/pts/{}", index), 0,
                  "the tree has terminals of that number in two devpts: dump them one by one");
    found = &key;
  }
  if (found == nullptr) return TerminalId{0};
  Pair& pair = model.pairs.at(*found);
  return pair.slave != 0 ? pair.slave : add_slave(model, pair, found->first, index);
}

/// A process group as the tree numbers it. A group without members in the tree keeps its number.
NsPid group_in_tree(const TaskTree& tree, int host_group) {
  for (const Task& t : tree.tasks) {
    if (t.host.value == host_group) return t.pid;
    if (getpgid(t.host.value) == host_group) return t.pgid;
  }
  return NsPid{host_group};
}

struct Controlling {
  std::uint32_t rdev = 0;
  int group = 0;
};

Result<Controlling> controlling_of(const Task& t) {
  auto stat = TRY(core::read_stat(t.host));
  return Controlling{static_cast<std::uint32_t>(stat.number(7)), static_cast<int>(stat.number(8))};
}

/// The terminal of the caller, when it controls the session but no descriptor of the tree leads to it.
TerminalId add_callers(Model& model, std::uint32_t rdev) {
  Terminal t;
  t.id = static_cast<TerminalId>(model.terminals.size() + 1);
  t.type = Type::kExternal;
  t.rdev = rdev;
  t.object = format("terminal {}:{}", major(rdev), minor(rdev));
  const TerminalId id = t.id;
  model.terminals.emplace(id, std::move(t));
  return id;
}

Result<> find_sessions(const DumpCtx& ctx, Model& model) {
  std::map<NsPid, TerminalId> of_session;
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive()) continue;
    const Controlling c = TRY(controlling_of(t));
    if (c.rdev == 0) continue;
    TerminalId id = TRY(terminal_with(model, c.rdev));
    if (id == 0 && ctx.opt.shell_job && ctx.tree.find(t.sid) == nullptr) id = add_callers(model, c.rdev);
    if (id == 0)
      return fail(
          "dump the controlling terminal of", format("pid {}", t.host), 0,
          format("device {}:{} is outside of the tree: start the program by setsid(1), or allow the terminal of "
                 "the caller with --shell-job",
                 major(c.rdev), minor(c.rdev)));
    Terminal& terminal = model.terminals.at(id);
    terminal.sid = t.sid;
    if (c.group > 0) terminal.pgrp = group_in_tree(ctx.tree, c.group);
    of_session[t.sid] = id;
  }
  for (const Task& t : ctx.tree.tasks) {
    const auto it = of_session.find(t.sid);
    if (!t.alive() || it == of_session.end()) continue;
    if (TRY(controlling_of(t)).rdev == 0) model.terminals.at(it->second).without.push_back(t.pid);
  }
  return {};
}

/// Which terminal each /dev/tty was opened for.
Result<> find_real(Model& model) {
  for (const auto& [id, copy] : model.copies) {
    Terminal& t = model.terminals.at(id);
    if (t.type != Type::kCtty || t.hung_up()) continue;
    unsigned rdev = 0;
    if (ioctl(copy.get(), TIOCGDEV, &rdev) != 0) return fail("read the device of", t.object, errno);
    t.real = TRY(terminal_with(model, rdev));
    if (t.real == 0)
      return fail("dump", t.object, 0,
                  format("it leads to device {}:{}, of which the tree has nothing else", major(rdev), minor(rdev)));
    t.sid = model.terminals.at(t.real).sid;
    t.pgrp = model.terminals.at(t.real).pgrp;
  }
  return {};
}

Result<> refuse_outsiders(const DumpCtx& ctx, const Model& model, PairKey key, const Pair& pair) {
  if (pair.master != 0) {
    const std::string& object = model.terminals.at(pair.master).object;
    if (std::string who = find_outside(ctx.tree, key.first, key.second, WhichEnd::kEither); !who.empty())
      return fail("dump", object, 0, format("{} outside of the tree has the same terminal: dump it too", who));
    int session = 0;
    if (ioctl(model.copies.at(pair.master).get(), TIOCGSID, &session) == 0 && session > 0 &&
        std::none_of(ctx.tree.tasks.begin(), ctx.tree.tasks.end(),
                     [&](const Task& t) { return t.host.value == session || getsid(t.host.value) == session; }))
      return fail("dump", object, 0, format("session {} outside of the tree is controlled by it", session));
    return {};
  }
  if (pair.slave == 0 || ctx.opt.shell_job) return {};
  if (is_orphan(ctx.opt, pair)) return check_orphan(ctx, model, pair);
  const Terminal& t = model.terminals.at(pair.slave);
  std::string who = find_outside(ctx.tree, key.first, key.second, WhichEnd::kMaster);
  return fail("dump", t.object, 0,
              format("the other end of the terminal is with {}: dump that one, allow the terminal of the caller with "
                     "--shell-job, or name it by --external {}",
                     who.empty() ? "a process outside of the tree" : who, external_name(t)));
}

bool is_open(const Model& model, TerminalId id) {
  return std::any_of(model.opens.begin(), model.opens.end(), [&](const auto& o) {
    return o.second.terminal == id || model.terminals.at(o.second.terminal).real == id;
  });
}

/// Output that can't go on although there is room for it was stopped.
bool is_stopped(int fd, const Input& of_other_end) {
  return of_other_end.bytes.size() < kLineBuffer && (poll_now(fd, POLLOUT) & POLLOUT) == 0;
}

/// A descriptor of the slave, unless nobody ever had one: to open and close it then would show at the master.
Result<UniqueFd> open_own_slave(const Terminal& master, int fd) {
  if (master.locked) TRY(set_locked(fd, false, master.object));
  auto slave = open_slave(fd, O_RDWR, master.object);
  if (master.locked) TRY(set_locked(fd, true, master.object));
  return slave;
}

/// Both ends are in the tree.
Result<> look_at(Model& model, PairKey key, Pair& pair) {
  const int fd = model.copies.at(pair.master).get();
  const bool was_closed = (poll_now(fd, 0) & POLLHUP) != 0;
  if (pair.slave == 0 && was_closed) add_slave(model, pair, key.first, key.second);
  Terminal& master = model.terminals.at(pair.master);
  if (master.packet_mode && (poll_now(fd, POLLPRI) & POLLPRI) != 0)
    return fail("dump", master.object, 0,
                "packet mode has a status that nobody has read yet, which can't be given back");
  if (master.packet_mode) TRY(set_packet_mode(fd, false, master.object));
  Defer packet_again([&] {
    if (master.packet_mode) (void)set_packet_mode(fd, true, master.object);
  });
  UniqueFd own;
  if (pair.slave != 0) {
    Terminal& slave = model.terminals.at(pair.slave);
    slave.was_open = was_closed || is_open(model, slave.id) || slave.sid != NsPid{};
    own = TRY(open_own_slave(master, fd));
    slave.exclusive = TRY(is_exclusive(own.get(), slave.object));
    // Nothing is known of the queues yet. A queue that is full stops the other end's output too: then both are kept
    // as they are while one looks, which harms nothing.
    const bool blocked = (poll_now(own.get(), POLLOUT) & POLLOUT) == 0;
    slave.input = TRY(look_at_input({own.get(), fd, *slave.settings, false, blocked, slave.object}));
    master.input = TRY(look_at_input({fd, own.get(), *slave.settings, true, blocked, master.object}));
    slave.stopped = is_stopped(own.get(), master.input);
    master.stopped = is_stopped(fd, slave.input);
    return {};
  }
  master.input = TRY(look_at_input({fd, -1, *master.settings, true, false, master.object}));
  return {};
}

}  // namespace

Result<> settle_all(DumpCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  TRY(find_sessions(ctx, model));
  TRY(find_real(model));
  for (const auto& [key, pair] : model.pairs) TRY(refuse_outsiders(ctx, model, key, pair));
  for (auto& [key, pair] : model.pairs)
    if (pair.master != 0) TRY(look_at(model, key, pair));
  return {};
}

}  // namespace cr::tty
