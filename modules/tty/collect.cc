// Which terminal a description belongs to.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "core/deleted_mark.h"
#include "core/id_map.h"
#include "files/description.h"
#include "tty/node.h"
#include "tty/outside.h"
#include "tty/tty.h"
#include "tty/vt.h"

namespace cr::tty {
namespace {

/// Node of the slave of a master, with its owner and mode.
Result<struct stat> stat_slave(const FileProbe& p, std::uint32_t index) {
  struct stat st;
  const std::string path = format("/proc/{}/root{}/{}", p.pid, slave_directory(p.link), index);
  if (stat(path.c_str(), &st) == 0 && is_slave_node(st.st_rdev) && index_of_slave(st.st_rdev) == index) return st;
  return fail("find the slave of", p.name(), errno, format("{} must lead to it", path));
}

bool is_external(const Options& opt, const Terminal& t) {
  return std::any_of(opt.external.begin(), opt.external.end(),
                     [&](const std::string& name) { return name == external_name(t); });
}

/// What the node tells of a slave.
void take_node(Terminal& t, const struct stat& st, const core::TreeIds& ids) {
  t.dev = static_cast<std::uint32_t>(st.st_dev);
  t.uid = ids.uid(st.st_uid);
  t.gid = ids.gid(st.st_gid);
  t.mode = st.st_mode & 07777;
}

Result<Terminal> describe(const DumpCtx& ctx, const FileProbe& p) {
  Terminal t;
  t.object = p.name();
  t.rdev = static_cast<std::uint32_t>(p.st.st_rdev);
  const unsigned maj = major(p.st.st_rdev), min = minor(p.st.st_rdev);
  auto refuse = [&](const char* why) { return fail("dump", p.name(), 0, why); };
  t.dev = static_cast<std::uint32_t>(p.st.st_dev);
  if (is_external(ctx.opt, t)) {
    t.type = Type::kExternal;
    return t;
  }
  if (maj == kAuxMajor && min == 2) {
    t.master = true;
    t.index = TRY(pty_index(p.fd, p.name()));
    take_node(t, TRY(stat_slave(p, t.index)), ctx.models.get<core::TreeIds>());
  } else if (maj == kAuxMajor && min == 0) {
    t.type = Type::kCtty;
  } else if (maj == kAuxMajor) {
    return refuse("the system console is not carried: start the program with its input and output elsewhere");
  } else if (maj == kVtMajor && min == 0) {
    return refuse("it is whichever console was in front when it was opened: let the program open that by its name");
  } else if (maj == kVtMajor && min < kFirstSerialMinor) {
    t.type = Type::kVt;
    t.index = min;
  } else if (maj == kVtMajor) {
    return refuse("a serial line has its other end outside: close it before the dump");
  } else {
    t.index = index_of_slave(p.st.st_rdev);
    take_node(t, p.st, ctx.models.get<core::TreeIds>());
  }
  return t;
}

TerminalId* slot_of(Pair& pair, const Terminal& t, bool hung_up) {
  return t.master ? &pair.master : hung_up ? &pair.hung_up : &pair.slave;
}

/// Settings and switches, through a descriptor of that end.
Result<> read_state(Terminal& t, int fd) {
  t.settings = TRY(read_settings(fd, t.object));
  t.locked_settings = TRY(read_locked_settings(fd, t.object));
  t.window = TRY(read_window(fd, t.object));
  t.exclusive = TRY(is_exclusive(fd, t.object));
  if (t.master) {
    t.packet_mode = TRY(is_packet_mode(fd, t.object));
    t.locked = TRY(is_locked(fd, t.object));
  }
  if (const int discipline = TRY(read_discipline(fd, t.object)); discipline != 0)
    return fail(
        "dump", t.object, 0,
        format("line discipline {} is not carried, only N_TTY: detach its driver before the dump", discipline));
  return {};
}

Result<TerminalId> add_terminal(Model& model, Terminal t, const FileProbe& p) {
  t.id = static_cast<TerminalId>(model.terminals.size() + 1);
  UniqueFd copy(fcntl(p.fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return fail("duplicate", t.object, errno, "raise the limit of open files of the engine");
  model.copies[t.id] = std::move(copy);
  const TerminalId id = t.id;
  model.terminals.emplace(id, std::move(t));
  return id;
}

/// The terminal of the description, new or known.
Result<TerminalId> terminal_of(const DumpCtx& ctx, Model& model, Terminal t, const FileProbe& p) {
  const bool hung_up = is_hung_up(p.fd);
  if (t.type == Type::kExternal) {
    for (const auto& [id, known] : model.terminals)
      if (known.type == Type::kExternal && known.rdev == t.rdev && known.dev == t.dev) return id;
    return add_terminal(model, std::move(t), p);
  }
  if (t.type == Type::kVt) {
    if (hung_up) return fail("dump", t.object, 0, "a virtual console that was hung up is not carried");
    for (const auto& [id, known] : model.terminals)
      if (known.type == Type::kVt && known.rdev == t.rdev) return id;
    TRY(check_console(ctx, p.fd, t.object));
    TRY(read_state(t, p.fd));
    return add_terminal(model, std::move(t), p);
  }
  if (t.type == Type::kCtty) {
    // Which terminal it is becomes clear when all are known.
    if (!hung_up) TRY(read_state(t, p.fd));
    return add_terminal(model, std::move(t), p);
  }
  if (t.master && hung_up) return fail("dump", t.object, 0, "a master that was hung up is not carried");
  TerminalId* slot = slot_of(model.pairs[{t.dev, t.index}], t, hung_up);
  if (*slot != 0) return *slot;
  if (!hung_up) TRY(read_state(t, p.fd));
  *slot = TRY(add_terminal(model, std::move(t), p));
  return *slot;
}

}  // namespace

std::string external_name(const Terminal& t) { return format("tty[{:x}:{:x}]", t.rdev, t.dev); }

const Pair* pair_of_session(const Model& model, NsPid sid) {
  for (const auto& [key, pair] : model.pairs)
    if (pair.slave != 0 && sid != NsPid{} && model.terminals.at(pair.slave).sid == sid) return &pair;
  return nullptr;
}

bool matches(const FileProbe& p) {
  if (!S_ISCHR(p.st.st_mode) || (p.flags & O_PATH) != 0) return false;
  const unsigned maj = major(p.st.st_rdev);
  return is_slave_node(p.st.st_rdev) || maj == kVtMajor || (maj == kAuxMajor && minor(p.st.st_rdev) <= 2);
}

Result<> collect_open(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  Model& model = ctx.models.edit<Model>();
  OpenTerminal open;
  open.terminal = TRY(terminal_of(ctx, model, TRY(describe(ctx, probe)), probe));
  open.path = probe.link;
  if (open.path.ends_with(core::kDeletedMark)) open.path.resize(open.path.size() - core::kDeletedMark.size());
  open.path_id = TRY(files::add_path(ctx, probe, open.path));
  model.opens[id] = std::move(open);
  return {};
}

}  // namespace cr::tty
