// bpfmap_file_entry of files.img; bpfmap-data.img.
#include <algorithm>
#include <span>

#include "base/format.h"
#include "files/bpf_map.h"
#include "files/bpfmap_data.pb.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"

namespace cr::files {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

}  // namespace

Result<> write_bpf_map(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  const BpfMapModel& model = ctx.models.get<BpfMapModel>();
  const std::uint32_t map_id = model.map_of.at(id);
  const BpfMap& m = model.maps.at(map_id);
  pb::bpfmap_file_entry& e = *entry.mutable_bpf();
  e.set_id(id);
  e.set_flags(d.flags);
  e.set_pos(d.pos);
  put_owner(d.owner, *e.mutable_fown());
  e.set_map_type(m.type);
  e.set_key_size(m.key_size);
  e.set_value_size(m.value_size);
  e.set_map_id(map_id);
  e.set_max_entries(m.max_entries);
  e.set_map_flags(m.map_flags);
  e.set_memlock(m.memlock);
  e.set_frozen(m.frozen);
  e.set_map_name(m.name);
  e.set_ifindex(m.ifindex);
  return {};
}

Result<> write_bpf_map_images(DumpCtx& ctx) {
  const BpfMapModel& model = ctx.models.get<BpfMapModel>();
  if (model.maps.empty()) return {};
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kBpfmapData));
  for (const auto& [id, m] : model.maps) {
    pb::bpfmap_data_entry e;
    e.set_map_id(id);
    e.set_keys_bytes(static_cast<std::uint32_t>(m.keys.size()));
    e.set_values_bytes(static_cast<std::uint32_t>(m.values.size()));
    e.set_count(static_cast<std::uint32_t>(m.count()));
    TRY(image.write(e));
    TRY(image.write_raw(bytes_of(m.keys)));
    TRY(image.write_raw(bytes_of(m.values)));
  }
  return image.close();
}

Result<> read_bpf_map(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::bpfmap_file_entry& e = entry.bpf();
  TRY(add_description(ctx, e.id(), kBpfMapKind, e.flags(), 0, get_owner(e.fown())));
  BpfMapModel& model = ctx.models.edit<BpfMapModel>();
  model.map_of[e.id()] = e.map_id();
  BpfMap& m = model.maps[e.map_id()];
  m.type = e.map_type();
  m.key_size = e.key_size();
  m.value_size = e.value_size();
  m.max_entries = e.max_entries();
  m.map_flags = e.map_flags();
  m.ifindex = e.ifindex();
  m.extra = e.map_extra();
  m.frozen = e.frozen();
  m.name = e.map_name();
  m.last = std::max(m.last, e.id());
  return {};
}

Result<> read_bpf_map_images(ReadCtx& ctx) {
  BpfMapModel& model = ctx.models.edit<BpfMapModel>();
  auto image = TRY(ctx.images.optional_image(core::ImageType::kBpfmapData));
  pb::bpfmap_data_entry e;
  while (image && TRY(image->next(e))) {
    auto keys = TRY(image->read_raw(e.keys_bytes()));
    std::string key_bytes(keys.begin(), keys.end());
    auto values = TRY(image->read_raw(e.values_bytes()));
    const auto it = model.maps.find(e.map_id());
    const bool whole = it != model.maps.end() && key_bytes.size() == std::uint64_t{e.count()} * it->second.key_size &&
                       values.size() == std::uint64_t{e.count()} * it->second.value_size;
    if (!whole) return fail("use", format("map {} of bpfmap-data.img", e.map_id()), 0, "the image is damaged");
    it->second.keys = std::move(key_bytes);
    it->second.values.assign(values.begin(), values.end());
  }
  return {};
}

}  // namespace cr::files
