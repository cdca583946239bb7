#include "engine/kernel_probes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "base/defer.h"
#include "base/format.h"
#include "base/unique_fd.h"

namespace cr::engine::probe {
namespace {

// Newer than the headers that the build may find.
constexpr int kTimerCreateRestoreIds = 77;  // PR_TIMER_CREATE_RESTORE_IDS, Linux 6.15
constexpr unsigned long kGetState = 2;      // its PR_TIMER_CREATE_RESTORE_IDS_GET
constexpr long kFutexWaitv = 449;           // Linux 5.16, the same number everywhere
constexpr std::uint64_t kSoftDirty = 1ull << 55;
constexpr std::uint64_t kPresent = 1ull << 63;

struct PagemapScan {  // struct pm_scan_arg, Linux 6.7
  std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  std::uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
static_assert(sizeof(PagemapScan) == 96);

/// One page of our own that was written to.
class Page {
 public:
  Page() : size_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    void* p = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return;
    at_ = static_cast<volatile char*>(p);
    *at_ = 1;
  }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  ~Page() {
    if (at_) munmap(const_cast<char*>(at_), size_);
  }
  volatile char* at() const { return at_; }
  std::uint64_t address() const { return reinterpret_cast<std::uintptr_t>(at_); }
  std::uint64_t size() const { return size_; }

 private:
  std::size_t size_;
  volatile char* at_ = nullptr;
};

UniqueFd open_file(const char* path, int flags = O_RDONLY) { return UniqueFd(::open(path, flags | O_CLOEXEC)); }

bool pagemap_word(const Page& page, std::uint64_t* word) {
  UniqueFd fd = open_file("/proc/self/pagemap");
  auto offset = static_cast<off_t>(page.address() / page.size() * sizeof *word);
  return fd && pread(fd.get(), word, sizeof *word, offset) == sizeof *word;
}

Answer proc_file(const char* path) { return by_errno(access(path, F_OK) == 0); }

Answer open_userfaultfd(std::uint64_t features) {
  UniqueFd fd(static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
  if (!fd) return by_errno(false);
  uffdio_api api{};
  api.api = UFFD_API;
  api.features = features;
  return by_errno(ioctl(fd.get(), UFFDIO_API, &api) == 0);
}

}  // namespace

Answer by_errno(bool ok) { return ok ? Answer{true, ""} : Answer{false, strerrordesc_np(errno)}; }

Answer privileges() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) < 0) return by_errno(false);
  auto has = [&](unsigned cap) { return (data[cap / 32].effective >> cap % 32 & 1) != 0; };
  struct Need {
    unsigned cap;
    std::string_view name;
  };
  static constexpr std::array kNeeds{Need{CAP_SYS_PTRACE, "CAP_SYS_PTRACE"}, Need{CAP_SETUID, "CAP_SETUID"},
                                     Need{CAP_SETGID, "CAP_SETGID"}, Need{CAP_KILL, "CAP_KILL"}};
  std::string missing;
  for (const Need& need : kNeeds)
    if (!has(need.cap)) missing += format(" {}", need.name);
  if (!has(CAP_SYS_ADMIN) && !has(CAP_CHECKPOINT_RESTORE)) missing += " CAP_SYS_ADMIN (or CAP_CHECKPOINT_RESTORE)";
  return {missing.empty(), missing.empty() ? "" : "without" + missing};
}

Answer kcmp() {
  pid_t self = getpid();
  return by_errno(syscall(SYS_kcmp, self, self, KCMP_VM, 0, 0) == 0);
}

// A pid that was just free is asked for again; somebody else may have taken it meanwhile, hence the attempts.
Answer clone3_set_tid() {
  constexpr int kAttempts = 5;
  for (int i = 0; i < kAttempts; i++) {
    pid_t wanted = fork();
    if (wanted == 0) _exit(0);
    if (wanted < 0 || waitpid(wanted, nullptr, 0) != wanted) return by_errno(false);
    clone_args args{};
    args.exit_signal = SIGCHLD;
    args.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
    args.set_tid_size = 1;
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) _exit(0);
    if (pid < 0 && errno == EEXIST) continue;
    if (pid < 0) return by_errno(false);
    waitpid(static_cast<pid_t>(pid), nullptr, 0);
    return {pid == wanted, pid == wanted ? "" : "the pid is another one than asked for"};
  }
  return by_errno(false);
}

Answer map_files() {
  DIR* dir = opendir("/proc/self/map_files");
  if (!dir) return by_errno(false);
  Defer close([&] { closedir(dir); });
  while (const dirent* e = readdir(dir)) {
    if (e->d_name[0] == '.') continue;
    UniqueFd fd(openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC));
    return by_errno(static_cast<bool>(fd));
  }
  return {false, "the directory is empty"};
}

