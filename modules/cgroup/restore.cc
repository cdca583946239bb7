#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/format.h"
#include "base/log.h"
#include "cgroup/cgroup.h"
#include "cgroup/hierarchy.h"
#include "cgroup/properties.h"
#include "files/description.h"

namespace cr::cgroup {
namespace {

std::string without_slash(const std::string& path) {
  return path.substr(std::min(path.find_first_not_of('/'), path.size()));
}

/// --cgroup-root: what takes the place of the root task's group.
std::string new_root(const Options& opt, const std::string& hierarchy) {
  std::string found;
  for (const std::string& given : opt.cgroup_roots) {
    const std::size_t colon = given.find(':');
    if (colon == given.npos && found.empty()) found = given;
    if (colon != given.npos && ("," + hierarchy + ",").find("," + given.substr(0, colon) + ",") != std::string::npos)
      found = given.substr(colon + 1);
  }
  return found;
}

/// Where a group of the images is on this machine.
std::string place_of(const Options& opt, const Model& model, const TaskTree& tree, const std::string& hierarchy,
                     const std::string& path) {
  const std::string root = new_root(opt, hierarchy);
  if (root.empty()) return path;
  std::string old = "/";
  for (const Member& m : model.sets[model.of_thread.at(tree.root().pid) - 1])
    if (m.name == hierarchy) old = m.path;
  std::string below = is_at_or_below(path, old) ? path.substr(old == "/" ? 0 : old.size()) : path;
  if (below == "/") below.clear();
  return (root.starts_with("/") ? root : "/" + root) + below;
}

/// Where the task's cgroup namespace begins.
std::string root_of_namespace(const Member& m) { return m.ns_prefix == 0 ? "/" : m.path.substr(0, m.ns_prefix); }

class Builder {
 public:
  Builder(RestoreCtx& ctx, Model& model) : ctx_(ctx), model_(model) {}

  Result<> run() {
    model_.made.maker = getpid();
    for (const Hierarchy& h : model_.hierarchies)
      for (const Group& head : h.heads)
        if (is_used(h.name, "/" + head.name)) TRY(build(h.name, place(h.name, "/" + head.name), head, true));
    for (const std::uint32_t id : used_sets())
      for (const Member& m : model_.sets[id - 1]) TRY(open_members(m, m.path));
    const KobjModel& objects = ctx_.models.get<KobjModel>();
    for (const Task& t : ctx_.tree.tasks) {
      if (!t.alive() || objects.of.at(t.pid).cgroup_ns == objects.root.cgroup_ns) continue;
      if (const std::uint32_t id = model_.of_thread.at(t.pid); id != 0)
        for (const Member& m : model_.sets[id - 1]) TRY(open_members(m, root_of_namespace(m)));
    }
    return {};
  }

 private:
  CgroupMode mode() const { return ctx_.opt.manage_cgroups; }
  bool may_make() const {
    return mode() == CgroupMode::kSoft || mode() == CgroupMode::kFull || mode() == CgroupMode::kStrict;
  }
  std::string place(const std::string& hierarchy, const std::string& path) const {
    return place_of(ctx_.opt, model_, ctx_.tree, hierarchy, path);
  }

  /// All but the dumper's own, in which the tree comes to life, unless somebody has to go back to it.
  std::set<std::uint32_t> used_sets() const {
    std::set<std::uint32_t> all;
    for (const auto& [tid, id] : model_.of_thread)
      if (id != 0) all.insert(id);
    if (model_.of_thread.at(ctx_.tree.root().pid) == model_.root_set) all.erase(model_.root_set);
    return all;
  }
  bool is_used(const std::string& hierarchy, const std::string& head) const {
    for (const std::uint32_t id : used_sets())
      for (const Member& m : model_.sets[id - 1])
        if (m.name == hierarchy && is_at_or_below(m.path, head)) return true;
    return false;
  }

  Result<int> root_of(const std::string& hierarchy) {
    if (auto it = model_.roots.find(hierarchy); it != model_.roots.end()) return it->second;
    UniqueFd fd = TRY(open_hierarchy(hierarchy, ctx_.opt.cgroup_yard));
    return model_.roots[hierarchy] = TRY(files::to_service(ctx_, std::move(fd))).release();
  }

