// Credentials of a thread: user and group ids, supplementary groups, the five capability sets, securebits,
// no_new_privs, and the label of the security module.
//
// Shown by /proc/PID/task/TID/status and attr/current; securebits to the thread alone (PR_GET_SECUREBITS, asked by
// the module task). Put back in the restorer by raw system calls, which act on the calling thread only, when
// everything that needs privileges is done. Ids are those that the tree's user namespace sees, of tasks in one below
// that too (ns/child_user.h), who may have some that the inner one does not know: they take them before they enter
// it. Refused on dump: an id that is not mapped into it; threads of a task in a user namespace with different ids
// that this one does not know, or allows nobody to set; a label that the engine does not run under itself. Refused in
// plan, by name: capabilities, ids, securebits or a label that we do not have or may not set. Accepted on request
// (--allow-lossy capabilities, no-new-privs): fewer capabilities, the bit although it was not set.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/module.h"

namespace cr::security {

/// The four ids of one kind.
struct Ids {
  std::uint32_t real = 0, effective = 0, saved = 0, fs = 0;
  friend bool operator==(const Ids&, const Ids&) = default;
};

/// Bit n is capability n.
struct Capabilities {
  std::uint64_t inheritable = 0, permitted = 0, effective = 0, bounding = 0, ambient = 0;
  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct Creds {
  Ids uid{}, gid{};
  std::vector<std::uint32_t> groups{};
  Capabilities caps{};
  std::uint32_t securebits = 0;
  bool no_new_privs = false;
  std::string label{};  ///< of the security module; empty: none, or unconfined
  friend bool operator==(const Creds&, const Creds&) = default;
};

struct CredsModel {
  std::map<NsPid, Creds> threads{};
  Creds own{};                     ///< restore: the coordinator's, which every restored thread begins with (plan)
  std::map<NsPid, Creds> first{};  ///< what a task in a user namespace below that of the tree has there at first
};

/// What the text of /proc/PID/status tells; securebits and label are not in it. Errors: a line is missing.
Result<Creds> parse_status(std::string_view text);
/// The label in a text of /proc/PID/attr/current, without mode and padding; empty when unconfined.
std::string parse_label(std::string_view text);
/// The supplementary groups of a task.
const std::vector<std::uint32_t>& groups_of(const Models&, const Task&);
/// What a task begins with when it is restored.
const Creds& first_creds_of(const Models&, NsPid task);
/// "cap_sys_admin"
std::string capability_name(int cap);
/// The credentials of the calling thread. Errors: reading /proc/self.
Result<Creds> own_creds();
/// Whether a thread that has `own` may become `wanted`; the Error says what is missing. `wanted` loses what
/// --allow-lossy gave up.
Result<> check_creds(const Options&, NsPid tid, const Creds& own, Creds& wanted);

namespace creds {
Result<> collect(DumpCtx&);
Result<> settle(DumpCtx&);
Result<> write_core(const DumpCtx&, const Task&, std::size_t thread, pb::core_entry&);
Result<> read_core(ReadCtx&, const Task&, std::size_t thread, const pb::core_entry&);
Result<> plan(PlanCtx&);
}  // namespace creds

inline constexpr Module kCreds{.name = "creds",
                               .collect = creds::collect,
                               .settle = creds::settle,
                               .write_core = creds::write_core,
                               .read_core = creds::read_core,
                               .plan = creds::plan};

}  // namespace cr::security
