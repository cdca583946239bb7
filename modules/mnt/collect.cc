// The dump side: what is mounted, what of it is the namespace's own.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "core/id_map.h"
#include "core/proc_text.h"
#include "mnt/bare.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"
#include "mnt/outside.h"
#include "mnt/overlay.h"

namespace cr::mnt {
namespace {

/// Mounts that --skip-mnt names, and all that hangs on them.
void leave_out(std::vector<Mount>& mounts, const std::vector<std::string>& points) {
  for (const std::string& point : points)
    std::erase_if(mounts, [&](const Mount& m) {
      const bool out = !m.is_root() && is_below(m.point, point);
      if (out) log::info("{} is left out", m.name());
      return out;
    });
}

std::string device_name(std::uint32_t dev) { return format("{}/{}", dev >> 20, dev & 0xfffff); }

/// Gives the key to what belongs to the outside.
void name_external(Mount& m, const Outside& outside, const std::vector<Mount>& theirs) {
  if (auto it = outside.mounts.find(m.point); it != outside.mounts.end()) {
    m.key = it->second;
  } else if (auto dev = outside.devices.find(device_name(m.dev)); dev != outside.devices.end()) {
    if (m.root == "/") m.key = kDeviceKey, m.source = dev->second;
  } else if (outside.automatic) {
    if (std::string path = path_outside(theirs, m); !path.empty()) m.key = kAutoKey, m.source = path;
  }
}

/// Owners among the options (tmpfs, devpts), which mountinfo shows as the outside sees them.
std::string options_in_tree(const std::string& options, const core::IdMaps& ids) {
  std::string all;
  for (std::size_t at = 0; at < options.size();) {
    const std::size_t comma = std::min(options.find(',', at), options.size());
    std::string option = options.substr(at, comma - at);
    for (const auto& [name, map] : {std::pair{"uid=", &ids.uid}, std::pair{"gid=", &ids.gid}})
      if (const auto id = core::number(std::string_view(option).substr(std::min<std::size_t>(4, option.size())));
          option.starts_with(name) && id)
        option = format("{}{}", name, map->to_inside(static_cast<std::uint32_t>(*id)));
    all += (all.empty() ? "" : ",") + option;
    at = comma + 1;
  }
  return all;
}

/// Numbers of the images, and what mountinfo does not show.
void complete(const Namespace& ns, Mount& m, const std::vector<Mount>& theirs, const Options& opt) {
  const FsType* type = fs_type(m.fs_name);
  const bool automatic =
      m.key == kDeviceKey || std::any_of(opt.enable_fs.begin(), opt.enable_fs.end(),
                                         [&](const std::string& f) { return f == "all" || f == m.fs_name; });
  m.fs_code = type != nullptr ? type->code : automatic ? kCodeAuto : kCodeUnsupported;
  struct stat ours;
  const bool is_ours = stat("/dev/pts", &ours) == 0 && m.dev == (major(ours.st_dev) << 20 | minor(ours.st_dev));
  if (m.fs_name == "devpts" && !is_ours) m.options = m.options.empty() ? "newinstance" : "newinstance," + m.options;
  const bool external = (m.is_root() && !ns.nested) || (!m.key.empty() && m.key != kDeviceKey);
  m.internal_sharing = external && m.shared != 0 && std::none_of(theirs.begin(), theirs.end(), [&](const Mount& t) {
                         return t.shared == m.shared;
                       });
}

std::set<std::uint32_t> with_content(const Namespace& ns) {
  std::set<std::uint32_t> devs;
  for (std::size_t i = 0; i < ns.mounts.size(); ++i) {
    const FsType* type = fs_type(ns.mounts[i].fs_name);
    if (ns.origins[i].kind == Origin::Kind::kNew && type != nullptr && type->how == Carried::kContent)
      devs.insert(ns.mounts[i].dev);
  }
  return devs;
}

/// Whether a new binfmt_misc is one of the tree's own, with formats to carry; that of the machine is left alone.
bool makes_formats(const DumpCtx& ctx, const Namespace& planned, std::size_t i) {
  const core::TreeIds& ids = ctx.models.get<core::TreeIds>();
  return planned.origins[i].kind == Origin::Kind::kNew && planned.mounts[i].fs_name == "binfmt_misc" &&
         (ids.own || !ctx.models.get<core::ChildIds>().spaces.empty());
}

/// A restore would show the tree another instance than this one.
Result<> check_formats(const DumpCtx& ctx, NsId id, const Mount& m, const std::vector<Mount>& theirs) {
  const bool is_theirs = std::any_of(theirs.begin(), theirs.end(), [&](const Mount& t) { return t.dev == m.dev; });
  const bool in_child = ctx.models.get<core::ChildIds>().owner_of(id) != 0;
  if (m.root != "/")
    return Error{"mnt", "dump", m.name(), 0, format("it shows {} of binfmt_misc alone: unmount it first", m.root)};
  if (is_theirs && (in_child || ctx.models.get<core::TreeIds>().own))
    return Error{
        "mnt", "dump", m.name(), 0,
        format("it is that of another user namespace than its own: leave it to the outside by --external "
               "'mnt[{}]:KEY' on the dump and 'mnt[KEY]:PATH' on the restore, or leave it out by --skip-mnt {}",
               m.point, m.point)};
  return {};
}

/// What was registered goes with the user namespace. One below that of the tree has it refused.
Result<> take_formats(DumpCtx& ctx, NsId id, const Namespace& planned, const std::vector<Mount>& all,
                      const std::vector<Mount>& theirs) {
  Namespace& ns = ctx.models.edit<Model>().namespaces.at(id);
  for (std::size_t i = 0; i < planned.mounts.size(); ++i) {
    const Mount& m = planned.mounts[i];
    if (!makes_formats(ctx, planned, i)) continue;
    TRY(check_formats(ctx, id, m, theirs));
    const auto copies = TRY(bare_copies(ns.member, all, {m.dev}));
    ns.formats = TRY(read_formats(copies.at(m.dev).get(), m.name()));
    if (ns.formats.empty() || ctx.models.get<core::ChildIds>().owner_of(id) == 0) continue;
    return Error{"mnt", "dump", m.name(), 0,
                 format("the binary format {} is registered in a user namespace below that of the tree, which is not "
                        "carried: remove it (echo -1 > {}/{})",
                        ns.formats.front().name, m.point, ns.formats.front().name)};
  }
  return {};
}

/// File systems that are made again: whether what they need is there.
Result<> check_needs(const Namespace& planned, HostPid member) {
  for (std::size_t i = 0; i < planned.mounts.size(); ++i) {
    const Mount& m = planned.mounts[i];
    const FsType* type = fs_type(m.fs_name);
    if (planned.origins[i].kind != Origin::Kind::kNew || type == nullptr) continue;
    if (type->how == Carried::kOnPaths) TRY(check_layers(m, member));
  }
  return {};
}

/// What the outside forbids in a mount that it lends to a user namespace is locked there, and mountinfo does not show
/// it. A restore takes the mount anew, without locks.
Result<> check_locks(const DumpCtx& ctx, NsId id, const Namespace& ns) {
  constexpr std::uint64_t kLockable = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (ctx.models.get<core::ChildIds>().owner_of(id) != 0) return {};  // one below that of the tree gets them anew
  if (!ctx.models.get<core::TreeIds>().own || ctx.opt.allows_lossy("mount-locks")) return {};
  for (std::size_t i = 0; i < ns.mounts.size(); ++i) {
    const Origin::Kind kind = ns.origins[i].kind;
    if ((kind == Origin::Kind::kRoot || kind == Origin::Kind::kOutside) && (ns.mounts[i].flags & kLockable) != 0)
      return Error{
          "mnt", "dump", ns.mounts[i].name(), 0,
          "it comes from the outside into a user namespace, read-only or with nosuid, nodev or noexec, which "
          "its root could take off after a restore: --allow-lossy mount-locks accepts that"};
  }
  return {};
}

/// What one namespace shows to `member`.
Result<Namespace> look_at(const DumpCtx& ctx, const Model& model, NsId id, HostPid member, bool nested,
                          const std::vector<Mount>& theirs) {
  Namespace ns;
  ns.nested = nested;
  ns.around = TRY(mounts_around(member));
  for (const Mount& m : ns.around) ns.all.insert(m.id);
  const std::string root = format("/proc/{}/root", member);
  ns.ids = core::maps_of_owner(ctx.models, id);
  ns.member = member;
  ns.directory = TRY(core::read_proc_link(member, "root"));
  ns.mounts = TRY(seen_from(ns.around, TRY(mount_id(AT_FDCWD, root.c_str(), 0)), ns.directory));
  leave_out(ns.mounts, ctx.opt.skip_mounts);
  order_for_mounting(ns.mounts);
  const Outside outside = TRY(outside_of_tree(model, ctx.opt));
  for (Mount& m : ns.mounts) {
    if (nested || !m.is_root()) name_external(m, outside, theirs);
    if (nested && model.root_outside && m.key.empty()) TRY(name_hidden(theirs, m));
    complete(ns, m, theirs, ctx.opt);
    if (is_for_user_namespaces(m.fs_name)) m.options = options_in_tree(m.options, ns.ids);
  }
  return ns;
}

/// Of those that live there, the one who sees most; of the tree's own namespace the root, whatever it sees.
Result<HostPid> member_of(const DumpCtx& ctx, NsId id, const Task& first) {
  const KobjModel& objects = ctx.models.get<KobjModel>();
  for (const Task& t : ctx.tree.tasks)
    if (t.index != 0 && t.alive() && objects.of.at(t.pid).mnt_ns == id &&
        TRY(core::read_proc_link(t.live, "root")) == "/")
      return t.live;
  return first.live;
}

/// Looks at all namespaces of the tree, in the order in which a restore makes them.
Result<> look_at_all(DumpCtx& ctx, NsId first, const Task& member, const std::vector<Mount>& theirs) {
  Model& model = ctx.models.edit<Model>();
  const KobjModel& objects = ctx.models.get<KobjModel>();
  for (const Mount& t : theirs) model.engines.insert(t.id);
  model.root_outside = !ctx.tree.tasks.empty() && objects.of.at(ctx.tree.root().pid).mnt_ns == objects.root.mnt_ns;
  auto add = [&](NsId id, const Task& t) -> Result<> {
    if (id == 0 || id == objects.root.mnt_ns || model.namespaces.contains(id)) return {};
    const bool nested = model.root_outside || !model.order.empty();
    const HostPid who = nested ? TRY(member_of(ctx, id, t)) : t.live;
    model.namespaces.emplace(id, TRY(look_at(ctx, model, id, who, nested, theirs)));
    model.order.push_back(id);
    return {};
  };
  TRY(add(first, member));
  for (const Task& t : ctx.tree.tasks)
    if (t.alive()) TRY(add(objects.of.at(t.pid).mnt_ns, t));
  return {};
}

}  // namespace

Result<> collect(DumpCtx& ctx, NsId id, const Task& member) {
  Model& model = ctx.models.edit<Model>();
  if (model.namespaces.contains(id)) return {};
  const std::vector<Mount> theirs = TRY(parse_mountinfo(TRY(core::read_text("/proc/thread-self/mountinfo"))));
  TRY(look_at_all(ctx, id, member, theirs));
  Model planned;
  planned.order = model.order;
  planned.root_outside = model.root_outside;
  for (const NsId one : model.order) {
    const Namespace& ns = model.namespaces.at(one);
    planned.namespaces[one] = Namespace{.mounts = ns.mounts, .nested = ns.nested};
    TRY(plan_origins(planned, one, ctx.opt, Side::kDump));
    TRY(check_locks(ctx, one, planned.namespaces.at(one)));
    TRY(check_needs(planned.namespaces.at(one), ns.member));
    TRY(find_inner_proc(ctx, one, planned.namespaces.at(one).origins));
  }
  TRY(check_groups(planned, ctx.opt, theirs));
  for (const NsId one : model.order) {
    Namespace& ns = model.namespaces.at(one);
    ns.bare = TRY(bare_copies(ns.member, ns.around, with_content(planned.namespaces.at(one))));
    TRY(collect_automounts(ctx, one, planned.namespaces.at(one).origins, ns.around));
    TRY(take_formats(ctx, one, planned.namespaces.at(one), ns.around, theirs));
  }
  return {};
}

}  // namespace cr::mnt
