#include "cli/option_table.h"

#include <array>

#include "cli/setters.h"

namespace cr::cli {
namespace {

constexpr bool kNeg = true;
constexpr bool kPlain = false;

constexpr Option built(Group g, const char* name, char letter, Arg arg, bool neg, unsigned commands,
                       const char* value, const char* help, Setter set) {
  return {name, letter, arg, neg, commands, g, State::kBuilt, value, help, "", set};
}

/// `instead` follows "not implemented yet; " in the refusal.
constexpr Option later(Group g, const char* name, char letter, Arg arg, bool neg, unsigned commands,
                       const char* instead) {
  return {name, letter, arg, neg, commands, g, State::kLater, "", "", instead, nullptr};
}

/// `why` completes "accepted without effect: "; `verify` refuses the values for which that would not be true.
constexpr Option no_effect(Group g, const char* name, char letter, Arg arg, bool neg, unsigned commands,
                           const char* why, Setter verify = nullptr) {
  return {name, letter, arg, neg, commands, g, State::kNoEffect, "", "", why, verify};
}

constexpr auto kReq = Arg::kRequired;
constexpr auto kOpt = Arg::kOptional;
constexpr auto kNone = Arg::kNone;
using enum Group;
using O = Options;

constexpr const char* kNoLabels = "leave it out: mounts come back with the label that they had";
constexpr const char* kNoServer = "leave it out and write the images to a directory with -D";
constexpr const char* kNoParent = "leave it out: every dump is complete by itself";
constexpr const char* kNoTls = "leave it out: nothing is sent over a network";

// clang-format off
constexpr std::array kTable{
    built(kGeneral, "help", 'h', kNone, kPlain, kAny, "", "print this, or with a command the help of the command", set_own_flag<&Invocation::help>),
    built(kGeneral, "version", 'V', kNone, kPlain, kAny, "", "print the level of compatibility and the version", set_own_flag<&Invocation::version>),
    built(kGeneral, "config", 0, kReq, kPlain, kAny, "FILE", "read options from FILE too", set_config),
    built(kGeneral, "no-default-config", 0, kNone, kPlain, kAny, "", "don't read /etc/criu/default.conf and ~/.criu/default.conf", set_own_flag<&Invocation::no_default_config>),

    built(kWhat, "tree", 't', kReq, kPlain, kDumps, "PID", "the root of the tree to dump", set_pid),
    built(kWhat, "images-dir", 'D', kReq, kPlain, kAny, "DIR", "where the images are (.)", set_text<&O::images_dir>),
    built(kWhat, "work-dir", 'W', kReq, kPlain, kAny, "DIR", "where log, pidfile and statistics go (as -D)", set_text<&O::work_dir>),

    built(kEnd, "leave-running", 'R', kNone, kPlain, kDump, "", "let the tasks run on after the dump", set_final_state<FinalState::kRunning>),
    built(kEnd, "snapshot", 0, kNone, kNeg, kDump, "", "with --leave-running: let the tasks run on while their memory is written (unless there are scripts)", set_flag<&O::snapshot>),
    built(kEnd, "leave-stopped", 's', kNone, kPlain, kDump | kRestore, "", "leave the tasks stopped; SIGCONT wakes them", set_final_state<FinalState::kStopped>),
    built(kEnd, "restore-detached", 'd', kNone, kNeg, kRestore | kDaemons, "", "leave as soon as the tree runs; service: go to the background", set_flag<&O::restore_detached>),
    built(kEnd, "restore-sibling", 'S', kNone, kNeg, kRestore, "", "with -d: the tree becomes a child of the caller", set_flag<&O::restore_sibling>),

    built(kOutside, "log-file", 'o', kReq, kPlain, kAny, "FILE", "log to FILE in the work directory; - is stdout (stderr)", set_text<&O::log_file>),
    built(kOutside, "verbosity", 'v', kOpt, kPlain, kAny, "NUM", "0 nothing, 1 errors, 2 warnings, 3 steps, 4 all (2); -v is one more", set_verbosity),
    built(kOutside, "log-pid", 0, kNone, kNeg, kAny, "", "begin each line of the log with the writer's pid", set_flag<&O::log_pid>),
    built(kOutside, "pidfile", 0, kReq, kPlain, kAny, "FILE", "write the root task's pid to FILE in the work directory", set_text<&O::pidfile>),
    built(kOutside, "status-fd", 0, kReq, kPlain, kBoth | kDaemons, "FD", "write a zero byte to FD when ready, and close it", set_status_fd),
    built(kOutside, "display-stats", 0, kNone, kNeg, kBoth, "", "print the statistics at the end", set_flag<&O::display_stats>),
    built(kOutside, "action-script", 0, kReq, kPlain, kBoth, "FILE", "run FILE at each step; see crengine(8)", append_text<&O::action_scripts>),
    built(kOutside, "timeout", 0, kReq, kPlain, kDumps, "SECONDS", "give up when the tree can't be stopped in time; 0 never (10)", set_timeout),
    built(kOutside, "close", 0, kReq, kPlain, kAny, "FD", "close this descriptor before anything else", set_close),

    built(kAllow, "shell-job", 'j', kNone, kNeg, kBoth, "", "session and terminal may belong to a shell outside the tree", set_flag<&O::shell_job>),
    built(kAllow, "tcp-established", 0, kNone, kNeg, kBoth, "", "connected TCP sockets, as without it", set_flag<&O::tcp_established>),
    built(kAllow, "tcp-close", 0, kNone, kNeg, kBoth, "", "connected TCP sockets come back closed", set_flag<&O::tcp_close>),
    built(kAllow, "network-lock", 0, kReq, kPlain, kBoth, "METHOD", "hold up packets of connections: nftables, iptables (the same) or skip", set_network_lock),
    built(kAllow, "skip-in-flight", 0, kNone, kNeg, kDumps, "", "leave out TCP connections that nobody accepted yet", set_flag<&O::skip_in_flight>),
    built(kAllow, "ext-unix-sk", 'x', kOpt, kPlain, kBoth, "INODE,...", "unix sockets with a peer outside the tree", set_ext_unix_sk),
    built(kAllow, "file-locks", 'l', kNone, kNeg, kBoth, "", "file locks; they are carried without it too", set_flag<&O::file_locks>),
    built(kAllow, "link-remap", 0, kNone, kNeg, kBoth, "", "unlinked files with other names get a temporary link", set_flag<&O::link_remap>),
    built(kAllow, "ghost-limit", 0, kReq, kPlain, kDumps, "SIZE", "largest unlinked file to store, with K, M or G (1M)", set_ghost_limit),
    built(kAllow, "evasive-devices", 0, kNone, kNeg, kDumps, "", "a device may be found under another path", set_flag<&O::evasive_devices>),
    built(kAllow, "allow-lossy", 0, kReq, kPlain, kBoth, "WHAT[,WHAT]", "go on though this is lost; a refusal says the word", set_allow_lossy),

    built(kVerify, "file-validation", 0, kReq, kPlain, kBoth, "HOW", "a file is the same by buildid or by filesize (buildid)", set_file_validation),
    built(kVerify, "skip-file-rwx-check", 0, kNone, kNeg, kRestore, "", "the permission bits of a file may have changed", set_flag<&O::skip_file_rwx_check>),
    built(kVerify, "cpu-cap", 0, kOpt, kPlain, kBoth, "CAP[,CAP]", "compare the processors by none, fpu, ins (fpu,ins)", set_cpu_cap),

    built(kFeatures, "extra", 0, kNone, kNeg, kCheck, "", "also what only some programs need", set_check<&CheckScope::extra>),
    built(kFeatures, "experimental", 0, kNone, kNeg, kCheck, "", "also what is new or only makes things faster", set_check<&CheckScope::experimental>),
    built(kFeatures, "all", 0, kNone, kPlain, kCheck, "", "both", set_check_all),
    built(kFeatures, "feature", 0, kReq, kPlain, kCheck, "NAME", "this feature alone; \"list\" prints the names", set_feature),
    no_effect(kFeatures, "ms", 0, kNone, kPlain, kCheck, "no feature of an unreleased kernel is looked at"),

    built(kCgroups, "manage-cgroups", 0, kOpt, kPlain, kBoth, "MODE", "ignore, none, props, soft, full or strict (ignore; soft)", set_manage_cgroups),
    built(kCgroups, "cgroup-root", 0, kReq, kPlain, kBoth, "[CTL:]PATH", "what takes the place of the root task's cgroup", append_text<&O::cgroup_roots>),
    built(kCgroups, "cgroup-props", 0, kReq, kPlain, kBoth, "TEXT", "which settings are carried; see crengine(8)", set_text<&O::cgroup_props>),
    built(kCgroups, "cgroup-props-file", 0, kReq, kPlain, kBoth, "FILE", "the same, in a file", set_text<&O::cgroup_props_file>),
    built(kCgroups, "cgroup-dump-controller", 0, kReq, kPlain, kBoth, "CTL", "only this controller's cgroups; may be repeated", append_text<&O::cgroup_controllers>),
    built(kCgroups, "cgroup-yard", 0, kReq, kPlain, kBoth, "DIR", "where the hierarchies are mounted, by their names", set_text<&O::cgroup_yard>),
    built(kCgroups, "freeze-cgroup", 0, kReq, kPlain, kDumps, "DIR", "the cgroup of the tree; one that is frozen is thawed meanwhile", set_text<&O::freeze_cgroup>),

    built(kSession, "root", 'r', kReq, kPlain, kBoth, "DIR", "restore: the root of the tree's mount namespace (/)", set_text<&O::root>),
    built(kSession, "join-ns", 'J', kReq, kPlain, kRestore, "KIND:PID|FILE", "net, uts, ipc, time: the tree comes back in that namespace", set_join_ns),
    built(kSession, "new-pidns", 0, kNone, kNeg, kRestore, "", "make a pid namespace for the tree: no pid of it is taken there", set_flag<&O::new_pid_ns>),
    built(kSession, "empty-ns", 0, kReq, kPlain, kBoth, "NS", "net: the content of the network namespace is the caller's", set_empty_ns),
    built(kSession, "external", 0, kReq, kPlain, kBoth, "RESOURCE", "this belongs to the outside: see crengine(8)", set_external),
    built(kSession, "inherit-fd", 0, kReq, kPlain, kRestore, "fd[N]:RESOURCE", "our descriptor N is that external resource", set_inherit_fd),
    built(kSession, "veth-pair", 0, kReq, kPlain, kBoth, "IN=OUT", "as --external veth[IN]:OUT", set_veth_pair),
    built(kSession, "weak-sysctls", 0, kNone, kNeg, kRestore, "", "settings that can't be set are left as they are", set_flag<&O::weak_sysctls>),
    built(kSession, "ext-mount-map", 'M', kReq, kPlain, kBoth, "KEY:VAL", "as --external mnt[KEY]:VAL; auto is mnt[]", set_ext_mount_map),
    built(kSession, "enable-external-sharing", 0, kNone, kPlain, kBoth, "", "external mounts may have peers outside", set_flag<&O::external_sharing>),
    built(kSession, "enable-external-masters", 0, kNone, kPlain, kBoth, "", "external mounts may follow mounts outside", set_flag<&O::external_masters>),
    built(kSession, "enable-fs", 0, kReq, kPlain, kBoth, "FS[,FS]", "file systems that are mounted again by their options; all", set_enable_fs),
    built(kSession, "skip-mnt", 0, kReq, kPlain, kBoth, "PATH", "leave out the mount there, and what hangs on it", append_text<&O::skip_mounts>),
    no_effect(kSession, "mntns-compat-mode", 0, kNone, kNeg, kRestore, "mounts are always made one by one"),
    built(kSession, "lsm-profile", 0, kReq, kPlain, kRestore, "TYPE:NAME", "apparmor or selinux: the label of all tasks instead of theirs", set_lsm_profile),
    later(kSession, "lsm-mount-context", 0, kReq, kPlain, kRestore, kNoLabels),
    later(kSession, "unprivileged", 0, kNone, kNeg, kAny, "run as root"),
    later(kSession, "exec-cmd", 0, kNone, kPlain, kRestore, "start the command after crengine restore -d"),
    built(kOutside, "daemon", 0, kNone, kNeg, kDaemons, "", "service: go to the background when ready", set_flag<&O::daemon>),
    later(kSession, "allow-uprobes", 0, kNone, kNeg, kBoth, "remove the uprobes from the tree before the dump"),
    no_effect(kSession, "force-irmap", 0, kNone, kNeg, kDumps, "watched files are found by their handles"),
    later(kSession, "irmap-scan-path", 0, kReq, kPlain, kDumps, "leave it out: watched files are found by their handles"),
    no_effect(kSession, "libdir", 'L', kReq, kPlain, kAny, "the directory holds no plugin to load", set_libdir),
    no_effect(kSession, "deprecated", 0, kNone, kNeg, kAny, "nothing here is deprecated"),
    no_effect(kSession, "ghost-fiemap", 0, kNone, kNeg, kDumps, "holes of unlinked files are found in any case"),

    built(kMemory, "store-once", 0, kNone, kNeg, kDump, "", "store memory that processes share copy-on-write once; only crengine reads the set", set_flag<&O::store_once>),
    later(kMemory, "page-server", 0, kNone, kNeg, kDumps, kNoServer),
    built(kOutside, "address", 0, kReq, kPlain, kDumps | kDaemons, "SOCKET", "where the service listens (criu_service.socket)", set_text<&O::address>),
    later(kMemory, "port", 0, kReq, kPlain, kDumps | kDaemons, kNoServer),
    later(kMemory, "ps-socket", 0, kReq, kPlain, kDumps | kPageServer, kNoServer),
    later(kMemory, "stream", 0, kNone, kNeg, kBoth, kNoServer),
    later(kMemory, "prev-images-dir", 0, kReq, kPlain, kDumps, kNoParent),
    later(kMemory, "track-mem", 0, kNone, kNeg, kDumps, kNoParent),
    later(kMemory, "auto-dedup", 0, kNone, kNeg, kBoth | kPageServer, kNoParent),
    later(kMemory, "pre-dump-mode", 0, kReq, kPlain, kPreDump, kNoParent),
    later(kMemory, "lazy-pages", 0, kNone, kPlain, kBoth, "leave it out: a restore brings all of the memory at once"),
    later(kMemory, "tls", 0, kNone, kNeg, kDumps | kDaemons, kNoTls),
    later(kMemory, "tls-cacert", 0, kReq, kPlain, kDumps | kDaemons, kNoTls),
    later(kMemory, "tls-cacrl", 0, kReq, kPlain, kDumps | kDaemons, kNoTls),
    later(kMemory, "tls-cert", 0, kReq, kPlain, kDumps | kDaemons, kNoTls),
    later(kMemory, "tls-key", 0, kReq, kPlain, kDumps | kDaemons, kNoTls),
    later(kMemory, "tls-no-cn-verify", 0, kNone, kPlain, kDumps | kDaemons, kNoTls),
};
// clang-format on

}  // namespace

std::span<const Option> option_table() { return kTable; }

std::string_view group_title(Group g) {
  static constexpr std::string_view kTitles[] = {
      "General",
      "What and where",
      "How it ends",
      "Permissions: each allows what is refused without it",
      "Checks",
      "Kernel check",
      "Log and surroundings",
      "Control groups",
      "Memory and transport",
      "Namespaces and the rest",
  };
  return kTitles[static_cast<std::size_t>(g)];
}

}  // namespace cr::cli
