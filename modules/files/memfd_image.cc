// memfd_file_entry of files.img; memfd.img; pagemap-shmem-<shmid>.img with its pages file.
#include <set>

#include "base/format.h"
#include "core/image_dir.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/file_times.h"
#include "files/memfd.h"
#include "files/shmem_content.h"

namespace cr::files {

Result<> write_memfd(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  pb::memfd_file_entry& e = *entry.mutable_memfd();
  e.set_id(id);
  e.set_flags(d.flags);
  e.set_pos(d.pos);
  put_owner(d.owner, *e.mutable_fown());
  e.set_inode_id(ctx.models.get<MemfdModel>().inode_of.at(id));
  return {};
}

Result<> write_memfd_images(DumpCtx& ctx) {
  const MemfdModel& model = ctx.models.get<MemfdModel>();
  if (model.inodes.empty()) return {};
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kMemfdInode));
  for (const auto& [id, inode] : model.inodes) {
    pb::memfd_inode_entry e;
    e.set_name(inode.name);
    e.set_uid(inode.uid);
    e.set_gid(inode.gid);
    e.set_size(inode.size);
    e.set_shmid(inode.shmid);
    e.set_seals(inode.seals);
    e.set_inode_id(id);
    if (inode.hugetlb_flag) e.set_hugetlb_flag(*inode.hugetlb_flag);
    if (inode.mode) e.set_mode(*inode.mode);
    if (inode.reserved) e.set_cr_reserved(true);
    if (inode.atime) e.set_cr_atime_ns(to_ns(*inode.atime));
    if (inode.mtime) e.set_cr_mtime_ns(to_ns(*inode.mtime));
    for (const auto& [name, value] : inode.xattrs) {
      pb::cr_xattr_entry& x = *e.add_cr_xattrs();
      x.set_name(name);
      x.set_value(value);
    }
    TRY(image.write(e));
  }
  TRY(image.close());
  for (const auto& [id, inode] : model.inodes) TRY(dump_shmem(ctx, inode.content.get(), inode.shmid, inode.object));
  return {};
}

Result<> read_memfd(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::memfd_file_entry& e = entry.memfd();
  TRY(add_description(ctx, e.id(), kMemfdKind, e.flags(), e.pos(), get_owner(e.fown())));
  ctx.models.edit<MemfdModel>().inode_of[e.id()] = e.inode_id();
  return {};
}

Result<> read_memfd_images(ReadCtx& ctx) {
  MemfdModel& model = ctx.models.edit<MemfdModel>();
  auto image = TRY(ctx.images.optional_image(core::ImageType::kMemfdInode));
  pb::memfd_inode_entry e;
  std::set<std::uint32_t> shmids;
  while (image && TRY(image->next(e))) {
    MemfdInode inode;
    inode.inode_id = static_cast<std::uint32_t>(e.inode_id());
    inode.shmid = e.shmid();
    inode.name = e.name();
    inode.uid = e.uid();
    inode.gid = e.gid();
    inode.size = e.size();
    inode.seals = e.seals();
    if (e.has_hugetlb_flag()) inode.hugetlb_flag = e.hugetlb_flag();
    if (e.has_mode()) inode.mode = e.mode();
    inode.reserved = e.cr_reserved();
    if (e.has_cr_atime_ns()) inode.atime = from_ns(e.cr_atime_ns());
    if (e.has_cr_mtime_ns()) inode.mtime = from_ns(e.cr_mtime_ns());
    for (const pb::cr_xattr_entry& x : e.cr_xattrs()) inode.xattrs.emplace_back(x.name(), x.value());
    if (!shmids.insert(inode.shmid).second || !model.inodes.emplace(inode.inode_id, std::move(inode)).second)
      return fail("use", format("inode {} of memfd.img", e.inode_id()), 0, "it is there twice: the image is damaged");
  }
  for (const auto& [id, inode_id] : model.inode_of) {
    auto it = model.inodes.find(inode_id);
    if (it == model.inodes.end())
      return fail("use", format("file {} of files.img", id), 0,
                  format("memfd.img has no inode {}: the image is damaged", inode_id));
    it->second.last = id;
    TRY(check_shmem(ctx, it->second.shmid, it->second.size));
  }
  return {};
}

}  // namespace cr::files
