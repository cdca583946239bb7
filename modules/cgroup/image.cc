// cgroup.img, and the number of the set in core-<tid>.img.
#include <cerrno>
#include <sstream>

#include "base/format.h"
#include "cgroup/cgroup.h"
#include "cgroup/cgroup.pb.h"
#include "task/core.pb.h"

namespace cr::cgroup {
namespace {

void put_perms(const Perms& from, pb::cgroup_perms& to) {
  to.set_mode(from.mode);
  to.set_uid(from.uid);
  to.set_gid(from.gid);
}

Perms take_perms(const pb::cgroup_perms& from) { return {from.mode(), from.uid(), from.gid()}; }

void put_group(const Group& from, pb::cgroup_dir_entry& to) {
  to.set_dir_name(from.name);
  put_perms(from.perms, *to.mutable_dir_perms());
  for (const Property& p : from.properties) {
    auto& e = *to.add_properties();
    e.set_name(p.name);
    e.set_value(p.value);
    put_perms(p.perms, *e.mutable_perms());
  }
  for (const Group& g : from.children) put_group(g, *to.add_children());
}

Error damaged(std::string what) {
  return Error{"cgroup", "use", std::move(what) + " of cgroup.img", 0, "the image is damaged"};
}

Result<Group> take_group(const pb::cgroup_dir_entry& from, bool head) {
  const bool leads_out = ("/" + from.dir_name() + "/").find("/../") != std::string::npos;
  if (leads_out || (!head && from.dir_name().find('/') != std::string::npos))
    return damaged(format("the group \"{}\"", from.dir_name()));
  Group g{from.dir_name(), take_perms(from.dir_perms())};
  if (!from.has_dir_perms()) g.perms.mode = 0755;
  for (const auto& p : from.properties()) {
    if (p.name().find('/') != std::string::npos) return damaged(format("the setting \"{}\"", p.name()));
    g.properties.push_back({p.name(), p.value(), take_perms(p.perms())});
    if (!p.has_perms()) g.properties.back().perms.mode = 0644;
  }
  for (const auto& c : from.children()) g.children.push_back(TRY(take_group(c, false)));
  return g;
}

}  // namespace

Result<> write(DumpCtx& ctx) {
  const Model& model = ctx.models.get<Model>();
  if (model.sets.empty()) return {};
  pb::cgroup_entry e;
  for (std::size_t i = 0; i < model.sets.size(); i++) {
    auto& set = *e.add_sets();
    set.set_id(static_cast<std::uint32_t>(i) + 1);
    for (const Member& m : model.sets[i]) {
      auto& ctl = *set.add_ctls();
      ctl.set_name(m.name);
      ctl.set_path(m.path);
      if (m.ns_prefix != 0) ctl.set_cgns_prefix(m.ns_prefix);
    }
  }
  for (const Hierarchy& h : model.hierarchies) {
    auto& controller = *e.add_controllers();
    std::istringstream names(h.name);
    for (std::string name; std::getline(names, name, ',');) controller.add_cnames(name);
    if (h.name.empty()) controller.add_cnames("");
    for (const Group& g : h.heads) put_group(g, *controller.add_dirs());
  }
  auto image = TRY(ctx.images.create(core::ImageType::kCgroup));
  TRY(image.write(e));
  return image.close();
}

Result<> read(ReadCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  auto image = TRY(ctx.images.optional_image(core::ImageType::kCgroup));
  if (!image) return {};
  pb::cgroup_entry e;
  TRY(image->only(e));
  for (const auto& from : e.sets()) {
    if (from.id() == 0 || from.id() > 1'000'000) return damaged(format("the set {}", from.id()));
    if (model.sets.size() < from.id()) model.sets.resize(from.id());
    for (const auto& m : from.ctls()) {
      const bool sound = m.path().starts_with("/") && ("/" + m.path() + "/").find("/../") == std::string::npos &&
                         m.cgns_prefix() <= m.path().size();
      if (!sound) return damaged(format("the path \"{}\"", m.path()));
      model.sets[from.id() - 1].push_back({m.name(), m.path(), m.cgns_prefix()});
    }
  }
  for (const auto& from : e.controllers()) {
    Hierarchy h;
    for (const std::string& name : from.cnames()) h.name += (h.name.empty() ? "" : ",") + name;
    for (const auto& dir : from.dirs()) h.heads.push_back(TRY(take_group(dir, true)));
    model.hierarchies.push_back(std::move(h));
  }
  for (const auto& [tid, id] : model.of_thread)
    if (id > model.sets.size()) return damaged(format("the set {} of thread {}", id, tid));
  return {};
}

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  const Model& model = ctx.models.get<Model>();
  if (!task.alive() || model.sets.empty()) return {};
  const std::uint32_t id = model.of_thread.at(task.threads[thread].tid);
  if (thread == 0) core.mutable_tc()->set_cg_set(id);
  core.mutable_thread_core()->set_cg_set(id);
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (!task.alive()) return {};
  std::uint32_t id = core.thread_core().cg_set();
  auto& of_thread = ctx.models.edit<Model>().of_thread;
  if (id == 0 && core.has_tc()) id = core.tc().cg_set();
  if (id == 0) id = of_thread[task.pid];
  of_thread[task.threads[thread].tid] = id;
  return {};
}

}  // namespace cr::cgroup
