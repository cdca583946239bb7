// epoll(7) descriptors: which descriptions they watch, under which numbers, for which events.
//
// Shown by fdinfo (tfd lines) and EPIOCGPARAMS (how it polls network devices); kcmp(2) with KCMP_EPOLL_TFD tells
// which description a line is about, also when its number was closed or given to another one since. Put back by
// EPOLL_CTL_ADD under the original number, from the task that owns the epoll; where that number holds something else,
// from a child with a table of its own. What is there only at the end of a restore (Belated) is added then, by the
// coordinator. Not kept: that an EPOLLET edge was reported already (it is reported once more), as everywhere.
// Refused: a watched description that no descriptor of the tree leads to.
#pragma once

#include <map>
#include <vector>

#include "core/file_kind.h"
#include "files/fdinfo.h"

namespace cr::files {

struct EpollTarget {
  EpollTargetInfo info;
  FileId file = 0;  ///< the description; 0 in images of other writers: what stands under info.tfd
};

/// struct epoll_params, Linux 6.9.
struct BusyPoll {
  std::uint32_t usecs = 0;
  std::uint16_t budget = 0;
  std::uint8_t prefer = 0, pad = 0;
};
static_assert(sizeof(BusyPoll) == 8);

struct Epoll {
  std::vector<EpollTarget> targets{};
  BusyPoll busy_poll{};
};

struct EpollModel {
  std::map<FileId, Epoll> all{};
};

bool matches_epoll(const FileProbe& probe);
Result<> collect_epoll(DumpCtx& ctx, const FileProbe& probe, FileId id);
Result<> settle_epolls(DumpCtx& ctx);
Result<> write_epoll(const DumpCtx& ctx, FileId id, pb::file_entry& entry);
Result<> read_epoll(ReadCtx& ctx, const pb::file_entry& entry);
Result<> plan_epolls(PlanCtx& ctx);
Result<UniqueFd> open_epoll(TaskCtx& ctx, FileId id);
Result<> connect_epoll(TaskCtx& ctx, FileId id, int fd);
Result<> finish_epolls(RestoreCtx& ctx);

inline constexpr FileKind kEpollKind{
    .name = "epoll",
    .type = 7,
    .matches = matches_epoll,
    .collect = collect_epoll,
    .settle = settle_epolls,
    .write = write_epoll,
    .read = read_epoll,
    .plan = plan_epolls,
    .finish = finish_epolls,
    .open = open_epoll,
    .connect = connect_epoll,
};

}  // namespace cr::files
