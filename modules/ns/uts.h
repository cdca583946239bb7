// The UTS namespace: host name and domain name. Shown by uname(2) inside, put back by sethostname(2) and
// setdomainname(2).
#pragma once

#include <linux/sched.h>

#include <map>
#include <string>

#include "core/ns_kind.h"

namespace cr::ns {

struct UtsName {
  std::string host, domain;
};

struct UtsModel {
  std::map<NsId, UtsName> names{};
};

Result<> collect_uts(DumpCtx&, NsId, const Task& member);
Result<> write_uts(DumpCtx&, NsId);
Result<> read_uts(ReadCtx&, NsId);
Result<> fill_uts(RestoreCtx&, NsId);

inline constexpr NsKind kUtsKind{.name = "uts",
                                 .clone_flag = CLONE_NEWUTS,
                                 .id = &KobjIds::uts_ns,
                                 .collect = collect_uts,
                                 .write = write_uts,
                                 .read = read_uts,
                                 .fill = fill_uts};

}  // namespace cr::ns