Answer pagemap() {
  Page page;
  std::uint64_t word = 0;
  if (!pagemap_word(page, &word)) return by_errno(false);
  return {(word & kPresent) != 0, (word & kPresent) ? "" : "a page that is there is not shown"};
}

Answer pagemap_scan() {
  Page page;
  UniqueFd fd = open_file("/proc/self/pagemap");
  std::uint64_t region[3] = {};
  PagemapScan scan{};
  scan.size = sizeof scan;
  scan.start = page.address();
  scan.end = page.address() + page.size();
  scan.vec = reinterpret_cast<std::uintptr_t>(region);
  scan.vec_len = 1;
  scan.category_mask = scan.return_mask = 1u << 3;  // PAGE_IS_PRESENT
  return by_errno(ioctl(fd.get(), _IOWR('f', 16, PagemapScan), &scan) == 1);
}

Answer set_mm_map() {
  unsigned size = 0;
  return by_errno(prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0) == 0);
}

Answer memfd() {
  UniqueFd fd(memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  return by_errno(static_cast<bool>(fd));
}

Answer posix_timers() { return by_errno(static_cast<bool>(open_file("/proc/self/timers"))); }

Answer timer_ids() { return by_errno(prctl(kTimerCreateRestoreIds, kGetState, 0, 0, 0) >= 0); }

Answer timerfd_ticks() {
  UniqueFd fd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  std::uint64_t ticks = 1;
  return by_errno(fd && ioctl(fd.get(), _IOW('T', 0, std::uint64_t), &ticks) == 0);  // TFD_IOC_SET_TICKS
}

Answer children() { return by_errno(static_cast<bool>(open_file("/proc/thread-self/children"))); }

Answer mount_ids() {
  UniqueFd fd = open_file("/proc/self/fdinfo/");
  UniqueFd info(openat(fd.get(), format("{}", fd.get()).c_str(), O_RDONLY | O_CLOEXEC));
  char text[512];
  ssize_t n = info ? read(info.get(), text, sizeof text) : -1;
  if (n < 0) return by_errno(false);
  bool found = std::string_view(text, static_cast<std::size_t>(n)).find("mnt_id:") != std::string_view::npos;
  return {found, found ? "" : "no mnt_id in /proc/PID/fdinfo"};
}

Answer futex_waitv() {
  syscall(kFutexWaitv, nullptr, 0, 0, nullptr, 0);  // nothing to wait for: EINVAL where it is known
  return by_errno(errno == EINVAL);
}

Answer openat2() {
  std::uint64_t how[3] = {O_PATH | O_CLOEXEC, 0, 0x10};  // RESOLVE_IN_ROOT
  UniqueFd fd(static_cast<int>(syscall(SYS_openat2, AT_FDCWD, ".", how, sizeof how)));
  return by_errno(static_cast<bool>(fd));
}

Answer soft_dirty() {
  Page page;
  UniqueFd refs = open_file("/proc/self/clear_refs", O_WRONLY);
  if (!refs || write(refs.get(), "4", 1) != 1) return by_errno(false);
  *page.at() = 2;
  std::uint64_t word = 0;
  if (!pagemap_word(page, &word)) return by_errno(false);
  return {(word & kSoftDirty) != 0, (word & kSoftDirty) ? "" : "the kernel is built without CONFIG_MEM_SOFT_DIRTY"};
}

Answer userfaultfd() { return open_userfaultfd(0); }

Answer userfaultfd_events() {
  return open_userfaultfd(UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP | UFFD_FEATURE_EVENT_REMOVE |
                          UFFD_FEATURE_EVENT_UNMAP);
}

Answer user_namespace() { return proc_file("/proc/self/ns/user"); }
Answer cgroup_namespace() { return proc_file("/proc/self/ns/cgroup"); }
Answer time_namespace() { return proc_file("/proc/self/timens_offsets"); }
Answer network_namespace() { return proc_file("/proc/self/ns/net"); }
Answer loginuid() { return proc_file("/proc/self/loginuid"); }

Answer lock_lines() {
  const UniqueFd file(memfd_create("crengine-check", MFD_CLOEXEC));
  if (!file || flock(file.get(), LOCK_EX | LOCK_NB) != 0) return by_errno(false);
  const UniqueFd info = open_file(format("/proc/self/fdinfo/{}", file.get()).c_str());
  char text[1024];
  const ssize_t n = info ? read(info.get(), text, sizeof text) : -1;
  if (n < 0) return by_errno(false);
  const bool shown = std::string_view(text, static_cast<std::size_t>(n)).find("lock:") != std::string_view::npos;
  return {shown, shown ? "" : "fdinfo does not show locks"};
}

}  // namespace cr::engine::probe
