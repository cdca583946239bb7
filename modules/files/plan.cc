// Which task opens which description, under which number.
#include <dirent.h>

#include <algorithm>
#include <cstdlib>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"
#include "files/tree_paths.h"

namespace cr::files {
namespace {

using GroupKey = std::pair<const FileKind*, std::uint64_t>;

/// First table in the order of their leaders that holds the description.
struct Home {
  TaskIndex leader = kNoTask;
  std::uint32_t table = 0;
};

struct Homes {
  std::map<FileId, Home> first{};
  std::map<std::pair<std::uint32_t, FileId>, int> numbers{};  ///< lowest number by table and description
};

Homes find_homes(const Model& model) {
  Homes homes;
  for (const auto& [id, table] : model.tables)
    for (const auto& [number, slot] : table.slots) {
      homes.numbers.try_emplace({id, slot.id}, number);
      Home& home = homes.first[slot.id];
      if (home.leader == kNoTask || table.leader < home.leader) home = Home{table.leader, id};
    }
  return homes;
}

GroupKey group_of(const Models& models, const Description& d) {
  return {d.kind, d.kind->group == nullptr ? 0 : d.kind->group(models, d.id)};
}

/// Gives every description that somebody has to open an owner's table and its number there.
void choose_owners(PlanCtx& ctx, Model& model) {
  const Homes homes = find_homes(model);
  std::map<GroupKey, Home> groups;
  for (const auto& [id, home] : homes.first) {
    const GroupKey key = group_of(ctx.models, model.descriptions.at(id));
    if (key.second == 0) continue;
    Home& best = groups[key];
    if (best.leader == kNoTask || home.leader < best.leader) best = home;
  }
  const std::uint32_t root_table = model.table_of.empty() ? 0 : model.table_of.front();
  for (auto& [id, d] : model.descriptions) {
    const GroupKey key = group_of(ctx.models, d);
    const auto own = homes.first.find(id);
    const std::uint32_t opener = d.kind->opener == nullptr ? 0 : d.kind->opener(ctx.models, ctx.tree, id);
    if (opener != 0) {
      d.home = opener;
    } else if (key.second != 0) {
      // A group of which nobody has a descriptor (shared memory that is only mapped) goes to the root task.
      const auto it = groups.find(key);
      d.home = it == groups.end() ? root_table : it->second.table;
    } else if (own != homes.first.end()) {
      d.home = own->second.table;
    } else if (d.wanted) {
      d.home = root_table;
    }
    if (d.home == 0) continue;
    const auto number = homes.numbers.find({d.home, id});
    d.number = number != homes.numbers.end() ? number->second : take_service_number(model);
  }
}

/// The members of a group follow each other, in the place of the first.
void order_opening(PlanCtx& ctx, Model& model) {
  std::map<GroupKey, std::vector<FileId>> members;
  for (const auto& [id, d] : model.descriptions)
    if (const GroupKey key = group_of(ctx.models, d); d.home != 0 && key.second != 0) members[key].push_back(id);
  for (const auto& [id, d] : model.descriptions) {
    if (d.home == 0) continue;
    std::vector<FileId>& order = model.owned[d.home];
    const GroupKey key = group_of(ctx.models, d);
    if (key.second == 0)
      order.push_back(id);
    else if (const auto& group = members[key]; group.front() == id)
      order.insert(order.end(), group.begin(), group.end());
  }
}

/// Of the engine itself: what it has open must not be in the way of service numbers.
Result<int> highest_open() {
  int top = 0;
  DIR* dir = opendir("/proc/self/fd");
  if (dir == nullptr) return fail("list", "/proc/self/fd", errno);
  while (const dirent* e = readdir(dir)) top = std::max(top, atoi(e->d_name));
  closedir(dir);
  return top;
}

}  // namespace

Result<> plan(PlanCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  if (!ctx.opt.root.empty() && !lives_elsewhere(ctx.tree, ctx.models))
    return fail("restore", "below --root " + ctx.opt.root, 0,
                "the tree has no mount namespace of its own: leave the option out");
  int top = TRY(highest_open());
  for (const auto& [id, table] : model.tables)
    if (!table.slots.empty()) top = std::max(top, table.slots.rbegin()->first);
  model.first_service_fd = ctx.first_service_fd = top + 1;
  choose_owners(ctx, model);
  order_opening(ctx, model);
  for (const auto& [id, d] : model.descriptions)
    if (d.home != 0 && d.kind->late != nullptr && d.kind->late(ctx.models, id)) model.late.insert(id);
  for (const FileKind* kind : file_kinds())
    if (kind->plan != nullptr) TRY(kind->plan(ctx));

  const auto nr_open = core::number(core::words(TRY(core::read_text("/proc/sys/fs/nr_open"))).front());
  const int needed = take_service_number(model);
  if (nr_open && static_cast<std::uint64_t>(needed) > *nr_open)
    return fail("restore", format("descriptor number {}", top), 0,
                format("numbers above it are needed: set the sysctl fs.nr_open to at least {}", needed));
  return {};
}

}  // namespace cr::files
