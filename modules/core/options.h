// What the caller asked for: plain data, filled by the command line (and later by the RPC), read by everything below.
// A field exists only for an option that the engine acts on; every other option is refused by name in modules/cli, so
// nobody below ever has to wonder whether a wish was heard. All paths are absolute once the command line is read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace cr {

enum class Command : std::uint8_t { kDump, kRestore, kCheck, kService, kSwrk };

/// What becomes of the tasks when all went well. A dump that failed always lets them run on as they were.
enum class FinalState : std::uint8_t {
  kDefault,  ///< dump: killed; restore: running
  kRunning,  ///< dump --leave-running
  kStopped,  ///< --leave-stopped, by SIGSTOP
};

/// How a restore makes sure that a file is the one that was dumped. A build id is looked at in ELF files only; all
/// others are compared by size.
enum class FileValidation : std::uint8_t { kFileSize, kBuildId };

/// The value of --manage-cgroups. Numbers are those of rpc.criu_cg_mode.
enum class CgroupMode : std::uint8_t { kIgnore = 0, kCgNone = 1, kProps = 2, kSoft = 3, kFull = 4, kStrict = 5 };

/// --network-lock: how packets of the tree's connections are kept away. Numbers are those of
/// rpc.criu_network_lock_method and of inventory_entry.network_lock_method.
enum class NetworkLockMethod : std::uint8_t { kNftables = 2, kSkip = 3 };

/// What a restore compares between the processor of the dump and its own (--cpu-cap).
struct CpuCap {
  bool fpu = true;   ///< the extended state area fits
  bool ins = true;   ///< every instruction set that was there is there
  bool cpu = false;  ///< exactly the same features
  friend bool operator==(const CpuCap&, const CpuCap&) = default;
};

/// --inherit-fd fd[N]:RESOURCE: the file known as RESOURCE is not opened but taken from our own descriptor N.
struct InheritFd {
  int fd = -1;
  std::string resource;
  friend bool operator==(const InheritFd&, const InheritFd&) = default;
};

/// --join-ns KIND:FILE: a namespace that the root of the tree lives in, instead of a new one.
struct JoinNs {
  std::string kind;  ///< as in /proc/PID/ns
  std::string file;
  friend bool operator==(const JoinNs&, const JoinNs&) = default;
};

/// Which groups of features `check` looks at beyond those that every dump and restore needs.
struct CheckScope {
  bool extra = false;         ///< --extra: needed by some programs only
  bool experimental = false;  ///< --experimental: makes things faster or is new
  std::string feature;        ///< --feature NAME: this one alone; "list" prints the names
};

/// Called at every script point with its name, the root task (0: there is none yet) and, at orphan-pts-master, the
/// descriptor that goes with it (-1: none). An error ends the command.
using NotifyHook = std::function<Result<>(std::string_view point, HostPid root, int fd)>;

struct Options {
  Command command = Command::kCheck;

  // What and where.
  HostPid pid;             ///< -t: root of the tree to dump
  std::string images_dir;  ///< -D
  std::string work_dir;    ///< -W, by default images_dir: log, pidfile and stats-* live here
  std::string root;        ///< --root; empty: the root of the caller

  // Log and surroundings.
  std::string log_file;  ///< -o; empty: stderr
  int verbosity = 2;     ///< -v: 0 nothing, 1 errors, 2 warnings, 3 steps, 4 everything
  bool log_pid = false;
  std::string pidfile;         ///< gets the root task's pid as the caller's pid namespace sees it
  int status_fd = -1;          ///< gets one zero byte when ready, then is closed
  bool display_stats = false;  ///< print the figures on stdout at the end
  /// Run at every point of engine/scripts.h, in this order. A path, or a shell command when no such file exists.
  std::vector<std::string> action_scripts;
  NotifyHook notify;                            ///< of the RPC; empty: nobody wants to know
  std::string address = "criu_service.socket";  ///< service: where it listens
  bool daemon = false;                          ///< service: go to the background
  int socket_fd = -1;                           ///< swrk: the connection
  unsigned timeout_s = 10;                      ///< time to bring the tree to a stop; 0: without limit

