#include "base/format.h"
#include "security/keys.h"
#include "security/keys.pb.h"
#include "task/core.pb.h"

namespace cr::security::keys {
namespace {

void put(const Key& k, pb::cr_key& out) {
  out.set_type(k.type);
  out.set_description(k.description);
  out.set_uid(k.uid);
  out.set_gid(k.gid);
  out.set_permissions(k.permissions);
  if (!k.payload.empty()) out.set_payload(k.payload);
  for (std::uint32_t link : k.links) out.add_links(link);
  if (k.of_user) out.set_of_user(true);
}

Key get(const pb::cr_key& in) {
  Key k;
  k.type = in.type();
  k.description = in.description();
  k.uid = in.uid();
  k.gid = in.gid();
  k.permissions = in.permissions();
  k.payload = in.payload();
  k.links.assign(in.links().begin(), in.links().end());
  k.of_user = in.of_user();
  return k;
}

/// Whether one can go round in circles from `place`, or deeper than keyrings(7) go: what the kernel never makes.
bool is_circular(const Keyrings& rings, std::uint32_t place, std::vector<bool>& seen, int depth = 0) {
  constexpr int kDeepest = 8;
  if (depth > kDeepest || place >= rings.keys.size()) return true;
  if (seen[place]) return false;
  for (std::uint32_t link : rings.keys[place].links)
    if (is_circular(rings, link, seen, depth + 1)) return true;
  seen[place] = true;
  return false;
}

Result<> check(const Task& task, const Keyrings& rings) {
  std::vector<bool> seen(rings.keys.size());
  for (const auto& ring : {rings.thread, rings.process, rings.session})
    if (ring && (is_circular(rings, *ring, seen) || rings.keys[*ring].type != kKeyring))
      return Error{"security", "use", format("the keyrings of pid {}", task.pid), 0, "the image is damaged"};
  return {};
}

}  // namespace

Result<> write(DumpCtx& ctx) {
  if (!ctx.models.get<KeysModel>().of.empty()) ctx.images.require(core::kKeyrings);
  return {};
}

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  const auto& of = ctx.models.get<KeysModel>().of;
  const auto it = of.find(task.pid);
  if (thread != 0 || it == of.end()) return {};
  pb::cr_keyrings& out = *core.mutable_tc()->mutable_keyrings();
  for (const Key& k : it->second.keys) put(k, *out.add_keys());
  if (it->second.thread) out.set_thread(*it->second.thread);
  if (it->second.process) out.set_process(*it->second.process);
  if (it->second.session) out.set_session(*it->second.session);
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (thread != 0 || !task.alive() || !core.tc().has_keyrings()) return {};
  const pb::cr_keyrings& in = core.tc().keyrings();
  Keyrings rings;
  for (const pb::cr_key& k : in.keys()) rings.keys.push_back(get(k));
  if (in.has_thread()) rings.thread = in.thread();
  if (in.has_process()) rings.process = in.process();
  if (in.has_session()) rings.session = in.session();
  TRY(check(task, rings));
  ctx.models.edit<KeysModel>().of.emplace(task.pid, std::move(rings));
  return {};
}

}  // namespace cr::security::keys
