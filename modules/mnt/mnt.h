// Mount namespaces: which file systems hang where, with which flags, who passes changes on to whom, what is in a
// tmpfs.
//
// Where the kernel shows it: /proc/PID/mountinfo, read inside the namespace. What is seen is what the first task that
// lives in it sees from its root directory; that one becomes the root of the restored namespace. The content of a
// tmpfs is read through a bare copy of the mount (open_tree(2)), without what hides parts of it.
//
// A tree may have several: those of other tasks than the root are "nested". What a file system is, and who shares
// mounts with whom, is decided for all of them together (collect.cc, groups.cc).
//
// How it is put back: in the first process of the namespace, a copy of the engine's. Every mount is made by itself on
// a place in a yard (new file systems, tmpfs with their content, copies of the root and of external mounts that the
// coordinator has opened, then binds of these); then they are put together, the root becomes the root (pivot_root(2))
// and all of the engine's mounts go. Peer groups and masters come last, so that nothing of this is passed on. Each of
// several namespaces is made by the first task that lives in it, in tree order, with copies of what earlier ones have
// too (earlier.cc); the last one to be made links the groups of all.
//
// The root comes from --root, or is the engine's own. Its content, as that of external mounts, belongs to the caller.
//
// autofs is made again when its daemon is in the tree (automount.h).
//
// Refused: file systems that the table of fs_types.cc does not have, unless --enable-fs, --external mnt[..] or
// dev[..] names them; binds of what the namespace doesn't show; peers and masters outside of it without
// --enable-external-sharing or --enable-external-masters; binds of deleted files; mounts that map ids.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "core/module.h"
#include "core/ns_kind.h"
#include "mnt/automount.h"
#include "mnt/binary_formats.h"
#include "mnt/content.h"
#include "mnt/mountinfo.h"

namespace cr::mnt {

struct Outside;

/// How one mount is made.
struct Origin {
  enum class Kind : std::uint8_t {
    kRoot,     ///< a copy of the root
    kOutside,  ///< a copy of something outside the namespace
    kNew,      ///< a new superblock
    kBind,     ///< a part of another mount
    kEarlier,  ///< a part of a mount of a namespace that is made before
  };
  Kind kind = Kind::kNew;
  std::size_t of = 0;  ///< kBind, kEarlier: index of the mount that shows all that this one does
  std::string path{};  ///< kOutside: in the namespace of the engine
  NsId ns = 0;         ///< kEarlier: whose mount it is
};

struct Namespace {
  std::vector<Mount> mounts{};  ///< in the order of order_for_mounting; the first is the root
  bool nested = false;          ///< not that of the tree's root: its root is a mount like the others

  /// Of the user namespace of the tree, where its binfmt_misc is made, the oldest first.
  std::vector<BinaryFormat> formats{};
  std::map<std::uint32_t, Automount> automounts{};  ///< by dev

  // Dump.
  std::vector<Mount> around{};               ///< all its mounts, those above `directory` too
  std::set<std::uint32_t> all{};             ///< their ids
  HostPid member{};                          ///< a task whose root is that of the namespace
  std::string directory = "/";               ///< the root, seen from the root of the whole namespace
  std::map<std::uint32_t, UniqueFd> bare{};  ///< by dev: a copy of each tmpfs, nothing hangs on it
  IdMaps ids{};                              ///< of the namespace's owner

  // Restore. Behind the mounts of the namespace there may be more, which are made but not put into place.
  std::vector<Origin> origins{};
  std::vector<UniqueFd> taken{};  ///< by index: what the coordinator has opened of the outside
  TaskIndex maker = 0;            ///< the first task that lives in it
  std::vector<UniqueFd> made{};   ///< by index, when they were made from inside (inside.cc)
  // Where there are several: service numbers, in the maker, of the root directory and of the mounts by index.
  int root_number = -1, first_number = -1;
};

struct Model {
  std::map<NsId, Namespace> namespaces{};
  std::vector<NsId> order{};  ///< in which they are made; that of the tree's root, if it has one, is the first
  bool root_outside = false;  ///< the root of the tree lives in the engine's namespace, which all others know

  int automount_control = -1;  ///< restore: service number of /dev/autofs

  // Dump.
  std::set<std::uint32_t> engines{};  ///< ids of the engine's own mounts

