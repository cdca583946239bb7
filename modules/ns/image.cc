#include "core/manifest.h"
#include "ns/pid_space.h"
#include "ns/pidns.pb.h"
#include "ns/time_ns.h"
#include "ns/timens.pb.h"
#include "ns/user.h"
#include "ns/userns.pb.h"
#include "ns/uts.h"
#include "ns/utsns.pb.h"

namespace cr::ns {
namespace {

void put_time(const timespec& from, pb::timespec& to) {
  to.set_tv_sec(static_cast<std::uint64_t>(from.tv_sec));
  to.set_tv_nsec(static_cast<std::uint64_t>(from.tv_nsec));
}

timespec get_time(const pb::timespec& from) {
  return {static_cast<time_t>(from.tv_sec()), static_cast<long>(from.tv_nsec())};
}

template <class Extents>
void put_map(const core::IdMap& map, Extents& to) {
  for (const auto& r : map.ranges) {
    pb::uid_gid_extent& e = *to.Add();
    e.set_first(r.inside);
    e.set_lower_first(r.outside);
    e.set_count(r.count);
  }
}

template <class Extents>
core::IdMap get_map(const Extents& from) {
  core::IdMap map;
  for (const pb::uid_gid_extent& e : from) map.ranges.push_back({e.first(), e.lower_first(), e.count()});
  return map;
}

void put_maps(const core::IdMaps& maps, pb::userns_entry& e) {
  put_map(maps.uid, *e.mutable_uid_map());
  put_map(maps.gid, *e.mutable_gid_map());
}

}  // namespace

Result<> write_user(DumpCtx& ctx, NsId id) {
  const core::TreeIds& ids = ctx.models.get<core::TreeIds>();
  const auto& children = ctx.models.get<core::ChildIds>().spaces;
  const auto child = children.find(id);
  pb::userns_entry e;
  put_maps(child == children.end() ? ids.maps : child->second.maps, e);
  if (child != children.end()) {
    ctx.images.require(core::kChildUsers);
    e.set_cr_owner(child->second.owner);
    e.mutable_cr_owned()->Assign(child->second.owned.begin(), child->second.owned.end());
  }
  if (child == children.end() ? ids.groups_denied : child->second.groups_denied) {
    e.set_cr_groups_denied(true);
    ctx.images.require(core::kGroupsDenied);
  }
  auto image = TRY(ctx.images.create(core::ImageType::kUserns, id));
  TRY(image.write(e));
  return image.close();
}

Result<> read_user(ReadCtx& ctx, NsId id) {
  auto image = TRY(ctx.images.image(core::ImageType::kUserns, id));
  pb::userns_entry e;
  TRY(image.only(e));
  if (e.uid_map().empty() || e.gid_map().empty())
    return Error{"ns", "use", image.name(), 0, "it has no id maps: the image is damaged"};
  const core::IdMaps maps{get_map(e.uid_map()), get_map(e.gid_map())};
  if (id == ctx.models.get<KobjModel>().of.at(ctx.tree.root().pid).user_ns) {
    ctx.models.edit<core::TreeIds>() = {true, maps, e.cr_groups_denied()};
    return {};
  }
  if (!e.has_cr_owner())
    return Error{"ns", "use", image.name(), 0,
                 "it is that of a user namespace below the tree's, and does not tell what belongs to it: another "
                 "program has written it"};
  ctx.models.edit<core::ChildIds>().spaces[id] = {.maps = maps,
                                                  .groups_denied = e.cr_groups_denied(),
                                                  .owner = e.cr_owner(),
                                                  .owned = {e.cr_owned().begin(), e.cr_owned().end()}};
  return {};
}

Result<> write_uts(DumpCtx& ctx, NsId id) {
  const UtsName& name = ctx.models.get<UtsModel>().names.at(id);
  pb::utsns_entry e;
  e.set_nodename(name.host);
  e.set_domainname(name.domain);
  auto image = TRY(ctx.images.create(core::ImageType::kUtsns, id));
  TRY(image.write(e));
  return image.close();
}

Result<> read_uts(ReadCtx& ctx, NsId id) {
  auto image = TRY(ctx.images.image(core::ImageType::kUtsns, id));
  pb::utsns_entry e;
  TRY(image.only(e));
  ctx.models.edit<UtsModel>().names[id] = {e.nodename(), e.domainname()};
  return {};
}

Result<> write_time(DumpCtx& ctx, NsId id) {
  return write_clocks(ctx, id, ctx.models.get<TimeModel>().clocks.at(id));
}

Result<> write_clocks(DumpCtx& ctx, NsId id, const Clocks& clocks) {
  pb::timens_entry e;
  put_time(clocks.monotonic, *e.mutable_monotonic());
  put_time(clocks.boottime, *e.mutable_boottime());
  auto image = TRY(ctx.images.create(core::ImageType::kTimens, id));
  TRY(image.write(e));
  return image.close();
}

Result<> read_time(ReadCtx& ctx, NsId id) {
  auto image = TRY(ctx.images.image(core::ImageType::kTimens, id));
  pb::timens_entry e;
  TRY(image.only(e));
  ctx.models.edit<TimeModel>().clocks[id] = {get_time(e.monotonic()), get_time(e.boottime())};
  return {};
}

Result<> write_pid_space(DumpCtx& ctx, std::uint32_t id) {
  const PidSpace& space = ctx.models.get<PidModel>().spaces.at(id);
  pb::pidns_entry e;
  if (!space.external_key.empty()) e.set_ext_key(space.external_key);
  if (space.last) e.set_cr_last_pid(static_cast<std::uint32_t>(*space.last));
  if (space.most) e.set_cr_pid_max(static_cast<std::uint32_t>(*space.most));
  auto image = TRY(ctx.images.create(core::ImageType::kPidns, id));
  TRY(image.write(e));
  return image.close();
}

Result<> read_pid_space(ReadCtx& ctx, std::uint32_t id) {
  auto image = TRY(ctx.images.optional_image(core::ImageType::kPidns, id));
  if (!image) return {};
  pb::pidns_entry e;
  TRY(image->only(e));
  PidSpace& space = ctx.models.edit<PidModel>().spaces[id];
  space.external_key = e.ext_key();
  if (e.has_cr_last_pid()) space.last = static_cast<std::int32_t>(e.cr_last_pid());
  if (e.has_cr_pid_max()) space.most = static_cast<std::int32_t>(e.cr_pid_max());
  return {};
}

}  // namespace cr::ns
