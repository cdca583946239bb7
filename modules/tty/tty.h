// Terminals: pseudo terminals with both ends in the tree, the terminal of the caller, external ones; sessions'
// controlling terminals and foreground groups.
//
// Where the kernel shows it: ioctl(2) on copies of the descriptors tells settings, window, switches, the number of a
// pty (see line.h); /proc/PID/stat which task has which controlling terminal and what its foreground group is. What
// waits to be read can't be peeked at: it is taken and put back while the tree is frozen (see queue.h).
//
// How it is put back: the root task makes every pty before it forks, with the number it had (it opens ptmx
// until that number comes), restores its state and opens all descriptions on service numbers, which the tasks
// inherit; their owners duplicate them from there. A leader takes its controlling terminal right after setsid(2),
// before it forks: whoever is in the session later has it by inheritance, there is no other way. Foreground groups
// are set when all groups exist. A hung-up slave comes about the way it did: its master is closed, or it is hung up
// by vhangup(2).
//
// A slave whose master is outside the tree: with --external tty[RDEV:DEV] (hexadecimal) the restore gets it by
// --inherit-fd fd[N]:tty[RDEV:DEV]; with --shell-job the restore takes the caller's terminal (standard input) for it,
// with its settings but not its window size. A runtime that takes the masters by itself (orphan_pts_master of the
// RPC) gets one of a new terminal, made where the old one was (see orphan.h).
//
// A virtual console stays where it is, and is opened again (see vt.h).
//
// Refused: a pty that a process outside also has; a pty of the outside without one of those options; serial lines,
// /dev/console; line disciplines other than N_TTY; status of packet mode that nobody has read yet;
// a number that is taken at the restore. Not seen: input that was written to a slave that nobody ever opened, a
// literal-next (^V) whose character has not come, an echo that waits behind stopped output.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/unique_fd.h"
#include "core/file_kind.h"
#include "core/module.h"
#include "tty/line.h"
#include "tty/queue.h"

namespace cr::tty {

/// Numbers of the image format (TtyType).
enum class Type : std::uint32_t {
  kUnknown = 0,
  kPty = 1,
  kConsole = 2,
  kVt = 3,
  kCtty = 4,
  kExternal = 5,
  kSerial = 6
};

using TerminalId = std::uint32_t;  ///< tty_info_entry.id

/// One end of a terminal, or what became of it.
struct Terminal {
  TerminalId id = 0;
  Type type = Type::kPty;
  bool master = false;
  std::uint32_t rdev = 0, dev = 0;  ///< of its node; `dev` tells which devpts
  std::uint32_t index = 0;          ///< N of /dev/pts/N
  bool locked = false, exclusive = false, packet_mode = false;
  std::optional<Settings> settings{};  ///< none: hung up
  std::optional<Settings> locked_settings{};
  std::optional<WindowSize> window{};
  NsPid sid{}, pgrp{};  ///< whose controlling terminal it is, and the foreground group
  std::uint32_t uid = 0, gid = 0;
  Input input{};

  // Ours.
  std::optional<std::uint32_t> mode{};  ///< permission bits of the slave's node
  bool was_open = false;                ///< the slave was open once: its master shows a hang-up without it
  bool stopped = false;                 ///< output of this end is stopped
  std::vector<NsPid> without{};         ///< tasks of the session that gave their controlling terminal up
  TerminalId real = 0;                  ///< of a /dev/tty: the terminal it was opened for; 0: hung up

  std::string object{};  ///< for errors

  bool hung_up() const { return !settings && type != Type::kExternal; }
  bool is_slave() const { return type == Type::kPty && !master && !hung_up(); }
};

/// One open file description of a terminal.
struct OpenTerminal {
  TerminalId terminal = 0;
  FileId path_id = 0;  ///< its path is a regular file's entry of files.img
  std::string path{};

  int number = -1;  ///< restore: the service number that all tasks inherit it under
};

/// Both ends of one pty, as far as the tree has them, by id; 0: it has not.
struct Pair {
  TerminalId master = 0, slave = 0, hung_up = 0;

  // Restore: service numbers; -1 none.
  int master_fd = -1, slave_fd = -1;
};
using PairKey = std::pair<std::uint32_t, std::uint32_t>;  ///< dev, index

struct Model {
  std::map<TerminalId, Terminal> terminals{};
  std::map<FileId, OpenTerminal> opens{};
  std::map<PairKey, Pair> pairs{};

  // Dump.
  std::map<TerminalId, UniqueFd> copies{};  ///< a descriptor of each terminal

  // Restore: from the root task to the coordinator, when the caller is to get masters.
  UniqueFd masters_in{}, masters_out{};
};

/// Name of an external terminal in the options: "tty[8803:1a]".
std::string external_name(const Terminal& t);
/// The pair that a session's controlling terminal belongs to, or nullptr.
const Pair* pair_of_session(const Model& model, NsPid sid);

bool matches(const FileProbe& probe);
Result<> collect_open(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_all(DumpCtx& ctx);
Result<> write_open(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> write_terminals(DumpCtx& ctx);
Result<> read_open(ReadCtx& ctx, const pb::file_entry& entry);
Result<> read_terminals(ReadCtx& ctx);
Result<> plan_all(PlanCtx& ctx);
Result<> prepare_all(RestoreCtx& ctx);
Result<> furnish_all(RestoreCtx& ctx);
Result<> finish_all(RestoreCtx& ctx);
Result<UniqueFd> open(TaskCtx& ctx, FileId id);

inline constexpr FileKind kKind{
    .name = "terminal",
    .type = 11,
    .matches = matches,
    .collect = collect_open,
    .settle = settle_all,
    .write = write_open,
    .write_images = write_terminals,
    .read = read_open,
    .read_images = read_terminals,
    .plan = plan_all,
    .prepare = prepare_all,
    .furnish = furnish_all,
    .finish = finish_all,
    .open = open,
};

/// For the engine, in a task that leads a session, between setsid(2) and its first fork: takes the controlling
/// terminal of the session. Errors: ioctl(2), as when the terminal has a session already.
Result<> take_controlling(TaskCtx& ctx);
/// Gives up the terminal where the task had, sets the foreground group of the task's session. Every group exists.
Result<> enter(TaskCtx& ctx);

inline constexpr Module kModule{.name = "tty", .enter = enter};

}  // namespace cr::tty
