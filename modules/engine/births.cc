#include "engine/births.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <set>

#include "base/format.h"

namespace cr::engine {
namespace {

class Planner {
 public:
  Planner(const TaskTree& tree, const KobjModel& shared) : tree_(tree), shared_(shared) {}

  Result<BirthPlan> run() {
    for (const Task& t : tree_.tasks) add_task(t);
    find_birth_sessions();
    for (Kind kind : {kVm, kFiles, kFs, kSighand}) is_first(tree_.root(), kind);
    for (const Task& t : tree_.tasks)
      if (t.parent != kNoTask) TRY(place(t));
    TRY(find_birth_groups());
    TRY(add_group_helpers());
    put_joiners_last();
    for (const Birth& b : plan_.births)
      if (b.shares_memory) TRY(check_sharer(b));
    return std::move(plan_);
  }

 private:
  enum Kind { kVm, kFiles, kFs, kSighand };
  static constexpr std::uint32_t KobjIds::*kKinds[] = {&KobjIds::vm, &KobjIds::files, &KobjIds::fs,
                                                       &KobjIds::sighand};

  Birth& birth(std::size_t i) { return plan_.births[i]; }

  void add_task(const Task& t) {
    Birth b;
    b.task = t.index;
    b.pid = t.pid;
    for (const PidLevel& level : t.inner) b.inner.push_back(level.pid);
    b.setsid = t.sid == t.pid;
    // A session leader leads its group and can't leave it.
    if (!b.setsid && is_group_seen(t)) {
      b.pgid = t.pgid;
      b.group = tree_.number_in(t.space, t.pgid);
    }
    plan_.births.push_back(b);  // births of tasks have the indices of the tasks
  }

  static bool is_group_seen(const Task& t) { return t.inner.empty() || t.inner.back().pgid != 0; }

  /// Children first: what they must inherit their parent must have, or be able to join.
  Result<> find_birth_groups() {
    std::vector<NsPid> needed(tree_.tasks.size());
    for (std::size_t i = tree_.tasks.size(); i-- > 0;) {
      const Task& t = tree_.tasks[i];
      if (!is_group_seen(t)) needed[i] = t.pgid;
      for (TaskIndex c : t.children) {
        if (needed[c] == NsPid{} || tree_.number_in(t.space, needed[c]) != 0) continue;
        if (needed[i] != NsPid{} && needed[i] != needed[c])
          return impossible(t, "its children inherited different process groups of outer pid namespaces");
        needed[i] = needed[c];
      }
      birth(i).group_at_birth = needed[i];
    }
    for (std::size_t i = 1; i < tree_.tasks.size(); ++i)
      if (needed[i] != NsPid{}) TRY(check_birth_group(tree_.tasks[i], needed[i]));
    return {};
  }

  /// A session leader is in its own group from setsid(2) on.
  Result<> check_birth_group(const Task& t, NsPid group) {
    const Birth& maker = birth(t.parent);
    const bool is_after = std::find(maker.after.begin(), maker.after.end(), t.index) != maker.after.end();
    const bool is_before = std::find(maker.before.begin(), maker.before.end(), t.index) != maker.before.end();
    if (!is_after && !is_before) {
      birth(t.index).group_at_birth = {};
      return born_in_[t.index] == group
                 ? Result<>{}
                 : impossible(t, "its parent is dead, and its process group is led outside of its pid namespace");
    }
    if (is_after && maker.setsid && maker.pid != group)
      return impossible(t, "its process group is led outside of its pid namespace, and its parent can't join it");
    return {};
  }

  /// Who enters a pid namespace that is there already waits for its init, which an elder may have to make.
  void put_joiners_last() {
    auto joins = [&](const Birth& maker, std::size_t i) {
      const Birth& b = plan_.births[i];
      if (b.kind != Birth::Kind::kTask || maker.kind != Birth::Kind::kTask) return false;
      const Task& t = tree_.tasks[b.task];
      return t.space != t.index && t.space != tree_.tasks[maker.task].space;
    };
    for (Birth& maker : plan_.births)
      for (std::vector<std::size_t>* births : {&maker.before, &maker.after})
        std::stable_partition(births->begin(), births->end(), [&](std::size_t i) { return !joins(maker, i); });
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
    if (!is_first(t, kVm)) return place_sharer(t);
    const Task& parent = tree_.tasks[t.parent];
    if (!shares_with(t, parent))
      return impossible(t, "it shares descriptors or directories with others than its parent");
    if (same(t, parent, kSighand)) return impossible(t, "it shares signal handlers but no memory");
    if (std::vector<std::size_t>* births = births_of(parent, born_in_[t.index])) {
      births->push_back(t.index);
      return {};
    }
    return place_orphan(t, parent, born_in_[t.index]);
  }

  /// When `maker` can give birth in that session; nullptr: never.
  std::vector<std::size_t>* births_of(const Task& maker, NsPid session) {
    if (session == NsPid{} || session == maker.sid) return &birth(maker.index).after;
    bool fits_before = maker.sid == maker.pid && session == born_in_[maker.index];
    return fits_before ? &birth(maker.index).before : nullptr;
  }

