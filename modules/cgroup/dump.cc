#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "base/defer.h"
#include "base/format.h"
#include "cgroup/cgroup.h"
#include "cgroup/hierarchy.h"
#include "cgroup/properties.h"
#include "cgroup/property_lists.h"
#include "core/ns_visit.h"
#include "core/proc_text.h"

namespace cr::cgroup {
namespace {

/// --cgroup-dump-controller.
bool is_wanted(const Options& opt, const std::string& hierarchy) {
  if (opt.cgroup_controllers.empty()) return true;
  std::istringstream names(hierarchy);
  for (std::string name; std::getline(names, name, ',');)
    for (const std::string& wanted : opt.cgroup_controllers)
      if (name == wanted || name == "name=" + wanted) return true;
  return false;
}

Result<Set> members_of(const Options& opt, const std::string& proc_file) {
  Set set = TRY(read_members(proc_file));
  std::erase_if(set, [&](const Member& m) { return !is_wanted(opt, m.name); });
  return set;
}

std::uint32_t id_of(Model& model, const Set& set) {
  auto it = std::find(model.sets.begin(), model.sets.end(), set);
  if (it == model.sets.end()) it = model.sets.insert(it, set);
  return static_cast<std::uint32_t>(it - model.sets.begin()) + 1;
}

/// How much of each path is the root of the task's cgroup namespace: what the task itself does not see of it.
Result<> find_prefixes(const DumpCtx& ctx, const Task& t, HostPid tid, Set& set) {
  const core::NsVisit stay = TRY(core::NsVisit::enter(t.live, "cgroup"));
  const Set seen = TRY(members_of(ctx.opt, format("/proc/{}/task/{}/cgroup", t.host, tid)));
  for (std::size_t i = 0; i < set.size() && i < seen.size(); i++) {
    if (seen[i].path.starts_with("/.."))
      return Error{"cgroup", "dump", format("pid {} in {}", t.host, group_name(set[i].name, set[i].path)), 0,
                   "it is outside of its own cgroup namespace, which is not carried: move it inside"};
    const std::size_t own = seen[i].path == "/" ? 0 : seen[i].path.size();
    set[i].ns_prefix = static_cast<std::uint32_t>(set[i].path.size() - std::min(own, set[i].path.size()));
  }
  return {};
}

Result<> collect_members(DumpCtx& ctx, Model& model) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  model.root_set = id_of(model, TRY(members_of(ctx.opt, "/proc/thread-self/cgroup")));
  for (const Task& t : ctx.tree.tasks)
    for (const Thread& th : t.threads) {
      Set set = TRY(members_of(ctx.opt, format("/proc/{}/task/{}/cgroup", t.host, th.host)));
      if (objects.of.at(t.pid).cgroup_ns != objects.root.cgroup_ns) TRY(find_prefixes(ctx, t, th.host, set));
      model.of_thread[th.tid] = id_of(model, set);
    }
  return {};
}

Result<PropertyLists> property_lists(const Options& opt) {
  if (opt.cgroup_props_file.empty()) return parse_property_lists(opt.cgroup_props);
  return parse_property_lists(TRY(core::read_text(opt.cgroup_props_file)) + "\n" + opt.cgroup_props);
}

/// Looks at groups of one hierarchy.
struct Looker {
  int root;
  const std::string& hierarchy;
  const PropertyLists& lists;

  /// A group and all below it.
  Result<Group> look_at(const std::string& path, std::string name) const {
    UniqueFd dir = TRY(open_below(root, path, O_RDONLY | O_DIRECTORY));
    Group g{std::move(name), perms_of(dir.get(), ""), read_properties(dir.get())};
    std::erase_if(g.properties, [&](const Property& p) { return is_left_out(lists, hierarchy, p.name); });
    DIR* entries = fdopendir(openat(dir.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (entries == nullptr) return Error{"cgroup", "read", path, errno, ""};
    Defer close([&] { closedir(entries); });
    while (const dirent* e = readdir(entries))
      if (e->d_type == DT_DIR && e->d_name[0] != '.')
        g.children.push_back(TRY(look_at(path + "/" + e->d_name, e->d_name)));
    std::sort(g.children.begin(), g.children.end(), [](const Group& a, const Group& b) { return a.name < b.name; });
    return g;
  }
};

/// The groups of the tree that no other one of it is above. The root of a hierarchy belongs to the machine.
std::vector<std::string> heads_of(const Model& model, const std::string& hierarchy) {
  std::vector<std::string> paths;
  for (const auto& [tid, id] : model.of_thread)
    for (const Member& m : model.sets[id - 1])
      if (id != model.root_set && m.name == hierarchy && m.path != "/") paths.push_back(m.path);
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> heads;
  for (const std::string& p : paths)
    if (heads.empty() || !is_at_or_below(p, heads.back())) heads.push_back(p);
  return heads;
}

Result<> collect_groups(DumpCtx& ctx, Model& model) {
  const PropertyLists lists = TRY(property_lists(ctx.opt));
  for (const Member& m : model.sets[model.root_set - 1]) {
    Hierarchy h{m.name};
    const std::vector<std::string> heads = heads_of(model, m.name);
    if (!heads.empty()) {
      const UniqueFd root = TRY(open_hierarchy(m.name, ctx.opt.cgroup_yard));
      const Looker looker{root.get(), m.name, lists};
      for (const std::string& path : heads) h.heads.push_back(TRY(looker.look_at(path, path.substr(1))));
    }
    model.hierarchies.push_back(std::move(h));
  }
  return {};
}

}  // namespace

Result<> collect(DumpCtx& ctx) {
  if (ctx.opt.manage_cgroups == CgroupMode::kIgnore) return {};
  Model& model = ctx.models.edit<Model>();
  TRY(collect_members(ctx, model));
  return collect_groups(ctx, model);
}

}  // namespace cr::cgroup