  Namespace& at(std::size_t place) { return namespaces.at(order[place]); }
  const Namespace& at(std::size_t place) const { return namespaces.at(order[place]); }
};

/// The nested namespace that has a mount of that id, 0 for any other.
NsId nested_with(const Model& model, std::uint32_t mount);
/// The nested namespace that `maker` makes, 0 for none.
NsId made_by(const Model& model, TaskIndex maker);
/// "PID/fd/NUMBER" below RestoreCtx::proc_fd: what the maker of `ns` keeps under that number. Errors: it has not come
/// to that yet, being a later task.
Result<std::string> kept_by_maker(const RestoreCtx& ctx, const Namespace& ns, int number);

enum class Side : std::uint8_t { kDump, kRestore };
/// What the caller says of the outside; a tree whose root lives there has all of it.
Result<Outside> outside_of_tree(const Model& model, const Options& opt);
/// Decides how each mount of namespace `id` is made, when that is done for the earlier ones; appends those that only
/// others are bound from. Errors: a mount that can't be made, with what would help; on a restore an external one
/// without a path.
Result<> plan_origins(Model& model, NsId id, const Options& opt, Side side);
/// Whether each group of peers and each master can be made again; `theirs` are the mounts of the engine, on a dump.
Result<> check_groups(const Model& model, const Options& opt, const std::vector<Mount>& theirs);

/// What becomes of the propagation (MS_*) of the copy of something outside that mount `i` is; 0: it stays.
std::uint64_t propagation_of_copy(const Model& model, const Namespace& ns, std::size_t i, const Outside& outside);

/// Makes the calling process, which has just left the engine's mount namespace, live in `ns`, and gives its mounts by
/// index. Errors: a mount that the kernel refuses.
Result<std::vector<UniqueFd>> build(Namespace& ns, const core::ImageReaderDir& images);
/// The same from the root directory of the caller on, which must be that of its namespace.
Result<std::vector<UniqueFd>> build_here(Namespace& ns, const core::ImageReaderDir& images);
/// All mounts of a tree, where one can get at them.
struct Reach {
  std::vector<std::vector<UniqueFd>> fds{};  ///< by place in Model::order and index
  std::vector<UniqueFd> spaces{};            ///< by place: the namespaces; empty where there is only the caller's own
};
/// Gives each mount its group of peers and its master. The caller must be in the last namespace. Errors: setns(2),
/// mount_setattr(2), move_mount(2).
Result<> set_groups(const Model& model, const Reach& reach);

/// Takes copies of what earlier namespaces have too. The caller must have unshared its own. Errors: setns(2),
/// open_tree(2).
Result<> take_from_earlier(RestoreCtx& ctx, Namespace& ns);
/// Puts the mounts of a namespace that has been built under its service numbers, for those who come later.
Result<> keep_for_later(RestoreCtx& ctx, const Namespace& ns, const std::vector<UniqueFd>& fds);
/// In the maker of the last namespace, when it is built. Errors: reaching what others keep.
Result<Reach> reach_all(RestoreCtx& ctx, std::vector<UniqueFd> own);
/// Sets the flags of a mount that is not attached yet, or is its maker's.
Result<> set_flags(int mount, const Mount& m);
/// A part of `mount` (its root, or "/..." below) as a mount of its own, private and not in any place.
Result<UniqueFd> copy_below(int mount, std::string_view path, const Mount& m);

Result<> collect(DumpCtx& ctx, NsId id, const Task& member);
Result<> write(DumpCtx& ctx, NsId id);
Result<> read(ReadCtx& ctx, NsId id);
Result<> plan(PlanCtx& ctx, NsId id);
Result<> prepare(RestoreCtx& ctx, NsId id);
Result<> fill(RestoreCtx& ctx, NsId id);
Result<> lay_out(RestoreCtx& ctx, NsId id);
Result<> fill_inside(RestoreCtx& ctx, NsId id);

/// Service numbers, where there are several namespaces.
Result<> plan_numbers(PlanCtx& ctx);
/// Dump: finds the proc file systems that show another pid namespace than that of the first task which lives in `ns`.
/// Errors: one that its first process could not mount again.
Result<> find_inner_proc(DumpCtx& ctx, NsId id, const std::vector<Origin>& origins);
/// Restore: the same of what images say.
Result<> check_inner_proc(const PlanCtx& ctx, NsId id);
/// In the first process of a pid namespace: mounts those that show it.
Result<> mount_inner_proc(const TaskCtx& ctx);

/// In the root task, when terminals are there: binds of their nodes (/dev/console of a container).
Result<> furnish(RestoreCtx& ctx);

inline constexpr Module kModule{
    .name = "mnt", .settle = settle_automounts, .plan = plan_numbers, .furnish = furnish, .enter = wake_automounts};

inline constexpr NsKind kKind{
    .name = "mnt",
    .clone_flag = 0x00020000,  // CLONE_NEWNS
    .id = &KobjIds::mnt_ns,
    .collect = collect,
    .write = write,
    .read = read,
    .plan = plan,
    .prepare = prepare,
    .fill = fill,
    .lay_out = lay_out,
    .fill_inside = fill_inside,
};

}  // namespace cr::mnt
