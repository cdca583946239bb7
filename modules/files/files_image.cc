// files.img, fdinfo-<files_id>.img, fs-<pid>.img.
#include "base/format.h"
#include "core/image_dir.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/fs.pb.h"
#include "files/locks.h"

namespace cr::files {
namespace {

constexpr std::uint32_t kFdCloexec = 1;

Result<> write_descriptions(DumpCtx& ctx) {
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kFiles));
  for (const auto& [id, d] : ctx.models.get<Model>().descriptions) {
    pb::file_entry entry;
    entry.set_type(static_cast<pb::fd_types>(d.kind->type));
    entry.set_id(id);
    TRY(d.kind->write(ctx, id, entry));
    const auto& hints = ctx.models.get<WriteHints>().of;
    if (auto hint = hints.find(id); hint != hints.end()) entry.set_cr_write_hint(hint->second);
    TRY(image.write(entry));
  }
  return image.close();
}

Result<> write_table(DumpCtx& ctx, const Table& table) {
  const Model& model = ctx.models.get<Model>();
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kFdinfo, table.files_id));
  pb::fdinfo_entry entry;
  for (const auto& [number, slot] : table.slots) {
    entry.set_id(slot.id);
    entry.set_flags(slot.cloexec ? kFdCloexec : 0);
    entry.set_type(static_cast<pb::fd_types>(model.descriptions.at(slot.id).kind->type));
    entry.set_fd(static_cast<std::uint32_t>(number));
    TRY(image.write(entry));
  }
  return image.close();
}

Result<> write_fs(DumpCtx& ctx, const Task& task, const Fs& fs) {
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kFs, static_cast<std::uint64_t>(task.pid.value)));
  pb::fs_entry entry;
  entry.set_cwd_id(fs.cwd);
  entry.set_root_id(fs.root);
  if (fs.umask) entry.set_umask(*fs.umask);
  TRY(image.write(entry));
  return image.close();
}

Error damaged(const std::string& image, std::string what) {
  return fail("use", image, 0, std::move(what) + ": the image is damaged");
}

Result<> read_descriptions(ReadCtx& ctx) {
  core::ImageReader image = TRY(ctx.images.image(core::ImageType::kFiles));
  pb::file_entry entry;
  while (TRY(image.next(entry))) {
    const FileKind* kind = kind_of_type(static_cast<std::uint32_t>(entry.type()));
    if (kind == nullptr)
      return fail("restore", format("file {} of files.img", entry.id()), 0,
                  format("descriptors of type {} are not carried yet", static_cast<int>(entry.type())));
    TRY(kind->read(ctx, entry));
    if (!ctx.models.get<Model>().descriptions.contains(entry.id()))
      return damaged("files.img", format("file {} has another id inside", entry.id()));
    if (entry.cr_write_hint() != 0) ctx.models.edit<WriteHints>().of[entry.id()] = entry.cr_write_hint();
  }
  return {};
}

Result<> read_table(ReadCtx& ctx, const Task& task, std::uint32_t files_id) {
  Model& model = ctx.models.edit<Model>();
  if (model.tables.contains(files_id)) return {};
  Table& table = model.tables[files_id];
  table.files_id = files_id;
  table.leader = task.index;
  core::ImageReader image = TRY(ctx.images.image(core::ImageType::kFdinfo, files_id));
  pb::fdinfo_entry entry;
  while (TRY(image.next(entry))) {
    const std::string what = format("{} fd {}", image.name(), entry.fd());
    auto it = model.descriptions.find(entry.id());
    if (it == model.descriptions.end()) return damaged(what, format("files.img has no file {}", entry.id()));
    if (it->second.kind->type != static_cast<std::uint32_t>(entry.type()))
      return damaged(what, format("its type differs from that of file {}", entry.id()));
    if (entry.fd() > 0x7fffffff ||
        !table.slots.emplace(static_cast<int>(entry.fd()), Slot{entry.id(), (entry.flags() & kFdCloexec) != 0})
             .second)
      return damaged(what, "the number is there twice or too large");
    it->second.object = format("pid {} fd {} ({})", task.pid, entry.fd(), it->second.kind->name);
  }
  return {};
}

Result<> read_task(ReadCtx& ctx, const Task& task) {
  Model& model = ctx.models.edit<Model>();
  const auto pid = static_cast<std::uint64_t>(task.pid.value);
  const KobjModel& kobj = ctx.models.get<KobjModel>();
  const auto ids = kobj.of.find(task.pid);
  if (ids == kobj.of.end()) return damaged(format("ids-{}.img", pid), "it was not read");
  model.table_of[task.index] = ids->second.files;
  TRY(read_table(ctx, task, ids->second.files));

  pb::fs_entry fs;
  TRY(TRY(ctx.images.image(core::ImageType::kFs, pid)).only(fs));
  for (FileId id : {fs.cwd_id(), fs.root_id()})
    if (!model.descriptions.contains(id))
      return damaged(format("fs-{}.img", pid), format("files.img has no file {}", id));
  model.fs[task.index] = Fs{ids->second.fs, fs.cwd_id(), fs.root_id(), std::nullopt};
  if (fs.has_umask()) model.fs[task.index].umask = fs.umask();
  return {};
}

}  // namespace

Result<> write(DumpCtx& ctx) {
  const Model& model = ctx.models.get<Model>();
  TRY(write_descriptions(ctx));
  for (const auto& [id, table] : model.tables) TRY(write_table(ctx, table));
  for (const Task& task : ctx.tree.tasks)
    if (task.alive()) TRY(write_fs(ctx, task, model.fs[task.index]));
  for (const FileKind* kind : file_kinds())
    if (kind->write_images != nullptr) TRY(kind->write_images(ctx));
  return write_locks(ctx);
}

Result<> read(ReadCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  model.table_of.assign(ctx.tree.tasks.size(), 0);
  model.fs.assign(ctx.tree.tasks.size(), {});
  TRY(read_descriptions(ctx));
  for (const Task& task : ctx.tree.tasks)
    if (task.alive()) TRY(read_task(ctx, task));
  for (const FileKind* kind : file_kinds())
    if (kind->read_images != nullptr) TRY(kind->read_images(ctx));
  return read_locks(ctx);
}

}  // namespace cr::files