  /// Memory is shared with the maker or not at all, so who shares it is made by one who has it: the parent, or an
  /// elder sibling.
  Result<> place_sharer(const Task& t) {
    birth(t.index).shares_memory = true;
    std::vector<TaskIndex> makers{t.parent};
    for (TaskIndex sibling : tree_.tasks[t.parent].children)
      if (sibling < t.index) makers.push_back(sibling);
    for (TaskIndex i : makers) {
      const Task& maker = tree_.tasks[i];
      std::vector<std::size_t>* births = births_of(maker, born_in_[t.index]);
      if (births == nullptr || !same(t, maker, kVm) || !shares_with(t, maker)) continue;
      birth(t.index).sibling = i != t.parent;
      births->push_back(t.index);
      return {};
    }
    return impossible(t, "it shares its memory with a task that is not related or of another session");
  }

  bool same(const Task& a, const Task& b, Kind kind) const {
    const KobjIds *x = shared_.find(a.pid), *y = shared_.find(b.pid);
    return x != nullptr && y != nullptr && x->*kKinds[kind] == y->*kKinds[kind] && x->*kKinds[kind] != 0;
  }
  /// Whether no task before `t` in the order of the tree shares that with it.
  bool is_first(const Task& t, Kind kind) {
    const KobjIds* ids = shared_.find(t.pid);
    if (ids == nullptr || ids->*kKinds[kind] == 0) return true;
    return first_.try_emplace({kind, ids->*kKinds[kind]}, t.index).first->second == t.index;
  }

  /// Whether all that it shares with tasks before it is what it has in common with that maker.
  bool shares_with(const Task& t, const Task& maker) {
    for (Kind kind : {kFiles, kFs, kSighand})
      if (!is_first(t, kind) && !same(t, maker, kind)) return false;
    return true;
  }

  /// Its forks are made by a stand-in, which can't do everything (sharer.h).
  Result<> check_sharer(const Birth& b) const {
    const Task& t = tree_.tasks[b.task];
    if (t.space != tree_.tasks[t.parent].space || t.children_space.kind != ChildrenSpace::Kind::kOwn)
      return impossible(t, "it shares its memory with another process, and has another pid namespace");
    if (b.reaper || !b.before.empty())
      return impossible(t,
                        "it shares its memory with another process and has orphans, or children of another session");
    for (std::size_t i : b.after) {
      const Birth& made = plan_.births[i];
      bool plain = made.kind == Birth::Kind::kTask;
      if (plain && (made.shares_memory || tree_.tasks[made.task].exit_signal == SIGCHLD)) continue;
      return impossible(t, "it shares its memory with another process and has children that it can't fork again");
    }
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
    if (tree_.number_in(parent.space, session) == 0)
      return impossible(t, "its session was led outside of its pid namespace by a process that is dead");
    auto [it, is_new] = session_helpers_.try_emplace(session, plan_.births.size());
    if (is_new) {
      plan_.births.push_back(Birth{.kind = Birth::Kind::kSessionHelper,
                                   .pid = session,
                                   .inner = tree_.numbers_in(parent.space, session),
                                   .setsid = true});
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
        if (m.pgid == t.pgid && m.alive() && !birth(m.index).shares_memory && is_group_seen(m) &&
            (member == nullptr || m.inner.size() > member->inner.size()))
          member = &m;
      if (member == nullptr)
        return impossible(t, "its process group has no live member that could lead it for a while");
      Birth helper{.kind = Birth::Kind::kGroupHelper, .pid = t.pgid, .pgid = t.pgid};
      helper.inner = tree_.numbers_in(member->space, t.pgid);
      helper.group = helper.own_pid();
      plan_.births.push_back(helper);
      // Those who must be born in the group come after it.
      std::vector<std::size_t>& births = birth(member->index).after;
      births.insert(births.begin(), plan_.births.size() - 1);
      birth(member->index).helpers.push_back(t.pgid);
      ++plan_.group_helpers;
    }
    return {};
  }

  static Error impossible(const Task& t, const char* why) {
    return Error{"engine", "rebuild the session of", format("pid {}", t.pid), 0, why};
  }

  const TaskTree& tree_;
  const KobjModel& shared_;
  BirthPlan plan_{};
  std::vector<NsPid> born_in_{};
  std::map<std::pair<Kind, std::uint32_t>, TaskIndex> first_{};
  std::map<NsPid, std::size_t> session_helpers_{};
  std::map<NsPid, TaskIndex> helper_parent_{};
};

}  // namespace

Result<BirthPlan> plan_births(const TaskTree& tree, const KobjModel& shared) { return Planner(tree, shared).run(); }

std::vector<TaskIndex> forked_from(const BirthPlan& plan, const TaskTree& tree) {
  std::vector<TaskIndex> makers(tree.tasks.size(), kNoTask);
  for (const Birth& maker : plan.births) {
    if (maker.kind != Birth::Kind::kTask || maker.shares_memory || !tree.tasks[maker.task].alive()) continue;
    for (const std::vector<std::size_t>* births : {&maker.before, &maker.after})
      for (std::size_t i : *births) {
        const Birth& child = plan.births[i];
        if (child.kind == Birth::Kind::kTask && !child.shares_memory) makers[child.task] = maker.task;
      }
  }
  return makers;
}

}  // namespace cr::engine
