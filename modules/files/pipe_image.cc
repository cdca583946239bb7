// pipe_entry and fifo_entry of files.img; pipes-data.img, fifo-data.img.
#include <algorithm>

#include "base/format.h"
#include "core/image_dir.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/file_times.h"
#include "files/pipe.h"
#include "files/pipe_data.pb.h"

namespace cr::files {
namespace {

Result<> write_data(DumpCtx& ctx, core::ImageType type, const std::map<PipeId, Pipe>& pipes) {
  if (pipes.empty()) return {};
  core::ImageWriter image = TRY(ctx.images.create(type));
  for (const auto& [id, pipe] : pipes) {
    pb::pipe_data_entry e;
    e.set_pipe_id(id);
    e.set_bytes(static_cast<std::uint32_t>(pipe.data.size()));
    e.set_size(pipe.size);
    for (std::uint32_t length : pipe.packets) e.add_cr_packets(length);
    TRY(image.write(e));
    TRY(image.write_raw(pipe.data));
  }
  return image.close();
}

Result<> read_data(ReadCtx& ctx, core::ImageType type, std::map<PipeId, Pipe>& pipes) {
  auto image = TRY(ctx.images.optional_image(type));
  if (!image) return {};
  pb::pipe_data_entry e;
  while (TRY(image->next(e))) {
    auto bytes = TRY(image->read_raw(e.bytes()));
    const std::string what = format("pipe {} of {}", e.pipe_id(), image->name());
    auto it = pipes.find(e.pipe_id());
    if (it == pipes.end())
      return fail("use", what, 0, "no descriptor in files.img belongs to it: the image is damaged");
    Pipe& pipe = it->second;
    pipe.data.assign(bytes.begin(), bytes.end());
    pipe.size = e.size();
    pipe.packets.assign(e.cr_packets().begin(), e.cr_packets().end());
    std::uint64_t sum = 0;
    for (std::uint32_t length : pipe.packets) sum += length;
    if (!pipe.packets.empty() && sum != e.bytes())
      return fail("use", what, 0, "its packets do not add up to its bytes: the image is damaged");
  }
  return {};
}

}  // namespace

Result<> write_pipe(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  pb::pipe_entry& e = *entry.mutable_pipe();
  e.set_id(id);
  e.set_pipe_id(ctx.models.get<PipeModel>().pipe_of.at(id));
  e.set_flags(d.flags);
  put_owner(d.owner, *e.mutable_fown());
  const PipeModel& model = ctx.models.get<PipeModel>();
  const Pipe& pipe = model.pipes.at(e.pipe_id());
  if (pipe.external) e.set_cr_external(true);
  if (pipe.inode) {
    e.set_cr_uid(pipe.inode->uid);
    e.set_cr_gid(pipe.inode->gid);
    e.set_cr_mode(pipe.inode->mode);
    e.set_cr_atime_ns(to_ns(pipe.inode->atime));
    e.set_cr_mtime_ns(to_ns(pipe.inode->mtime));
  }
  return {};
}

Result<> write_fifo(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const PipeModel& model = ctx.models.get<PipeModel>();
  pb::fifo_entry& e = *entry.mutable_fifo();
  e.set_id(id);
  e.set_pipe_id(model.pipe_of.at(id));
  e.set_regf_id(model.path_of.at(id));
  return {};
}

Result<> write_pipe_images(DumpCtx& ctx) {
  return write_data(ctx, core::ImageType::kPipesData, ctx.models.get<PipeModel>().pipes);
}

Result<> write_fifo_images(DumpCtx& ctx) {
  return write_data(ctx, core::ImageType::kFifoData, ctx.models.get<PipeModel>().fifos);
}

Result<> read_pipe(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::pipe_entry& e = entry.pipe();
  TRY(add_description(ctx, e.id(), kPipeKind, e.flags(), 0, get_owner(e.fown())));
  PipeModel& model = ctx.models.edit<PipeModel>();
  model.pipe_of[e.id()] = e.pipe_id();
  Pipe& pipe = model.pipes[e.pipe_id()];
  pipe.ends.push_back(e.id());
  pipe.external |= e.cr_external();
  if (e.has_cr_uid())
    pipe.inode = {.uid = e.cr_uid(),
                  .gid = e.cr_gid(),
                  .mode = e.cr_mode() & 07777,
                  .atime = from_ns(e.cr_atime_ns()),
                  .mtime = from_ns(e.cr_mtime_ns())};
  return {};
}

Result<> read_fifo(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::fifo_entry& e = entry.fifo();
  TRY(add_description(ctx, e.id(), kFifoKind, 0, 0, {}));
  PipeModel& model = ctx.models.edit<PipeModel>();
  Pipe& pipe = model.fifos[e.pipe_id()];
  pipe.fifo = true;
  pipe.ends.push_back(e.id());
  model.pipe_of[e.id()] = e.pipe_id();
  // Before the field existed, both entries had one id.
  model.path_of[e.id()] = e.has_regf_id() ? e.regf_id() : e.id();
  return {};
}

Result<> read_pipe_images(ReadCtx& ctx) {
  PipeModel& model = ctx.models.edit<PipeModel>();
  for (auto& [id, pipe] : model.pipes) std::sort(pipe.ends.begin(), pipe.ends.end());
  return read_data(ctx, core::ImageType::kPipesData, model.pipes);
}

Result<> read_fifo_images(ReadCtx& ctx) {
  PipeModel& model = ctx.models.edit<PipeModel>();
  auto& descriptions = ctx.models.edit<Model>().descriptions;
  for (auto& [id, pipe] : model.fifos) std::sort(pipe.ends.begin(), pipe.ends.end());
  for (const auto& [id, path] : model.path_of) {
    auto it = descriptions.find(path);
    if (it == descriptions.end() || path == id)
      return fail("use", format("fifo {} of files.img", id), 0,
                  format("there is no regular file {}: the image is damaged", path));
    descriptions.at(id).flags = it->second.flags;
    descriptions.at(id).owner = it->second.owner;
  }
  return read_data(ctx, core::ImageType::kFifoData, model.fifos);
}

}  // namespace cr::files
