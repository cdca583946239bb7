#include "engine/inventory_image.h"

#include <time.h>
#include <unistd.h>

#include "base/format.h"
#include "cgroup/cgroup.h"
#include "core/sharing.h"
#include "engine/inventory.pb.h"
#include "net/net.h"
#include "ns/time_ns.h"
#include "task/ids_image.h"

namespace cr::engine {
namespace {

constexpr std::uint32_t kVersion = 2;

timespec clock_now(clockid_t id) {
  timespec ts;
  clock_gettime(id, &ts);
  return ts;
}

}  // namespace

Result<> write_inventory(DumpCtx& ctx) {
  TRY(ns::write_clocks(ctx, 0, {clock_now(CLOCK_MONOTONIC), clock_now(CLOCK_BOOTTIME)}));

  pb::inventory_entry e;
  e.set_img_version(kVersion);
  e.set_fdinfo_per_id(true);
  e.set_ns_per_id(true);
  task::put_ids(ctx.models.get<KobjModel>().root, *e.mutable_root_ids());
  e.set_root_cg_set(ctx.models.get<cgroup::Model>().root_set);
  e.set_lsmtype(pb::lsmtype_NO_LSM);
  timespec up = clock_now(CLOCK_BOOTTIME);
  e.set_dump_criu_run_id(format("{:x}-{:x}-{:x}", up.tv_sec, up.tv_nsec, getpid()));
  // Counted from 0 here and from 1 in the RPC. Only a lock that is kept has a method; CRIU writes 0 for none.
  const bool locked = !ctx.models.get<net::LockModel>().kept.empty();
  e.set_network_lock_method(locked ? static_cast<std::uint32_t>(ctx.opt.network_lock) - 1 : 0);
  if (ctx.opt.tcp_close) e.set_tcp_close(true);
  if (const std::string& kept = ctx.models.get<net::LockModel>().kept; !kept.empty()) e.set_cr_network_lock(kept);
  auto image = TRY(ctx.images.create(core::ImageType::kInventory));
  TRY(image.write(e));
  return image.close();
}

Result<> read_inventory(ReadCtx& ctx) {
  auto image = TRY(ctx.images.image(core::ImageType::kInventory));
  pb::inventory_entry e;
  TRY(image.only(e));
  if (e.img_version() > kVersion)
    return Error{"engine", "use", format("version {} of inventory.img", e.img_version()), 0,
                 format("this engine reads versions up to {}; take a newer one", kVersion)};
  ctx.models.edit<net::LockModel>().kept = e.cr_network_lock();
  ctx.models.edit<cgroup::Model>().root_set = e.root_cg_set();
  ctx.models.edit<KobjModel>().root = task::get_ids(e.root_ids());
  return {};
}

}  // namespace cr::engine
