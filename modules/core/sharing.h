// Which tasks share which kernel objects, and the object ids that the images give them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace cr {

/// Gives equal ids to equal kernel objects, by kcmp(2), which orders objects without showing them.
/// One set per kcmp type (KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND); ids count up from `first`.
class KcmpIds {
 public:
  KcmpIds(int type, std::uint32_t first) : type_(type), next_(first) {}
  /// The id of `pid`'s object. Errors: kcmp(2); the pid must be alive and traceable.
  Result<std::uint32_t> id_of(HostPid pid);

 private:
  struct Entry {
    HostPid pid;
    std::uint32_t id;
  };
  int type_;
  std::uint32_t next_;
  std::vector<Entry> sorted_{};
};

/// Ids of namespaces, by device and inode of /proc/PID/ns/X.
class NamespaceIds {
 public:
  std::uint32_t id_of(std::uint64_t dev, std::uint64_t ino);

 private:
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t> ids_{};
};

/// The kernel objects of one task by their ids; equal ids are shared objects (task_kobj_ids_entry).
struct KobjIds {
  std::uint32_t vm = 0, files = 0, fs = 0, sighand = 0;
  std::uint32_t pid_ns = 0, net_ns = 0, ipc_ns = 0, uts_ns = 0, mnt_ns = 0, user_ns = 0, cgroup_ns = 0, time_ns = 0;
  friend bool operator==(const KobjIds&, const KobjIds&) = default;
};

/// Model: the ids of every live task, and those of the dumper (inventory.root_ids), whose namespaces are the ones
/// that a restore does not rebuild.
struct KobjModel {
  std::map<NsPid, KobjIds> of{};
  KobjIds root{};
  std::map<std::uint32_t, std::size_t> users_of_files{};  ///< restore: how many tasks have each descriptor table

  bool shares_files(NsPid pid) const { return users_of_files.at(of.at(pid).files) > 1; }
  /// Those of one task, or nullptr: a zombie has none.
  const KobjIds* find(NsPid pid) const {
    auto it = of.find(pid);
    return it == of.end() ? nullptr : &it->second;
  }
};

/// First number of anonymous shared memory: above those that System V segments usually have, whose pagemaps go by the
/// ids that the program knows.
inline constexpr std::uint32_t kFirstShmem = 1u << 30;

/// Counters and sets that hand out the object ids of one dump.
struct ObjectIds {
  // id 1 is the dumper's own object in inventory.root_ids, so the tree starts at 2.
  KcmpIds vm{1 /* KCMP_VM */, 2}, files{2 /* KCMP_FILES */, 2}, fs{3 /* KCMP_FS */, 2}, sighand{4, 2};
  NamespaceIds namespaces{};
  std::uint32_t next_file = 1;             ///< ids of open file descriptions (file_entry.id)
  std::uint32_t next_shmem = kFirstShmem;  ///< ids of shared memory (pagemap-shmem-N)
  std::uint32_t next_pages = 1;            ///< N of pages-N.img
};

}  // namespace cr