  // How it ends.
  FinalState final_state = FinalState::kDefault;
  /// --snapshot: the tree runs on while its memory is written; only with kRunning. Not said: it does so unless
  /// somebody is told when the set is complete, who may count on a tree that stands still then.
  std::optional<bool> snapshot;
  bool store_once = false;        ///< --store-once: what tasks share copy-on-write is stored once; for crengine only
  bool restore_detached = false;  ///< -d: leave when the tree runs, otherwise wait and exit with its status
  bool restore_sibling = false;   ///< -S: the tree becomes a child of our parent; only with -d

  // Permissions: each allows what would be refused without it. None makes the engine carry less than it can.
  bool shell_job = false;          ///< the session leader (and its terminal) may be outside the tree
  bool orphan_pts_master = false;  ///< terminals whose other end is outside: the caller gets it by `notify`
  bool tcp_established = false;    ///< connected TCP sockets, network locked
  bool tcp_close = false;          ///< restore connected TCP sockets as closed ones
  NetworkLockMethod network_lock = NetworkLockMethod::kNftables;
  bool skip_in_flight = false;  ///< connections that nobody accepted yet are left out
  bool ext_unix_sk = false;     ///< unix sockets whose peer is outside the tree
  bool file_locks = false;
  bool link_remap = false;                          ///< unlinked files that have other names get a temporary link
  Bytes ghost_limit{1u << 20};                      ///< largest unlinked file whose content goes into the images
  bool evasive_devices = false;                     ///< a device node may be found under any path that leads to it
  std::vector<std::string> allow_lossy;             ///< --allow-lossy WHAT: losses that the caller accepts by name
  std::optional<std::string> lsm_label;             ///< --lsm-profile: of all tasks, instead of their own
  std::vector<std::string> external;                ///< --external KIND[..]: not ours to dump or to make
  bool empty_net_ns = false;                        ///< --empty-ns net: the caller fills it
  std::vector<JoinNs> join_ns;                      ///< --join-ns
  bool new_pid_ns = false;                          ///< --new-pidns: in a pid namespace made for the tree
  bool weak_sysctls = false;                        ///< settings that this kernel does not take are left as they are
  std::vector<InheritFd> inherit_fds;               ///< --inherit-fd
  bool external_sharing = false;                    ///< --enable-external-sharing: mounts share with the outside
  bool external_masters = false;                    ///< --enable-external-masters: mounts follow the outside
  std::vector<std::string> skip_mounts;             ///< --skip-mnt: mount points that are left out
  std::vector<std::string> enable_fs;               ///< --enable-fs: more file systems to mount by their options
  CgroupMode manage_cgroups = CgroupMode::kIgnore;  ///< --manage-cgroups
  std::vector<std::string> cgroup_roots;            ///< --cgroup-root [CONTROLLER:]PATH
  std::vector<std::string> cgroup_controllers;      ///< --cgroup-dump-controller: those alone; empty: all
  std::string freeze_cgroup;                        ///< --freeze-cgroup: it may be frozen, and will be again
  std::string cgroup_props;                         ///< --cgroup-props: which settings are carried
  std::string cgroup_props_file;                    ///< the same, in a file
  std::string cgroup_yard;                          ///< --cgroup-yard: where the hierarchies are mounted

  // What a restore verifies.
  CpuCap cpu_cap;
  FileValidation file_validation = FileValidation::kBuildId;
  bool skip_file_rwx_check = false;  ///< the permission bits of a file may have changed

  CheckScope check;

  /// The file of the namespace of that kind that is joined, nullptr for none.
  const std::string* joined(std::string_view kind) const {
    for (const JoinNs& j : join_ns)
      if (j.kind == kind) return &j.file;
    return nullptr;
  }

  bool allows_lossy(std::string_view what) const {
    for (const std::string& s : allow_lossy)
      if (s == what) return true;
    return false;
  }
};

}  // namespace cr