  /// True when it was not there.
  Result<bool> make(const std::string& hierarchy, const std::string& path) {
    const int root = TRY(root_of(hierarchy));
    const std::string object = group_name(hierarchy, path);
    if (exists_below(root, path)) return false;
    if (!may_make())
      return Error{"cgroup", "restore", object, ENOENT, "make it before, or let it be made by --manage-cgroups=soft"};
    for (std::size_t end = 0; end != path.npos;) {
      end = path.find('/', end + 1);
      const std::string part = without_slash(path.substr(0, end));
      if (part.empty()) continue;
      if (mkdirat(root, part.c_str(), 0755) == 0)
        TRY(begin_group(hierarchy, root, part));
      else if (errno != EEXIST)
        return Error{"cgroup", "make", object, errno, ""};
    }
    return true;
  }

  /// One of cpuset takes no members before it has processors and memory: those of the group above, so far.
  Result<> begin_group(const std::string& hierarchy, int root, const std::string& path) {
    model_.made.all.emplace_back(root, path);
    if (("," + hierarchy + ",").find(",cpuset,") == std::string::npos) return {};
    UniqueFd dir = TRY(open_below(root, path, O_RDONLY | O_DIRECTORY));
    for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
      const auto present = read_below(dir.get(), file);
      if (!present.ok() || !present.value().empty()) continue;
      const int err = write_below(dir.get(), file, TRY(read_below(dir.get(), format("../{}", file))));
      if (err != 0) return Error{"cgroup", "set", format("{} of {}", file, group_name(hierarchy, path)), err, ""};
    }
    return {};
  }

  Result<> build(const std::string& hierarchy, const std::string& path, const Group& g, bool head) {
    if (head && mode() == CgroupMode::kStrict && exists_below(TRY(root_of(hierarchy)), path))
      return Error{"cgroup", "restore", group_name(hierarchy, path), EEXIST,
                   "--manage-cgroups=strict wants it not to be there: remove it, or use full"};
    const bool made = TRY(make(hierarchy, path));
    const bool set = mode() == CgroupMode::kProps || mode() == CgroupMode::kFull || mode() == CgroupMode::kStrict ||
                     (mode() == CgroupMode::kSoft && made);
    if (set) {
      const std::string object = group_name(hierarchy, path);
      UniqueFd dir = TRY(open_below(TRY(root_of(hierarchy)), path, O_RDONLY | O_DIRECTORY));
      if (made) TRY(set_perms(dir.get(), "", g.perms, object));
      TRY(restore_properties(dir.get(), g.properties, Phase::kBeforeMembers, made, object));
      model_.to_set.push_back({hierarchy, path, &g, made});
    }
    for (const Group& child : g.children) TRY(build(hierarchy, path + "/" + child.name, child, false));
    return {};
  }

  Result<> open_members(const Member& m, const std::string& path) {
    int& fd = model_.members.try_emplace({m.name, path}, -1).first->second;
    if (fd >= 0) return {};
    const std::string where = place(m.name, path);
    TRY(make(m.name, where));
    UniqueFd dir = TRY(open_below(TRY(root_of(m.name)), where, O_PATH | O_DIRECTORY));
    UniqueFd procs = TRY(open_below(dir.get(), "cgroup.procs", O_WRONLY));
    fd = TRY(files::to_service(ctx_, std::move(procs))).release();
    return {};
  }

