#include "core/id_map.h"

#include <algorithm>

#include "base/format.h"
#include "core/models.h"
#include "core/proc_text.h"
#include "core/sharing.h"
#include "core/task_tree.h"

namespace cr::core {
namespace {

bool holds(std::uint32_t first, std::uint32_t count, std::uint32_t id) { return id >= first && id - first < count; }

}  // namespace

std::uint32_t IdMap::to_inside(std::uint32_t id) const {
  for (const Range& r : ranges)
    if (holds(r.outside, r.count, id)) return r.inside + (id - r.outside);
  return ranges.empty() ? id : kOverflowId;
}

std::uint32_t IdMap::to_outside(std::uint32_t id) const {
  for (const Range& r : ranges)
    if (holds(r.inside, r.count, id)) return r.outside + (id - r.inside);
  return ranges.empty() ? id : kOverflowId;
}

bool IdMap::knows(std::uint32_t id) const {
  return ranges.empty() ||
         std::any_of(ranges.begin(), ranges.end(), [&](const Range& r) { return holds(r.outside, r.count, id); });
}

bool IdMap::has(std::uint32_t id) const {
  return ranges.empty() ||
         std::any_of(ranges.begin(), ranges.end(), [&](const Range& r) { return holds(r.inside, r.count, id); });
}

std::uint32_t IdMap::first_inside() const {
  std::uint32_t first = ranges.empty() ? 0 : ranges.front().inside;
  for (const Range& r : ranges) first = std::min(first, r.inside);
  return first;
}

Result<> TreeIds::check_owner(std::uint32_t uid_outside, std::uint32_t gid_outside, const std::string& object) const {
  if (!own || (maps.uid.knows(uid_outside) && maps.gid.knows(gid_outside))) return {};
  return Error{"core", "carry the owner of", object, 0,
               format("{}:{} is not in the id maps of the tree's user namespace, so nobody inside can give it to it",
                      uid_outside, gid_outside)};
}

std::uint32_t ChildIds::owner_of(std::uint32_t ns) const {
  for (const auto& [id, space] : spaces)
    if (space.owned.contains(ns)) return id;
  return 0;
}

const ChildIds::Space* child_space(const Models& models, NsPid task) {
  const auto& spaces = models.get<ChildIds>().spaces;
  const KobjIds* ids = spaces.empty() ? nullptr : models.get<KobjModel>().find(task);
  const auto it = ids == nullptr ? spaces.end() : spaces.find(ids->user_ns);
  return it == spaces.end() ? nullptr : &it->second;
}

const ChildIds::Space* birth_space(const Models& models, NsPid task) {
  const ChildIds& children = models.get<ChildIds>();
  const auto it = children.born_inside.find(task);
  return it == children.born_inside.end() ? nullptr : &children.spaces.at(it->second);
}

Result<> check_owner_inside(const Models& models, const TaskTree& tree, HostPid holder, std::uint32_t uid,
                            std::uint32_t gid, const std::string& object) {
  for (const Task& t : tree.tasks) {
    const ChildIds::Space* space = t.live == holder || t.host == holder ? birth_space(models, t.pid) : nullptr;
    if (space == nullptr || (space->maps.uid.knows(uid) && space->maps.gid.knows(gid))) continue;
    return Error{"core", "carry the owner of", object, 0,
                 format("{}:{} is not in the id maps of the user namespace of pid {}, who could not give it to it",
                        uid, gid, t.host)};
  }
  return {};
}

IdMaps maps_of_owner(const Models& models, std::uint32_t ns) {
  const TreeIds& tree = models.get<TreeIds>();
  const ChildIds& children = models.get<ChildIds>();
  const std::uint32_t owner = children.owner_of(ns);
  if (owner == 0) return tree.own ? tree.maps : IdMaps{};
  IdMaps maps = children.spaces.at(owner).maps;
  for (auto& r : maps.uid.ranges) r.outside = tree.maps.uid.to_outside(r.outside);
  for (auto& r : maps.gid.ranges) r.outside = tree.maps.gid.to_outside(r.outside);
  return maps;
}

bool comes_last(const Models& models, NsPid task) {
  return child_space(models, task) != nullptr && birth_space(models, task) == nullptr;
}

std::uint32_t uid_for(const Models& models, NsPid task, std::uint32_t uid) {
  const ChildIds::Space* space = birth_space(models, task);
  return space == nullptr ? uid : space->maps.uid.to_inside(uid);
}

std::uint32_t gid_for(const Models& models, NsPid task, std::uint32_t gid) {
  const ChildIds::Space* space = birth_space(models, task);
  return space == nullptr ? gid : space->maps.gid.to_inside(gid);
}

IdMap parse_id_map(std::string_view text) {
  IdMap map;
  const std::vector<std::string_view> parts = words(text);
  for (std::size_t i = 0; i + 2 < parts.size(); i += 3) {
    const auto inside = number(parts[i]), outside = number(parts[i + 1]), count = number(parts[i + 2]);
    if (inside && outside && count)
      map.ranges.push_back({static_cast<std::uint32_t>(*inside), static_cast<std::uint32_t>(*outside),
                            static_cast<std::uint32_t>(*count)});
  }
  return map;
}

}  // namespace cr::core
