// What kinds of description are built from: access to the common part, copies of descriptors, common errors.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <string>

#include "files/files.h"

namespace cr::pb {
class fown_entry;
}

namespace cr::files {

/// O_* that fcntl(F_SETFL) can change later.
inline constexpr std::uint32_t kSettableFlags = O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC;

/// The common part of description `id`; it must exist.
const Description& description(const Models& models, FileId id);
/// The table of a task that lives.
inline const Table& table_of(const Model& model, const Task& task) {
  return model.tables.at(model.table_of[task.index]);
}
/// The tables that hold description `id`.
std::vector<const Table*> tables_with(const Model& model, FileId id);
/// The kind whose images have that type, or nullptr.
const FileKind* kind_of_type(std::uint32_t type);

/// An Error of this module.
Error fail(std::string step, std::string object, int err = 0, std::string remedy = {});

/// A pidfd of a process, or of a thread of it when its leader has exited (6.9). Errors: pidfd_open(2).
Result<UniqueFd> open_pidfd(HostPid pid);
/// A copy of another process's descriptor, close-on-exec. It shares the description. Errors: pidfd_open(2),
/// pidfd_getfd(2).
Result<UniqueFd> copy_fd(HostPid pid, int fd);
/// In the coordinator, when the tasks have their descriptors: a copy of the owner's; none when only a service number
/// had it, which is closed by then. Errors: as copy_fd().
Result<UniqueFd> copy_restored(const RestoreCtx& ctx, FileId id);
/// Opens the file behind one of our own descriptors anew, as a new description. Errors: open(2).
Result<UniqueFd> reopen(int fd, std::uint32_t flags, const std::string& object);

/// Restore: moves a descriptor of ours to a service number. Errors: fcntl(2).
Result<UniqueFd> to_service(const RestoreCtx& restore, UniqueFd fd);
/// Restore: takes the common part out of an image. Errors: the id is there twice.
Result<> add_description(ReadCtx& ctx, FileId id, const FileKind& kind, std::uint32_t flags, std::uint64_t pos,
                         const FileOwner& owner);
/// Restore: sets flags that open can't or that its kind has not set, then the position. Errors: fcntl(2), lseek(2).
Result<> set_flags(int fd, const Description& d);

/// Model: F_GET_RW_HINT of the inodes behind descriptions, where it is set.
struct WriteHints {
  std::map<FileId, std::uint32_t> of{};
};
/// Restore: sets it where the inode has been made anew. Errors: fcntl(2).
Result<> set_write_hint(int fd, const Models& models, const Description& d);

void put_owner(const FileOwner& owner, pb::fown_entry& entry);
FileOwner get_owner(const pb::fown_entry& entry);

/// O_* with which open(2) gives a description that shows `flags`: without those that only fcntl sets and O_TMPFILE,
/// which the kernel keeps in f_flags.
std::uint32_t open_flags(std::uint32_t flags);

/// Device numbers as the kernel keeps them, and as the images do: major << 20 | minor.
std::uint32_t kernel_dev(dev_t dev);
dev_t user_dev(std::uint32_t kernel_dev);

}  // namespace cr::files
