#include <algorithm>

#include "core/id_map.h"
#include "security/security.h"
#include "security/wire.h"

namespace cr::security {
namespace {

RelSpan<RestoreFilter> put_filters(const SeccompModel& model, std::span<const std::int32_t> chain,
                                   ArenaBuilder& arena) {
  std::vector<RestoreFilter> out;
  for (std::int32_t i : chain) {
    const Filter& filter = model.filters[static_cast<std::size_t>(i)];
    out.push_back({arena.add(filter.code), filter.flags, 0});
  }
  return arena.add(out);
}

void put_ids(const Ids& ids, std::uint32_t (&out)[4]) {
  out[0] = ids.real;
  out[1] = ids.effective;
  out[2] = ids.saved;
  out[3] = ids.fs;
}

/// As the user namespace that the thread lives in has them.
Creds seen_inside(Creds creds, const core::ChildIds::Space* space) {
  if (space == nullptr) return creds;
  for (auto* id : {&creds.uid.real, &creds.uid.effective, &creds.uid.saved, &creds.uid.fs})
    *id = space->maps.uid.to_inside(*id);
  for (auto* id : {&creds.gid.real, &creds.gid.effective, &creds.gid.saved, &creds.gid.fs})
    *id = space->maps.gid.to_inside(*id);
  for (std::uint32_t& g : creds.groups) g = space->maps.gid.to_inside(g);
  return creds;
}

void put_creds(const Creds& from, const Creds& own, const core::ChildIds::Space* space, RestoreThread& out,
               ArenaBuilder& arena) {
  const Creds inside = seen_inside(from, space);
  put_ids(inside.uid, out.uid);
  put_ids(inside.gid, out.gid);
  out.groups = arena.add(inside.groups);
  out.same_uids = from.uid == own.uid;
  out.same_gids = from.gid == own.gid;
  out.inheritable = from.caps.inheritable;
  out.permitted = from.caps.permitted;
  out.effective = from.caps.effective;
  out.bounding = from.caps.bounding;
  out.ambient = from.caps.ambient;
  out.securebits = from.securebits;
  out.no_new_privs = from.no_new_privs && !own.no_new_privs;
  out.same_groups = from.groups == own.groups;
  Creds rest = from;
  rest.no_new_privs = own.no_new_privs;
  out.same_creds = rest == own;
}

EnterUsers way_into_users(const TaskCtx& ctx, ArenaBuilder& arena) {
  EnterUsers way{};
  const Models& models = ctx.models();
  const core::ChildIds::Space* space = core::child_space(models, ctx.task.pid);
  way.fd = core::comes_last(models, ctx.task.pid) ? space->fd : -1;
  if (way.fd < 0) return way;
  const Creds& first = first_creds_of(models, ctx.task.pid);
  const Ids* const ids[] = {&first.uid, &first.gid};
  for (std::size_t i = 0; i < 2; ++i) {
    auto& to = i == 0 ? way.uid : way.gid;
    to[0] = ids[i]->real, to[1] = ids[i]->effective, to[2] = ids[i]->saved;
  }
  way.groups = arena.add(first.groups);
  way.same_groups = first.groups == models.get<CredsModel>().own.groups;
  way.children_too = ctx.task.children_space.kind == ChildrenSpace::Kind::kEmpty;
  return way;
}

}  // namespace

Result<> fill_process(const TaskCtx& ctx, RestoreProcess& out, ArenaBuilder& arena) {
  out.users = way_into_users(ctx, arena);
  // One thread needs no TSYNC; its filters are all its own.
  if (ctx.task.threads.size() < 2) return {};
  const auto& model = ctx.models().get<SeccompModel>();
  out.common = put_filters(model, common_chain(model, ctx.task), arena);
  return {};
}

Result<> fill_thread(const TaskCtx& ctx, std::size_t thread, RestoreThread& out, ArenaBuilder& arena) {
  const NsPid tid = ctx.task.threads[thread].tid;
  const auto& creds = ctx.models().get<CredsModel>();
  out.same_creds = 1;
  if (auto it = creds.threads.find(tid); it != creds.threads.end())
    put_creds(it->second, first_creds_of(ctx.models(), ctx.task.pid), core::child_space(ctx.models(), ctx.task.pid),
              out, arena);
  const auto& seccomp = ctx.models().get<SeccompModel>();
  auto it = seccomp.threads.find(tid);
  if (it == seccomp.threads.end()) return {};
  out.seccomp_strict = it->second.mode == SeccompMode::kStrict;
  const auto chain = seccomp.chain(it->second);
  const std::size_t shared = ctx.task.threads.size() < 2 ? 0 : common_chain(seccomp, ctx.task).size();
  out.filters = put_filters(seccomp, std::span(chain).subspan(shared), arena);
  return {};
}

}  // namespace cr::security
