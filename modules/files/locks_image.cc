// filelocks.img.
#include <fcntl.h>

#include "base/format.h"
#include "core/image_dir.h"
#include "files/description.h"
#include "files/file_lock.pb.h"
#include "files/locks.h"

namespace cr::files {
namespace {

bool is_known(std::uint32_t kind) {
  switch (static_cast<LockKind>(kind)) {
    case LockKind::kPosix:
    case LockKind::kFlock:
    case LockKind::kLease:
    case LockKind::kOfd:
      return true;
  }
  return false;
}

}  // namespace

Result<> write_locks(DumpCtx& ctx) {
  const LockModel& locks = ctx.models.get<LockModel>();
  if (locks.all.empty()) return {};
  const Model& model = ctx.models.get<Model>();
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kFileLocks));
  for (const FileLock& lock : locks.all) {
    pb::file_lock_entry e;
    e.set_flag(static_cast<std::uint32_t>(lock.kind));
    e.set_type(lock.type);
    e.set_pid(ctx.tree.tasks[model.tables.at(lock.files_id).leader].pid.value);
    e.set_fd(lock.fd);
    e.set_start(lock.start);
    e.set_len(lock.len);
    TRY(image.write(e));
  }
  return image.close();
}

Result<> read_locks(ReadCtx& ctx) {
  auto image = TRY(ctx.images.optional_image(core::ImageType::kFileLocks));
  if (!image) return {};
  const Model& model = ctx.models.get<Model>();
  pb::file_lock_entry e;
  while (TRY(image->next(e))) {
    const std::string what = format("lock of pid {} fd {} in filelocks.img", e.pid(), e.fd());
    const Task* task = ctx.tree.find(NsPid{e.pid()});
    if (task == nullptr || !task->alive()) return fail("use", what, 0, "there is no such task: the image is damaged");
    const Table& table = model.tables.at(model.table_of[task->index]);
    const auto slot = table.slots.find(e.fd());
    if (slot == table.slots.end()) return fail("use", what, 0, "it has no such descriptor: the image is damaged");
    if (!is_known(e.flag()) || e.type() > F_WRLCK)
      return fail("restore", what, 0, format("locks of kind {} and type {} are not carried", e.flag(), e.type()));
    FileLock lock{.kind = static_cast<LockKind>(e.flag()), .type = e.type(), .start = e.start(), .len = e.len()};
    lock.id = slot->second.id;
    lock.files_id = table.files_id;
    lock.fd = e.fd();
    lock.object = model.descriptions.at(lock.id).object;
    ctx.models.edit<LockModel>().all.push_back(std::move(lock));
  }
  return {};
}

}  // namespace cr::files
