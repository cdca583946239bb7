// mountpoints-N.img: the mounts of namespace N; tmpfs-dev-DEV.tar.gz.img; binfmt-misc.img.
#include <algorithm>

#include "base/format.h"
#include "base/log.h"
#include "core/id_map.h"
#include "core/image_dir.h"
#include "core/manifest.h"
#include "core/sharing.h"
#include "mnt/binfmt_misc.pb.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"
#include "mnt/mnt.pb.h"

namespace cr::mnt {
namespace {

/// CRIU writes it where an older format had a key in the place of the root.
constexpr std::string_view kNoRoot = "CRIU:NO_ROOT";

void put(const Mount& m, pb::mnt_entry& e) {
  e.set_fstype(static_cast<pb::fstype>(m.fs_code));
  e.set_mnt_id(m.id);
  e.set_root_dev(m.dev);
  e.set_parent_mnt_id(m.parent);
  e.set_flags(m.flags);
  e.set_root(m.root);
  e.set_mountpoint(m.point);
  e.set_source(m.source);
  e.set_options(m.options);
  e.set_shared_id(m.shared);
  e.set_master_id(m.master);
  e.set_sb_flags(m.sb_flags);
  // CRIU has the name only where the code tells nothing.
  if (m.fs_code == kCodeAuto || m.fs_code == kCodeUnsupported) e.set_fsname(m.fs_name);
  if (!m.key.empty()) e.set_ext_key(m.key);
  if (m.deleted) e.set_deleted(true);
  if (m.internal_sharing) e.set_internal_sharing(true);
  if (m.hidden != 0) e.set_cr_hidden(m.hidden);
  if (m.pid_ns != 0) e.set_cr_pid_ns(m.pid_ns);
}

Error damaged(const std::string& image, std::string what) {
  return Error{"mnt", "use", image, 0, std::move(what) + ": the image is damaged"};
}

Result<Mount> take(const pb::mnt_entry& e, const std::string& image) {
  Mount m;
  m.id = e.mnt_id();
  m.parent = e.parent_mnt_id();
  m.dev = e.root_dev();
  m.flags = e.flags();
  m.root = e.root();
  m.point = e.mountpoint();
  m.source = e.source();
  m.options = e.options();
  m.shared = e.shared_id();
  m.master = e.master_id();
  m.sb_flags = e.sb_flags();
  m.fs_code = static_cast<std::uint32_t>(e.fstype());
  m.deleted = e.deleted();
  m.internal_sharing = e.internal_sharing();
  m.hidden = e.cr_hidden();
  m.pid_ns = e.cr_pid_ns();
  m.key = e.ext_key();
  if (e.ext_mount() && m.key.empty()) std::swap(m.key, m.root);
  if (m.root.empty() || m.root == kNoRoot) m.root.assign(1, '/');
  const FsType* type = fs_type_of_code(m.fs_code);
  m.fs_name = type != nullptr ? std::string(type->name) : e.fsname();
  if (m.point.starts_with("./")) m.point.erase(0, 1);
  if (!m.point.starts_with("/") || !m.root.starts_with("/"))
    return damaged(image, format("mount {} has no usable path", m.id));
  if (e.with_plugin()) return Error{"mnt", "restore", m.name(), 0, "it was dumped by a plugin of CRIU"};
  return m;
}

Result<> write_formats(DumpCtx& ctx, const std::vector<BinaryFormat>& formats) {
  if (formats.empty()) return {};
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kBinfmtMisc));
  for (const BinaryFormat& f : formats) {
    pb::binfmt_misc_entry e;
    e.set_name(f.name);
    e.set_enabled(f.enabled);
    e.set_interpreter(f.interpreter);
    if (!f.flags.empty()) e.set_flags(f.flags);
    if (!f.extension.empty()) e.set_extension(f.extension);
    if (!f.magic.empty()) e.set_magic(f.magic), e.set_offset(f.offset);
    if (!f.mask.empty()) e.set_mask(f.mask);
    TRY(image.write(e));
  }
  return image.close();
}

/// For the first namespace of the tree's user namespace that has a binfmt_misc.
Result<> read_formats(const ReadCtx& ctx, const Model& model, NsId id, Namespace& ns) {
  const bool has_mount = std::any_of(ns.mounts.begin(), ns.mounts.end(),
                                     [](const Mount& m) { return m.fs_name == "binfmt_misc" && m.key.empty(); });
  const bool is_later = std::any_of(model.namespaces.begin(), model.namespaces.end(),
                                    [](const auto& n) { return !n.second.formats.empty(); });
  if (!has_mount || is_later || ctx.models.get<core::ChildIds>().owner_of(id) != 0) return {};
  auto image = TRY(ctx.images.optional_image(core::ImageType::kBinfmtMisc));
  if (!image) return {};
  if (!ctx.models.get<core::TreeIds>().own) {
    log::warn("{}: the binary formats of this machine are left as they are", image->name());
    return {};
  }
  pb::binfmt_misc_entry e;
  while (TRY(image->next(e)))
    ns.formats.push_back(
        {e.name(), e.enabled(), e.interpreter(), e.flags(), e.extension(), e.magic(), e.mask(), e.offset()});
  return {};
}

}  // namespace

Result<> write(DumpCtx& ctx, NsId id) {
  const Namespace& ns = ctx.models.get<Model>().namespaces.at(id);
  core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kMnts, id));
  for (const Mount& m : ns.mounts) {
    pb::mnt_entry entry;
    put(m, entry);
    if (m.hidden != 0) ctx.images.require(core::kHiddenMounts);
    if (m.pid_ns != 0) ctx.images.require(core::kInnerProc);
    TRY(image.write(entry));
  }
  TRY(image.close());
  TRY(write_formats(ctx, ns.formats));
  TRY(write_automounts(ctx, ns));
  for (const auto& [dev, fd] : ns.bare) {
    core::RawImage content = TRY(ctx.images.create_raw(core::ImageType::kTmpfsDev, dev));
    TRY(pack(fd.get(), content.fd(), ns.ids, format("the tmpfs {}:{}", dev >> 20, dev & 0xfffff)));
    TRY(content.close());
  }
  return {};
}

/// Who makes it, and whether the root of the tree lives elsewhere.
static void place_in_tree(const ReadCtx& ctx, Model& model, NsId id) {
  Namespace& ns = model.namespaces[id];
  model.order.push_back(id);
  const KobjModel& objects = ctx.models.get<KobjModel>();
  for (const Task& t : ctx.tree.tasks) {
    const KobjIds* ids = objects.find(t.pid);
    if (ids == nullptr || ids->mnt_ns != id) continue;
    ns.maker = t.index;
    break;
  }
  ns.nested = ns.maker != 0;
  model.root_outside = model.root_outside || (ns.nested && model.order.size() == 1);
}

Result<> read(ReadCtx& ctx, NsId id) {
  place_in_tree(ctx, ctx.models.edit<Model>(), id);
  Namespace& ns = ctx.models.edit<Model>().namespaces[id];
  core::ImageReader image = TRY(ctx.images.image(core::ImageType::kMnts, id));
  pb::mnt_entry entry;
  while (TRY(image.next(entry))) ns.mounts.push_back(TRY(take(entry, image.name())));
  const std::size_t all = ns.mounts.size();
  order_for_mounting(ns.mounts);
  if (all == 0 || ns.mounts.size() != all)
    return damaged(image.name(), format("only {} of its {} mounts hang on its root", ns.mounts.size(), all));
  TRY(read_automounts(ctx, ns));
  return read_formats(ctx, ctx.models.get<Model>(), id, ns);
}

}  // namespace cr::mnt
