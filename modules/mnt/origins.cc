// From which file system each mount comes. Runs on the dump too, so that what can't be made is refused there.
#include <algorithm>
#include <optional>

#include "base/format.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"
#include "mnt/outside.h"

namespace cr::mnt {
namespace {

bool has_option(const Mount& m, std::string_view name) {
  return ("," + m.options + ",").find(format(",{},", name)) != std::string::npos;
}

/// A devpts that is the engine's own, bound from outside.
bool is_hosts_devpts(const Mount& m) { return m.fs_name == "devpts" && !has_option(m, "newinstance"); }

Result<Origin> outside_origin(const Mount& m, const Outside& outside, Side side) {
  if (m.key == kAutoKey) return Origin{.kind = Origin::Kind::kOutside, .path = m.source};
  if (side == Side::kDump) return Origin{.kind = Origin::Kind::kOutside};
  const auto it = outside.mounts.find(m.key);
  if (it == outside.mounts.end())
    return Error{"mnt", "restore", m.name(), 0,
                 format("it comes from outside: tell from where by --external 'mnt[{}]:PATH'", m.key)};
  return Origin{.kind = Origin::Kind::kOutside, .path = it->second};
}

/// A mount that has the same superblock and shows at least as much.
std::optional<std::size_t> base_of(const Namespace& ns, std::size_t i) {
  const Mount& m = ns.mounts[i];
  std::optional<std::size_t> best;
  for (std::size_t b = 0; b < ns.mounts.size(); ++b) {
    const Mount& base = ns.mounts[b];
    if (b == i || base.dev != m.dev || base.deleted || ns.origins[b].kind == Origin::Kind::kBind) continue;
    if (!is_below(m.root, base.root)) continue;
    if (!best || ns.mounts[*best].root.size() > base.root.size()) best = b;
  }
  return best;
}

bool is_enabled(const Options& opt, const Mount& m) {
  return std::any_of(opt.enable_fs.begin(), opt.enable_fs.end(),
                     [&](const std::string& f) { return f == "all" || f == m.fs_name; });
}

std::string external_advice(const Mount& m) {
  return format(
      "leave it to the outside by --external 'mnt[{}]:KEY' on the dump and 'mnt[KEY]:PATH' on the restore, "
      "or leave it out by --skip-mnt {}",
      m.point, m.point);
}

/// Whether a superblock like that of `m` can be made.
Result<> check_new(const Mount& m, const Options& opt) {
  const FsType* type = fs_type(m.fs_name);
  if (type != nullptr && type->how == Carried::kServed)
    return Error{"mnt", "carry", m.name(), 0,
                 "a program serves it, which a new one would not have: " + external_advice(m)};
  if (m.key == kDeviceKey || is_enabled(opt, m) || m.fs_code == kCodeAuto) return {};
  if (type == nullptr)
    return Error{"mnt", "carry", m.name(), 0,
                 format("that file system is not known: {}; if mounting it again by its options is enough, "
                        "--enable-fs {} does that",
                        external_advice(m), m.fs_name)};
  return {};
}

/// A superblock is made for the mount that shows its root; for a hidden one, if it has no content of its own.
Result<std::size_t> maker_of(Namespace& ns, std::size_t i, const Options& opt) {
  for (std::size_t b = 0; b < ns.mounts.size(); ++b)
    if (ns.mounts[b].dev == ns.mounts[i].dev && ns.mounts[b].root == "/" && !ns.mounts[b].deleted &&
        ns.mounts[b].key.empty())
      return b;
  const FsType* type = fs_type(ns.mounts[i].fs_name);
  TRY(check_new(ns.mounts[i], opt));
  if (type == nullptr || type->how != Carried::kAnew || (type->name == "devpts" && !is_hosts_devpts(ns.mounts[i])))
    return Error{"mnt", "carry", ns.mounts[i].name(), 0,
                 format("it is the part {} of a file system whose root is mounted nowhere in the namespace: {}",
                        ns.mounts[i].root, external_advice(ns.mounts[i]))};
  Mount hidden = ns.mounts[i];
  hidden.root = "/";
  hidden.point.clear();
  hidden.shared = hidden.master = 0;
  ns.mounts.push_back(std::move(hidden));
  ns.origins.push_back({});
  return ns.mounts.size() - 1;
}

Result<> plan_own(Namespace& ns, std::size_t i, const Options& opt) {
  const Mount& m = ns.mounts[i];
  if (m.idmapped)
    return Error{"mnt", "carry", m.name(), 0,
                 "it maps ids of users, which can't be asked for: " + external_advice(m)};
  if (m.deleted)
    return Error{"mnt", "carry", m.name(), 0, format("what it shows, {}, was deleted: unmount it first", m.root)};
  // Parts of what comes from outside.
  const auto base = base_of(ns, i);
  if (base && (*base == 0 || !ns.mounts[*base].key.empty())) {
    ns.origins[i] = {.kind = Origin::Kind::kBind, .of = *base};
    return {};
  }
  if (!ns.nested && m.dev == ns.mounts[0].dev)
    return Error{"mnt", "carry", m.name(), 0,
                 format("it is the part {} of the root's file system, but not below the root: {}", m.root,
                        external_advice(m))};
  const std::size_t maker = TRY(maker_of(ns, i, opt));
  if (maker != i) ns.origins[i] = {.kind = Origin::Kind::kBind, .of = maker};
  if (is_hosts_devpts(ns.mounts[maker])) {
    ns.origins[maker] = {.kind = Origin::Kind::kOutside, .path = "/dev/pts"};
    return {};
  }
  return check_new(ns.mounts[maker], opt);
}

/// A mount of a namespace that is made before and shows all that `m` does.
std::optional<Origin> earlier_of(const Model& model, NsId id, const Mount& m) {
  std::optional<Origin> best;
  std::size_t width = 0;
  for (NsId earlier : model.order) {
    if (earlier == id) break;
    const Namespace& ns = model.namespaces.at(earlier);
    for (std::size_t b = 0; b < ns.mounts.size(); ++b) {
      const Mount& base = ns.mounts[b];
      if (base.dev != m.dev || base.deleted || base.point.empty() || is_terminal(base)) continue;
      if (!is_below(m.root, base.root) || (best && base.root.size() >= width)) continue;
      best = Origin{.kind = Origin::Kind::kEarlier, .of = b, .ns = earlier};
      width = base.root.size();
    }
  }
  return best;
}

Result<> check_terminal(const Namespace& ns, std::size_t i) {
  if (!ns.nested || !is_terminal(ns.mounts[i]) || ns.origins[i].kind == Origin::Kind::kEarlier) return {};
  return Error{"mnt", "carry", ns.mounts[i].name(), 0,
               "it is the node of a terminal whose devpts only a later mount namespace of the tree has: unmount it"};
}

}  // namespace

Result<Outside> outside_of_tree(const Model& model, const Options& opt) {
  Outside out = TRY(outside_of(opt));
  if (model.root_outside) out.automatic = out.sharing = out.masters = true;
  return out;
}

Result<> plan_origins(Model& model, NsId id, const Options& opt, Side side) {
  Namespace& ns = model.namespaces.at(id);
  const Outside outside = TRY(outside_of_tree(model, opt));
  ns.origins.assign(ns.mounts.size(), {});
  const std::size_t own = ns.mounts.size();
  std::vector<bool> decided(own, false);
  for (std::size_t i = 0; i < own; ++i) {
    const Mount& m = ns.mounts[i];
    if (i == 0 && !ns.nested) {
      ns.origins[i].kind = Origin::Kind::kRoot;
    } else if (!m.key.empty() && m.key != kDeviceKey) {
      ns.origins[i] = TRY(outside_origin(m, outside, side));
    } else if (const auto earlier = earlier_of(model, id, m); earlier && !m.deleted) {
      ns.origins[i] = *earlier;
    } else if (m.key.empty()) {
      continue;
    }
    decided[i] = true;
  }
  for (std::size_t i = 0; i < own; ++i)
    if (!decided[i]) TRY(plan_own(ns, i, opt));
  for (std::size_t i = 0; i < own; ++i) TRY(check_terminal(ns, i));
  return {};
}

}  // namespace cr::mnt