  RestoreCtx& ctx_;
  Model& model_;
};

bool is_managed(const Options& opt, const Model& model) {
  return opt.manage_cgroups != CgroupMode::kIgnore && !model.sets.empty();
}

/// The calling process goes there.
Result<> enter_group(const Model& model, const Member& m, const std::string& path, NsPid pid) {
  const auto it = model.members.find({m.name, path});
  if (it != model.members.end() && ::write(it->second, "0", 1) == 1) return {};
  return Error{"cgroup", "move", format("pid {} to {}", pid, group_name(m.name, path)), errno, ""};
}

bool is_first_of_namespace(const TaskCtx& ctx, const KobjIds& own) {
  const auto& of = ctx.models().get<KobjModel>().of;
  for (const Task& t : ctx.tree().tasks)
    if (t.alive() && of.at(t.pid).cgroup_ns == own.cgroup_ns) return t.index == ctx.task.index;
  return false;
}

/// A thread that is elsewhere than its process, or a process that could not go by itself.
Result<> move_thread(RestoreCtx& ctx, const Model& model, HostPid tid, const Set& from, const Set& to) {
  for (const Member& m : to) {
    if (std::find(from.begin(), from.end(), m) != from.end()) continue;
    const std::string path = place_of(ctx.opt, model, ctx.tree, m.name, m.path);
    UniqueFd dir = TRY(open_below(model.roots.at(m.name), path, O_PATH | O_DIRECTORY));
    const int err = write_below(dir.get(), m.name.empty() ? "cgroup.threads" : "tasks", format("{}", tid));
    if (err != 0) return Error{"cgroup", "move", format("thread {} to {}", tid, group_name(m.name, path)), err, ""};
  }
  return {};
}

}  // namespace

MadeGroups::~MadeGroups() {
  if (keep || maker != getpid()) return;
  for (auto it = all.rbegin(); it != all.rend(); ++it) unlinkat(it->first, it->second.c_str(), AT_REMOVEDIR);
}

Result<> plan(PlanCtx& ctx) {
  const Model& model = ctx.models.get<Model>();
  if (!is_managed(ctx.opt, model)) return {};
  if (auto it = model.of_thread.find(ctx.tree.root().pid); it == model.of_thread.end() || it->second == 0)
    return Error{"cgroup", "use", "the control groups of the root task", 0, "the image is damaged"};
  return {};
}

Result<> prepare(RestoreCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  if (!is_managed(ctx.opt, model)) return {};
  model.here = model.root_set;
  return Builder(ctx, model).run();
}

Result<> join(TaskCtx& ctx, const KobjIds& maker) {
  Model& model = ctx.restore.models.edit<Model>();
  if (!is_managed(ctx.opt(), model) || !ctx.task.alive()) return {};
  const std::uint32_t id = model.of_thread.at(ctx.task.pid);
  const KobjIds& own = ctx.models().get<KobjModel>().of.at(ctx.task.pid);
  const bool makes_namespace = own.cgroup_ns != maker.cgroup_ns && is_first_of_namespace(ctx, own);
  if (id == 0 || (id == model.here && !makes_namespace)) return {};
  for (const Member& m : model.sets[id - 1])
    TRY(enter_group(model, m, makes_namespace ? root_of_namespace(m) : m.path, ctx.task.pid));
  model.here = id;
  return {};
}

Result<> fill_namespace(RestoreCtx& ctx, NsId ns) {
  const Model& model = ctx.models.get<Model>();
  if (!is_managed(ctx.opt, model)) return {};
  const auto& of = ctx.models.get<KobjModel>().of;
  const auto first = std::find_if(ctx.tree.tasks.begin(), ctx.tree.tasks.end(),
                                  [&](const Task& t) { return t.alive() && of.at(t.pid).cgroup_ns == ns; });
  const std::uint32_t id = model.of_thread.at(first->pid);
  if (id == 0) return {};
  for (const Member& m : model.sets[id - 1])
    if (root_of_namespace(m) != m.path) TRY(enter_group(model, m, m.path, first->pid));
  return {};
}

Result<> finish(RestoreCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  if (!is_managed(ctx.opt, model)) return {};
  for (const Task& t : ctx.tree.tasks)
    for (const Thread& th : t.threads) {
      const std::uint32_t id = model.of_thread.at(th.tid), leaders = model.of_thread.at(t.pid);
      if (id != 0 && leaders != 0 && id != leaders)
        TRY(move_thread(ctx, model, th.host, model.sets[leaders - 1], model.sets[id - 1]));
    }
  for (const GroupToSet& g : model.to_set) {
    UniqueFd dir = TRY(open_below(model.roots.at(g.hierarchy), g.path, O_RDONLY | O_DIRECTORY));
    TRY(restore_properties(dir.get(), g.group->properties, Phase::kAtEnd, g.made, group_name(g.hierarchy, g.path)));
  }
  return {};
}

Result<> unlock(RestoreCtx& ctx) {
  ctx.models.edit<Model>().made.keep = true;
  return {};
}

}  // namespace cr::cgroup
