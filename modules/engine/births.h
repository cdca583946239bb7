// Who forks whom, and when, so that every task of the tree gets its parent, session and process group again.
//
// A session is inherited at the fork and left only by setsid(2), so a child whose session is not its parent's present
// one was born before the parent's own setsid, or was born elsewhere and reparented when its real parent died. The
// leaders of sessions and groups may be dead: helpers stand in for them until everybody has joined.
//
// A process in a pid namespace below that of its session's or group's leader does not see it: both it can only have
// inherited, so its maker must be there at its birth.
#pragma once

#include <cstddef>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "core/sharing.h"
#include "core/task_tree.h"

namespace cr::engine {

inline constexpr std::size_t kNoBirth = static_cast<std::size_t>(-1);

/// One process to be made: a task of the tree or a helper.
struct Birth {
  enum class Kind {
    kTask,
    kSessionHelper,  ///< leads a session whose leader is dead; exits when its births are made
    kOrphanMaker,    ///< a nameless middleman: its child becomes an orphan of the right session
    kGroupHelper,    ///< leads a group whose leader is dead; exits when everybody has joined
  };
  Kind kind = Kind::kTask;
  TaskIndex task = kNoTask;  ///< for kTask
  NsPid pid;                 ///< 0: any
  std::vector<int> inner{};  ///< its numbers in the pid namespaces below the root's, the outermost first
  NsPid pgid;                ///< group to join in the end; 0: the inherited one stays
  int group = 0;             ///< pgid as it is numbered in its own pid namespace
  NsPid group_at_birth{};    ///< where its maker must be then: it can't join that one, which it does not see; 0: any
  bool setsid = false;
  bool shares_memory = false;         ///< of its maker, without being a thread of it (sharer.h)
  bool sibling = false;               ///< of its maker (CLONE_PARENT), instead of its child
  bool reaper = false;                ///< has orphans to take over: must be a child subreaper while they are made
  std::vector<std::size_t> before{};  ///< births made before its own setsid
  std::vector<std::size_t> after{};   ///< births made after it
  std::vector<NsPid> helpers{};       ///< group helpers among them, for it to reap

  /// In its own pid namespace.
  int own_pid() const { return inner.empty() ? pid.value : inner.back(); }
};

/// births[0] is the root. Errors: a session, a group or sharing that no sequence of forks can give, by pid.
struct BirthPlan {
  std::vector<Birth> births{};
  std::size_t group_helpers = 0;
};
Result<BirthPlan> plan_births(const TaskTree&, const KobjModel&);

/// For each task the one that it is forked from, with all of the memory that it has then; kNoTask: it is made in
/// another way, or by a helper.
std::vector<TaskIndex> forked_from(const BirthPlan&, const TaskTree&);

}  // namespace cr::engine
