#include "service/rpc_words.h"

#include <sched.h>

#include <array>
#include <string_view>

#include "base/format.h"
#include "engine/rpc.pb.h"

namespace cr::service {
namespace {

using Opts = pb::criu_opts;

struct Flag {
  std::string_view option;
  bool (Opts::*value)() const;
};
constexpr std::array kFlags{
    Flag{"leave-running", &Opts::leave_running},
    Flag{"leave-stopped", &Opts::leave_stopped},
    Flag{"tcp-established", &Opts::tcp_established},
    Flag{"tcp-close", &Opts::tcp_close},
    Flag{"skip-in-flight", &Opts::tcp_skip_in_flight},
    Flag{"evasive-devices", &Opts::evasive_devices},
    Flag{"shell-job", &Opts::shell_job},
    Flag{"file-locks", &Opts::file_locks},
    Flag{"link-remap", &Opts::link_remap},
    Flag{"track-mem", &Opts::track_mem},
    Flag{"auto-dedup", &Opts::auto_dedup},
    Flag{"force-irmap", &Opts::force_irmap},
    Flag{"restore-sibling", &Opts::rst_sibling},
    Flag{"enable-external-sharing", &Opts::ext_sharing},
    Flag{"enable-external-masters", &Opts::ext_masters},
    Flag{"weak-sysctls", &Opts::weak_sysctls},
    Flag{"lazy-pages", &Opts::lazy_pages},
    Flag{"tls", &Opts::tls},
    Flag{"tls-no-cn-verify", &Opts::tls_no_cn_verify},
    Flag{"mntns-compat-mode", &Opts::mntns_compat_mode},
    Flag{"skip-file-rwx-check", &Opts::skip_file_rwx_check},
    Flag{"unprivileged", &Opts::unprivileged},
    Flag{"display-stats", &Opts::display_stats},
};

struct Text {
  std::string_view option;
  bool (Opts::*given)() const;
  const std::string& (Opts::*value)() const;
};
constexpr std::array kTexts{
    Text{"root", &Opts::has_root, &Opts::root},
    Text{"prev-images-dir", &Opts::has_parent_img, &Opts::parent_img},
    Text{"freeze-cgroup", &Opts::has_freeze_cgroup, &Opts::freeze_cgroup},
    Text{"cgroup-props", &Opts::has_cgroup_props, &Opts::cgroup_props},
    Text{"cgroup-props-file", &Opts::has_cgroup_props_file, &Opts::cgroup_props_file},
    Text{"cgroup-yard", &Opts::has_cgroup_yard, &Opts::cgroup_yard},
    Text{"lsm-profile", &Opts::has_lsm_profile, &Opts::lsm_profile},
    Text{"lsm-mount-context", &Opts::has_lsm_mount_context, &Opts::lsm_mount_context},
    Text{"tls-cacert", &Opts::has_tls_cacert, &Opts::tls_cacert},
    Text{"tls-cacrl", &Opts::has_tls_cacrl, &Opts::tls_cacrl},
    Text{"tls-cert", &Opts::has_tls_cert, &Opts::tls_cert},
    Text{"tls-key", &Opts::has_tls_key, &Opts::tls_key},
};

using Strings = google::protobuf::RepeatedPtrField<std::string>;
struct List {
  std::string_view option;
  const Strings& (Opts::*values)() const;
};
constexpr std::array kLists{
    List{"external", &Opts::external},
    List{"skip-mnt", &Opts::skip_mnt},
    List{"enable-fs", &Opts::enable_fs},
    List{"irmap-scan-path", &Opts::irmap_scan_paths},
    List{"cgroup-dump-controller", &Opts::cgroup_dump_controller},
};

/// The words of one request, as they grow.
class Words {
 public:
  void add(std::string_view option) { words.push_back(format("--{}", option)); }
  template <class T>
  void add(std::string_view option, const T& value) {
    words.push_back(format("--{}={}", option, value));
  }
  std::vector<std::string> words;
};

/// Values that the command line calls by a name, in the order of their numbers.
template <std::size_t N>
Result<> add_named(Words& w, std::string_view option, const std::array<std::string_view, N>& names, int first,
                   int number) {
  if (number < first || number >= first + static_cast<int>(N))
    return Error{"service", "take", format("the value {} of --{}", number, option), EINVAL,
                 "the schema lists the values"};
  w.add(option, names[static_cast<std::size_t>(number - first)]);
  return {};
}

constexpr std::array<std::string_view, 7> kCgroupModes{"ignore", "none", "props", "soft", "full", "strict", "soft"};
constexpr std::array<std::string_view, 3> kLockMethods{"iptables", "nftables", "skip"};
constexpr std::array<std::string_view, 2> kPreDumpModes{"splice", "read"};

Result<> add_directories(Words& w, const Opts& o, const Peer& peer) {
  if (o.has_images_dir())
    w.add("images-dir", o.images_dir());
  else
    w.add("images-dir", TRY(peer.directory(o.images_dir_fd())));
  if (o.has_work_dir_fd()) w.add("work-dir", TRY(peer.directory(o.work_dir_fd())));
  if (!o.log_to_stderr()) w.add("log-file", o.has_log_file() ? o.log_file() : "criu.log");
  w.add("verbosity", o.log_level());
  return {};
}

Result<> add_numbers(Words& w, const Opts& o) {
  if (o.has_timeout()) w.add("timeout", o.timeout());
  if (o.has_ghost_limit()) w.add("ghost-limit", o.ghost_limit());
  if (o.has_status_fd()) w.add("status-fd", o.status_fd());
  if (o.has_manage_cgroups_mode())
    TRY(add_named(w, "manage-cgroups", kCgroupModes, 0, o.manage_cgroups_mode()));
  else if (o.manage_cgroups())
    w.add("manage-cgroups", "soft");
  if (o.has_network_lock()) TRY(add_named(w, "network-lock", kLockMethods, 1, o.network_lock()));
  if (o.has_pre_dump_mode()) TRY(add_named(w, "pre-dump-mode", kPreDumpModes, 1, o.pre_dump_mode()));
  if (o.has_empty_ns() && o.empty_ns() != 0) {
    if (o.empty_ns() != CLONE_NEWNET)
      return Error{"service", "leave empty", format("the namespaces {:#x}", o.empty_ns()), EINVAL, "only net can be"};
    w.add("empty-ns", "net");
  }
  if (o.has_cpu_cap() && o.cpu_cap() != ~0u) {
    std::string caps;
    constexpr std::array<std::string_view, 4> kNames{"cpu", "fpu", "ins", "img"};
    for (std::size_t bit = 0; bit < 3; ++bit)
      if (o.cpu_cap() >> bit & 1) caps += format("{}{}", caps.empty() ? "" : ",", kNames[bit]);
    w.add("cpu-cap", caps.empty() ? "none" : caps);
  }
  return {};
}

void add_structures(Words& w, const Opts& o) {
  if (o.ext_unix_sk()) {
    std::string inodes;
    for (const auto& sk : o.unix_sk_ino()) inodes += format("{}{}", inodes.empty() ? "" : ",", sk.inode());
    inodes.empty() ? w.add("ext-unix-sk") : w.add("ext-unix-sk", inodes);
  }
  for (const auto& veth : o.veths()) w.add("veth-pair", format("{}={}", veth.if_in(), veth.if_out()));
  for (const auto& map : o.ext_mnt()) w.add("ext-mount-map", format("{}:{}", map.key(), map.val()));
  if (o.auto_ext_mnt()) w.add("ext-mount-map", "auto");
  for (const auto& root : o.cg_root())
    w.add("cgroup-root", root.has_ctrl() ? format("{}:{}", root.ctrl(), root.path()) : root.path());
  for (const auto& fd : o.inherit_fd()) w.add("inherit-fd", format("fd[{}]:{}", fd.fd(), fd.key()));
  for (const auto& ns : o.join_ns())
    w.add("join-ns", format("{}:{}{}{}", ns.ns(), ns.ns_file(), ns.has_extra_opt() ? "," : "", ns.extra_opt()));
  if (!o.exec_cmd().empty()) w.add("exec-cmd");
  if (!o.has_ps()) return;
  w.add("page-server");
  if (o.ps().has_address()) w.add("address", o.ps().address());
  if (o.ps().has_port()) w.add("port", o.ps().port());
  if (o.ps().has_fd()) w.add("ps-socket", o.ps().fd());
}

}  // namespace

Result<std::vector<std::string>> words_of(const Opts& o, const Peer& peer) {
  Words w;
  TRY(add_directories(w, o, peer));
  if (o.has_pid()) w.add("tree", o.pid());
  for (const Flag& f : kFlags)
    if ((o.*f.value)()) w.add(f.option);
  for (const Text& t : kTexts)
    if ((o.*t.given)()) w.add(t.option, (o.*t.value)());
  for (const List& l : kLists)
    for (const std::string& value : (o.*l.values)()) w.add(l.option, value);
  TRY(add_numbers(w, o));
  add_structures(w, o);
  return std::move(w.words);
}

}  // namespace cr::service
