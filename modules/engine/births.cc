#include "engine/births.h"

#include <map>
#include <set>

#include "base/format.h"

namespace cr::engine {
namespace {

class Planner {
 public:
  explicit Planner(const TaskTree& tree) : tree_(tree) {}

  Result<BirthPlan> run() {
    for (const Task& t : tree_.tasks) add_task(t);
    find_birth_sessions();
    for (const Task& t : tree_.tasks)
      if (t.parent != kNoTask) TRY(place(t));
    TRY(add_group_helpers());
    return std::move(plan_);
  }

 private:
  Birth& birth(std::size_t i) { return plan_.births[i]; }

  void add_task(const Task& t) {
    Birth b;
    b.task = t.index;
    b.pid = t.pid;
    b.setsid = t.sid == t.pid;
    // A session leader leads its group and can't leave it.
    if (!b.setsid) b.pgid = t.pgid;
    plan_.births.push_back(b);  // births of tasks have the indices of the tasks
  }

  /// The session that a task must be born in: its own if it leads none; otherwise that of a child which needs to be
  /// born before the setsid; otherwise any (0). Children first.
  void find_birth_sessions() {
    born_in_.assign(tree_.tasks.size(), NsPid{});
    for (std::size_t i = tree_.tasks.size(); i-- > 0;) {
      const Task& t = tree_.tasks[i];
      if (t.sid != t.pid) {
        born_in_[i] = t.sid;
        continue;
      }
      if (t.parent == kNoTask) continue;  // the root is born in the caller's session, whatever it needed
      for (TaskIndex c : t.children)
        if (born_in_[c] != NsPid{} && born_in_[c] != t.sid && born_in_[i] == NsPid{} && !led_below(t, born_in_[c]))
          born_in_[i] = born_in_[c];
    }
  }

  /// Whether the leader of that session is a descendant of `t`: then who is in it came to `t` as an orphan.
  bool led_below(const Task& t, NsPid sid) const {
    const Task* leader = tree_.find(sid);
    while (leader != nullptr && leader->parent != kNoTask) {
      leader = &tree_.tasks[leader->parent];
      if (leader->index == t.index) return true;
    }
    return false;
  }

  Result<> place(const Task& t) {
    const Task& parent = tree_.tasks[t.parent];
    NsPid session = born_in_[t.index];
    bool fits_after = session == NsPid{} || session == parent.sid;
    bool fits_before = parent.sid == parent.pid && session == born_in_[parent.index] && session != NsPid{};
    if (fits_after)
      birth(parent.index).after.push_back(t.index);
    else if (fits_before)
      birth(parent.index).before.push_back(t.index);
    else
      return place_orphan(t, parent, session);
    return {};
  }

  /// `t` was born in a session that its present parent never was in: its real parent is dead.
  Result<> place_orphan(const Task& t, const Task& parent, NsPid session) {
    birth(parent.index).reaper = true;
    const Task* leader = tree_.find(session);
    if (leader != nullptr && leader->sid == session) {
      Birth maker{.kind = Birth::Kind::kOrphanMaker};
      maker.after = {t.index};
      plan_.births.push_back(maker);
      birth(leader->index).after.push_back(plan_.births.size() - 1);
      return {};
    }
    if (leader != nullptr) return impossible(t, "the pid of its session is taken by a task of another session");
    auto [it, is_new] = session_helpers_.try_emplace(session, plan_.births.size());
    if (is_new) {
      plan_.births.push_back(Birth{.kind = Birth::Kind::kSessionHelper, .pid = session, .setsid = true});
      birth(parent.index).after.push_back(it->second);
      helper_parent_[session] = parent.index;
    } else if (helper_parent_[session] != parent.index) {
      return impossible(t, "orphans of one dead session have different parents");
    }
    birth(it->second).after.push_back(t.index);
    return {};
  }

  Result<> add_group_helpers() {
    std::set<NsPid> done;
    for (const Task& t : tree_.tasks) {
      if (t.pgid == NsPid{} || tree_.find(t.pgid) != nullptr || !done.insert(t.pgid).second) continue;
      if (session_helpers_.contains(t.pgid)) continue;  // it leads the group too; its children are born into it
      if (t.pgid == tree_.root().pgid && t.index == 0) continue;  // the caller's group, see --shell-job
      const Task* member = nullptr;
      for (const Task& m : tree_.tasks)
        if (m.pgid == t.pgid && m.alive() && member == nullptr) member = &m;
      if (member == nullptr) return impossible(t, "its process group has no live member");
      plan_.births.push_back(Birth{.kind = Birth::Kind::kGroupHelper, .pid = t.pgid, .pgid = t.pgid});
      birth(member->index).after.push_back(plan_.births.size() - 1);
      birth(member->index).helpers.push_back(t.pgid);
      ++plan_.group_helpers;
    }
    return {};
  }

  static Error impossible(const Task& t, const char* why) {
    return Error{"engine", "rebuild the session of", format("pid {}", t.pid), 0, why};
  }

  const TaskTree& tree_;
  BirthPlan plan_{};
  std::vector<NsPid> born_in_{};
  std::map<NsPid, std::size_t> session_helpers_{};
  std::map<NsPid, TaskIndex> helper_parent_{};
};

}  // namespace

Result<BirthPlan> plan_births(const TaskTree& tree) { return Planner(tree).run(); }

}  // namespace cr::engine
