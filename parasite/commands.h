// The set of commands the parasite knows: a type list, folded into a dispatch (a table of function pointers would
// cost relocations). A new command is one include and one line.
#pragma once

#include "files/parasite.h"
#include "infect/parasite.h"
#include "mm/parasite.h"
#include "signals/parasite.h"
#include "task/parasite.h"
#include "timers/parasite.h"

namespace cr::parasite {

template <class... C>
struct CommandList {
  /// Runs the command whose wire struct is `id`; -ENOSYS when there is none.
  static SysResult run(std::uint32_t id, std::byte* wire, Arena arena) {
    SysResult result = -38;
    (void)((id == C::Wire::kCommand && (result = C::run(*reinterpret_cast<typename C::Wire*>(wire), arena), true)) ||
           ...);
    return result;
  }
  static constexpr bool unique() {
    constexpr std::uint32_t ids[] = {C::Wire::kCommand...};
    for (std::size_t i = 0; i < sizeof...(C); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (ids[i] == ids[j]) return false;
    return true;
  }
};

using Commands = CommandList<                                                             //
    infect::RawSyscallCommand,                                                            //
    task::ThreadQueryCommand, task::ProcessQueryCommand,                                  //
    signals::ActionsQueryCommand, signals::AltStackQueryCommand,                          //
    timers::ItimersQueryCommand, timers::TimersQueryCommand, timers::MissedQueryCommand,  //
    mm::PolicyQueryCommand, mm::PkeysQueryCommand, mm::SnapshotForkCommand,               //
    files::RingsQueryCommand>;
static_assert(Commands::unique());

}  // namespace cr::parasite
