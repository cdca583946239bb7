// reg_file_entry of files.img, remap-fpath.img.
#include "base/format.h"
#include "core/image_dir.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/regular.h"
#include "files/remap_file_path.pb.h"

namespace cr::files {

Result<> write_regular(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  const RegularFile& f = ctx.models.get<RegularModel>().files.at(id);
  pb::reg_file_entry& e = *entry.mutable_reg();
  e.set_id(id);
  e.set_flags(d.flags);
  e.set_pos(d.pos);
  put_owner(d.owner, *e.mutable_fown());
  e.set_name(f.name);
  if (f.size) e.set_size(*f.size);
  if (f.mode) e.set_mode(*f.mode);
  for (std::uint32_t word : f.build_id) e.add_build_id(word);
  if (f.mnt_id) e.set_mnt_id(*f.mnt_id);
  if (f.ext) e.set_ext(true);
  if (!f.external.empty()) e.set_cr_external(f.external);
  if (f.outside) put_outside_process(*f.outside, *e.mutable_cr_outside());
  if (!f.lost_name.empty()) e.set_cr_lost_name(f.lost_name);
  return {};
}

Result<> write_regular_images(DumpCtx& ctx) {
  const RegularModel& model = ctx.models.get<RegularModel>();
  for (const auto& [id, ghost] : model.ghosts) TRY(write_ghost(ctx.images, id, ghost));
  if (model.remaps.empty()) return {};
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kRemapFpath));
  for (const auto& [id, remap] : model.remaps) {
    pb::remap_file_path_entry e;
    e.set_orig_id(id);
    e.set_remap_id(remap.remap_id);
    e.set_remap_type(static_cast<pb::remap_type>(remap.type));
    TRY(image.write(e));
  }
  return image.close();
}

Result<> read_regular(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::reg_file_entry& e = entry.reg();
  TRY(add_description(ctx, e.id(), kRegularKind, e.flags(), e.pos(), get_owner(e.fown())));
  RegularFile f;
  f.name = e.name();
  if (f.name.empty() || f.name.find('\0') != std::string::npos)
    return fail("use", format("file {} of files.img", e.id()), 0, "it has no usable path: the image is damaged");
  // Written relative to the root of the mount namespace by some versions.
  if (f.name[0] != '/') f.name = "/" + f.name;
  if (e.has_size()) f.size = e.size();
  if (e.has_mode()) f.mode = e.mode();
  f.build_id.assign(e.build_id().begin(), e.build_id().end());
  if (e.has_mnt_id()) f.mnt_id = e.mnt_id();
  f.ext = e.ext();
  f.external = e.cr_external();
  if (e.has_cr_outside()) f.outside = get_outside_process(e.cr_outside());
  f.lost_name = e.cr_lost_name();
  Description& d = ctx.models.edit<Model>().descriptions.at(e.id());
  d.object = format("file {} ({})", e.id(), f.name);
  ctx.models.edit<RegularModel>().files[e.id()] = std::move(f);
  return {};
}

Result<std::string> take_path(ReadCtx& ctx, FileId id) {
  RegularModel& model = ctx.models.edit<RegularModel>();
  const auto it = model.files.find(id);
  if (it == model.files.end())
    return fail("use", format("file {} of files.img", id), 0, "it should be a path: the image is damaged");
  it->second.path_only = true;
  return it->second.name;
}

Result<> read_regular_images(ReadCtx& ctx) {
  auto image = TRY(ctx.images.optional_image(core::ImageType::kRemapFpath));
  if (!image) return {};
  RegularModel& model = ctx.models.edit<RegularModel>();
  pb::remap_file_path_entry e;
  while (TRY(image->next(e))) {
    const std::string what = format("remap of file {} in remap-fpath.img", e.orig_id());
    // Sets of version 1 have no type: a number with the highest bit was a ghost.
    const auto type = static_cast<RemapType>(e.has_remap_type() ? e.remap_type() : pb::remap_type_GHOST);
    if (!model.files.contains(e.orig_id()))
      return fail("use", what, 0, "there is no such file: the image is damaged");
    if (type == RemapType::kLinked && !model.files.contains(e.remap_id()))
      return fail("use", what, 0, format("there is no file {}: the image is damaged", e.remap_id()));
    model.remaps[e.orig_id()] = Remap{e.remap_id(), type};
    if (type == RemapType::kGhost && !model.ghosts.contains(e.remap_id()))
      model.ghosts[e.remap_id()] = TRY(read_ghost(ctx.images, e.remap_id()));
  }
  return {};
}

}  // namespace cr::files
