// The commands. One that is not built yet stands here so that it can be refused by name.
#pragma once

#include <array>
#include <string_view>

#include "core/options.h"

namespace cr::cli {

/// Which commands an option concerns: a set of these bits.
enum CommandBit : unsigned {
  kDump = 1u << 0,
  kPreDump = 1u << 1,
  kRestore = 1u << 2,
  kCheck = 1u << 3,
  kPageServer = 1u << 4,
  kLazyPages = 1u << 5,
  kService = 1u << 6,
  kSwrk = 1u << 7,
  kDedup = 1u << 8,
  kCpuinfo = 1u << 9,
  kDumps = kDump | kPreDump,
  kBoth = kDump | kPreDump | kRestore,
  kDaemons = kPageServer | kLazyPages | kService,
  kAny = (1u << 10) - 1,
};

struct CommandDef {
  std::string_view name;
  CommandBit bit;
  bool built;
  Command command;  ///< meaningful when built
  std::string_view synopsis;
  std::string_view help;  ///< built: what it does; otherwise what to do instead
};

inline constexpr std::array kCommands{
    CommandDef{"dump", kDump, true, Command::kDump, "dump -t PID [-D DIR] [options]",
               "Freezes a process tree, writes its whole state into DIR and, unless told otherwise, ends it."},
    CommandDef{"restore", kRestore, true, Command::kRestore, "restore [-D DIR] [options]",
               "Rebuilds the tree whose state is in DIR and lets it run on as if nothing had happened."},
    CommandDef{"check", kCheck, true, Command::kCheck, "check [--extra|--experimental|--all|--feature NAME]",
               "Says whether this kernel and these privileges are enough, feature by feature."},
    CommandDef{"service", kService, true, Command::kService, "service [--address SOCKET] [-d] [options]",
               "Listens on a unix socket and serves the requests of CRIU's RPC, each with the rights of its caller."},
    CommandDef{"swrk", kSwrk, true, Command::kSwrk, "swrk FD",
               "Serves the one RPC connection that the caller has opened on the descriptor FD."},
    CommandDef{"pre-dump", kPreDump, false, {}, "", "use dump, which takes all of the memory at once"},
    CommandDef{"page-server", kPageServer, false, {}, "", "write the images to a shared directory with -D"},
    CommandDef{"lazy-pages", kLazyPages, false, {}, "", "use restore, which brings all of the memory at once"},
    CommandDef{"dedup", kDedup, false, {}, "", "there are no incremental image sets to merge yet"},
    CommandDef{"cpuinfo", kCpuinfo, false, {}, "", "restore itself compares the processors"},
};

}  // namespace cr::cli
