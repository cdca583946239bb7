// The time namespace: what CLOCK_MONOTONIC and CLOCK_BOOTTIME show. Their offsets from the clocks of the host stand
// in /proc/PID/timens_offsets. The image keeps the time that they showed, so that they go on from there on any
// machine; the new offsets are written before a process enters the namespace.
#pragma once

#include <ctime>
#include <map>

#include "core/ns_kind.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace cr::ns {

struct Clocks {
  timespec monotonic{}, boottime{};
};

struct TimeModel {
  std::map<NsId, Clocks> offsets{};  ///< from the engine's own clocks
  std::map<NsId, Clocks> clocks{};   ///< what they showed when the tree was complete
};

/// The offsets in the text of a timens_offsets file. Errors: a line of another form.
Result<Clocks> parse_offsets(std::string_view text);

/// Refuses a thread that has asked for another time namespace for its children (time_for_children), which is also the
/// one that its timens_offsets file tells of.
Result<> check_time_for_children(const TaskTree&);
Result<> collect_time(DumpCtx&, NsId, const Task& member);
Result<> settle_time(DumpCtx&, NsId);
/// Writes timens-ID.img.
Result<> write_clocks(DumpCtx&, NsId, const Clocks&);
Result<> write_time(DumpCtx&, NsId);
Result<> read_time(ReadCtx&, NsId);
Result<> fill_time(RestoreCtx&, NsId);

inline constexpr NsKind kTimeKind{.name = "time",
                                  .clone_flag = CLONE_NEWTIME,
                                  .id = &KobjIds::time_ns,
                                  .collect = collect_time,
                                  .settle = settle_time,
                                  .write = write_time,
                                  .read = read_time,
                                  .fill = fill_time};

}  // namespace cr::ns
