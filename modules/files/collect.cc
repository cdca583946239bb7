// The dump side: tables of descriptors, paths, working directories.
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "base/format.h"
#include "base/log.h"
#include "core/proc_text.h"
#include "files/belated.h"
#include "files/description.h"
#include "files/fdinfo.h"
#include "files/identity.h"
#include "files/locks.h"
#include "files/regular.h"
#include "files/signal_owner.h"

namespace cr::files {
namespace {

/// One process whose descriptors are being looked at.
struct Source {
  HostPid pid;
  UniqueFd fds;      ///< /proc/PID/fd
  UniqueFd fdinfos;  ///< /proc/PID/fdinfo
  UniqueFd pidfd;    ///< opened when first needed
};

Result<Source> open_source(HostPid pid) {
  Source s{.pid = pid};
  const std::string base = format("/proc/{}/", pid);
  s.fds.reset(open((base + "fd").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  s.fdinfos.reset(open((base + "fdinfo").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!s.fds || !s.fdinfos) return fail("open", base + "fd", errno);
  return s;
}

Result<std::string> read_all(int dir, const std::string& name, const std::string& object) {
  UniqueFd file(openat(dir, name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail("open fdinfo of", object, errno);
  std::string text;
  char part[4096];
  for (;;) {
    const ssize_t n = ::read(file.get(), part, sizeof part);
    if (n < 0) return fail("read fdinfo of", object, errno);
    if (n == 0) return text;
    text.append(part, static_cast<std::size_t>(n));
  }
}

Result<std::string> read_link(int dir, const std::string& name, const std::string& object) {
  char target[4097];
  const ssize_t n = readlinkat(dir, name.c_str(), target, sizeof target);
  if (n < 0) return fail("read the link of", object, errno);
  // d_path() of the kernel has one page; a longer path fails with ENAMETOOLONG above.
  return std::string(target, static_cast<std::size_t>(n));
}

Result<UniqueFd> copy_from(Source& s, int fd) {
  if (!s.pidfd) s.pidfd = TRY(open_pidfd(s.pid));
  UniqueFd copy(static_cast<int>(syscall(438 /* pidfd_getfd */, s.pidfd.get(), fd, 0)));
  if (!copy)
    return fail("copy", format("pid {} fd {}", s.pid, fd), errno, "raise the limit of open files of the engine");
  return copy;
}

/// Name of a socket's family and protocol, as people say it.
std::string socket_kind(int fd) {
  struct Name {
    int family, protocol;  // protocol -1: any
    const char* name;
  };
  constexpr Name kNames[] = {{AF_INET, IPPROTO_TCP, "TCP"},   {AF_INET6, IPPROTO_TCP, "TCP"},
                             {AF_INET, IPPROTO_UDP, "UDP"},   {AF_INET6, IPPROTO_UDP, "UDP"},
                             {AF_INET, IPPROTO_ICMP, "ICMP"}, {AF_INET, -1, "raw"},
                             {AF_INET6, -1, "raw"},           {AF_NETLINK, -1, "netlink"},
                             {AF_PACKET, -1, "packet"},       {AF_VSOCK, -1, "vsock"}};
  int family = -1, protocol = -1, type = 0;
  socklen_t size = sizeof family;
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
  getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  for (const Name& n : kNames)
    if (n.family == family && (type == SOCK_RAW ? n.protocol == -1 : n.protocol == -1 || n.protocol == protocol))
      return n.name;
  return format("address family {}", family);
}

/// Why the state of an anonymous inode can't be carried.
std::string what_hides_it(const std::string& kind) {
  struct Reason {
    std::string_view kind;
    const char* text;
  };
  constexpr Reason kReasons[] = {
      {"[userfaultfd]", "the faults that wait in it stop threads of the program until its handler has answered"},
      {"[perf_event]", "the kernel does not show what it counts"},
      {"bpf-prog", "the kernel does not show a program as it was loaded"},
  };
  for (const Reason& r : kReasons)
    if (r.kind == kind) return format("{} can't be carried, since {}: close it before the dump", kind, r.text);
  return format("descriptors of kind {} are not carried yet: close it before the dump", kind);
}

/// What to say of a description that no kind matches.
std::string what_it_is(const FileProbe& p) {
  constexpr std::string_view kAnon = "anon_inode:";
  if (p.flags & O_PATH)
    return "an O_PATH descriptor of something that has no path can't be had again: close it before the dump";
  if (S_ISSOCK(p.st.st_mode))
    return format("{} sockets are not carried yet: close it before the dump", socket_kind(p.fd));
  if (S_ISCHR(p.st.st_mode)) {
    if (major(p.st.st_rdev) == 5 || major(p.st.st_rdev) == 4 ||
        (major(p.st.st_rdev) >= 136 && major(p.st.st_rdev) < 144))
      return "terminals are not carried yet: start the program with its input and output redirected, e.g. to "
             "/dev/null";
    return format("the state of character device {}:{} is known to its driver alone: close it before the dump",
                  major(p.st.st_rdev), minor(p.st.st_rdev));
  }
  if (S_ISBLK(p.st.st_mode)) return "open block devices are not carried";
  if (p.link.starts_with(kAnon)) return what_hides_it(p.link.substr(kAnon.size()));
  return "descriptors of this kind are not carried yet: close it before the dump";
}

/// Gives the description an id, finds its kind and lets it collect.
Result<FileId> add_new(DumpCtx& ctx, const FileProbe& probe) {
  const FileKind* kind = is_external_file(ctx.opt, probe) ? &kRegularKind : nullptr;
  // Those are recognised by their link alone, which says nothing of O_PATH.
  const bool is_bare = (probe.flags & O_PATH) != 0 && probe.link.starts_with("anon_inode:");
  for (const FileKind* k : file_kinds())
    if (kind == nullptr && !is_bare && k->matches(probe)) {
      kind = k;
      break;
    }
  if (kind == nullptr) return fail("dump", probe.name(), 0, what_it_is(probe));
  Description d;
  d.id = ctx.ids.next_file++;
  d.kind = kind;
  d.flags = probe.flags;
  d.pos = probe.pos;
  d.owner = probe.owner;
  std::uint64_t hint = 0;
  if (fcntl(probe.fd, F_GET_RW_HINT, &hint) == 0 && hint != 0)
    ctx.models.edit<WriteHints>().of[d.id] = static_cast<std::uint32_t>(hint);
  d.object = probe.name();
  d.pid = probe.pid;
  d.fd = probe.target_fd.value;
  const FileId id = d.id;
  ctx.models.edit<Model>().descriptions.emplace(id, std::move(d));
  TRY(kind->collect(ctx, probe, id));
  return id;
}

/// Fills the probe of a descriptor that is new.
Result<> fill_probe(DumpCtx& ctx, Source& s, const std::string& name, const FdinfoCommon& info, FileProbe& p) {
  p.pid = s.pid;
  p.link = TRY(read_link(s.fds.get(), name, format("pid {} fd {}", s.pid, name)));
  p.flags = info.flags & ~static_cast<std::uint32_t>(O_CLOEXEC);
  p.pos = info.pos;
  p.mount = MountId{info.mnt_id};
  UniqueFd copy = TRY(copy_from(s, p.target_fd.value));
  p.fd = copy.release();
  if (fstat(p.fd, &p.st) != 0) return fail("stat", p.name(), errno);
  if (!(p.flags & O_PATH)) p.owner = TRY(read_signal_owner(ctx, p.fd, p.name()));
  return {};
}

struct Seen {
  FileId id;
  bool cloexec;
};

Result<Seen> collect_number(DumpCtx& ctx, Source& s, int number) {
  Collected& seen = ctx.models.edit<Collected>();
  const std::string name = std::to_string(number);
  FileProbe p;
  p.target_fd = TargetFd{number};
  p.fdinfo = TRY(read_all(s.fdinfos.get(), name, format("pid {} fd {}", s.pid, number)));
  auto parsed = parse_fdinfo_common(p.fdinfo);
  if (!parsed.ok()) {
    Error e = parsed.take_error();
    e.object = format("pid {} fd {}", s.pid, number);
    return e;
  }
  const FdinfoCommon info = parsed.take();
  const bool cloexec = (info.flags & O_CLOEXEC) != 0;
  // The path through /proc leads to the inode without a copy of the descriptor.
  if (fstatat(s.fds.get(), name.c_str(), &p.st, 0) != 0)
    return fail("stat", format("pid {} fd {}", s.pid, number), errno,
                errno == ENOENT
                    ? "it is of a process that is gone, as a list of its descriptors is, and can't be had "
                      "again: close it before the dump"
                    : "");
  const Identities::Place place{s.pid, number};
  if (FileId known = TRY(seen.identities.find(p.st.st_dev, p.st.st_ino, place)); known != 0) {
    TRY(note_locks(ctx, s.pid, number, known, info.locks));
    return Seen{known, cloexec};
  }
  auto filled = fill_probe(ctx, s, name, info, p);
  UniqueFd guard(p.fd);
  if (!filled.ok()) return filled.take_error();
  const FileId id = TRY(add_new(ctx, p));
  TRY(seen.identities.add(p.st.st_dev, p.st.st_ino, place, id));
  TRY(note_locks(ctx, s.pid, number, id, info.locks));
  return Seen{id, cloexec};
}

Result<std::vector<int>> numbers_of(const Source& s) {
  std::vector<int> numbers;
  const int copy = dup(s.fds.get());
  DIR* dir = copy < 0 ? nullptr : fdopendir(copy);
  if (dir == nullptr) return fail("list descriptors of", format("pid {}", s.pid), errno);
  while (const dirent* e = readdir(dir)) {
    int n = 0;
    const char* end = e->d_name + strlen(e->d_name);
    if (std::from_chars(e->d_name, end, n).ptr == end && end != e->d_name) numbers.push_back(n);
  }
  closedir(dir);
  return numbers;
}

Result<> collect_table(DumpCtx& ctx, const Task& task, std::uint32_t files_id) {
  Source s = TRY(open_source(task.live));
  Table table;
  table.files_id = files_id;
  table.leader = task.index;
  for (int number : TRY(numbers_of(s))) {
    Seen seen = TRY(collect_number(ctx, s, number));
    table.slots[number] = Slot{seen.id, seen.cloexec};
  }
  ctx.models.edit<Model>().tables[files_id] = std::move(table);
  return {};
}

/// Opens /proc/PID/entry as O_PATH and fills a probe from it. The caller closes probe.fd.
Result<> probe_path(const Task& task, std::string_view entry, std::uint32_t flags, FileProbe& p) {
  const std::string path = format("/proc/{}/{}", task.live, entry);
  p.pid = task.live;
  p.target_fd = TargetFd{-1};
  p.flags = flags;
  p.fd = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (p.fd < 0) return fail("open", path, errno);
  p.link = TRY(read_link(AT_FDCWD, path, path));
  if (fstat(p.fd, &p.st) != 0) return fail("stat", path, errno);
  auto info = parse_fdinfo_common(TRY(core::read_text(format("/proc/self/fdinfo/{}", p.fd))));
  if (!info.ok()) return info.take_error();
  p.mount = MountId{info.value().mnt_id};
  return {};
}

Result<FileId> collect_unshared_path(DumpCtx& ctx, const Task& task, std::string_view entry, std::uint32_t flags) {
  FileProbe p;
  auto probed = probe_path(task, entry, flags, p);
  UniqueFd guard(p.fd);
  if (!probed.ok()) return probed.take_error();
  return add_new(ctx, p);
}

Result<> collect_fs(DumpCtx& ctx, const Task& task, Fs& fs) {
  // One id per task and link, as CRIU 4.2 has it: these are never shared by descriptors.
  fs.cwd = TRY(collect_unshared_path(ctx, task, "cwd", 0));
  fs.root = TRY(collect_unshared_path(ctx, task, "root", 0));
  const std::string status = TRY(core::read_proc(task.live, "status"));
  auto text = core::field(status, "Umask");
  auto mask = text ? core::number(*text, 8) : std::nullopt;
  if (!mask) return fail("read the umask of", format("pid {}", task.host), 0, "the kernel must be 4.7 or newer");
  fs.umask = static_cast<std::uint32_t>(*mask);
  return {};
}

}  // namespace

Result<FileId> collect_path(DumpCtx& ctx, const Task& task, std::string_view entry, std::uint32_t flags) {
  FileProbe p;
  auto probed = probe_path(task, entry, flags, p);
  UniqueFd guard(p.fd);
  if (!probed.ok()) return probed.take_error();
  Collected::FileKey key(p.st.st_dev, p.st.st_ino, p.mount.value, flags, p.link);
  auto& paths = ctx.models.edit<Collected>().paths;
  if (auto it = paths.find(key); it != paths.end()) return it->second;
  const FileId id = TRY(add_new(ctx, p));
  ctx.models.edit<Collected>().paths.emplace(std::move(key), id);
  return id;
}

Result<FileId> collect_mapped(DumpCtx& ctx, const Task& task, std::string_view entry, const std::string& shown) {
  struct statx file {};
  const std::string path = format("/proc/{}/{}", task.live, entry);
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_INO | STATX_MNT_ID, &file) != 0 || !(file.stx_mask & STATX_MNT_ID))
    return collect_path(ctx, task, entry);  // Linux before 5.8
  Collected::FileKey key(makedev(file.stx_dev_major, file.stx_dev_minor), file.stx_ino, file.stx_mnt_id, 0, shown);
  auto& mapped = ctx.models.edit<Collected>().mapped;
  if (auto it = mapped.find(key); it != mapped.end()) return it->second;
  const FileId id = TRY(collect_path(ctx, task, entry));
  ctx.models.edit<Collected>().mapped.emplace(std::move(key), id);
  return id;
}

Result<FileId> collect_fd(DumpCtx& ctx, HostPid pid, TargetFd fd) {
  Source s = TRY(open_source(pid));
  const FileId id = TRY(collect_number(ctx, s, fd.value)).id;
  if (pid.value == getpid() && ctx.models.get<Belated>().all.contains(id))
    return fail(
        "dump", description(ctx.models, id).object, 0,
        "a message in flight has it too, but a restore can open it only when messages have been sent: receive "
        "that first");
  return id;
}

Result<> collect(DumpCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  const KobjModel& ids = ctx.models.get<KobjModel>();
  model.table_of.assign(ctx.tree.tasks.size(), 0);
  model.fs.assign(ctx.tree.tasks.size(), {});
  for (const Task& task : ctx.tree.tasks) {
    if (!task.alive()) continue;
    const std::uint32_t files_id = ids.of.at(task.pid).files;
    model.table_of[task.index] = files_id;
    if (!model.tables.contains(files_id)) TRY(collect_table(ctx, task, files_id));
    TRY(collect_fs(ctx, task, model.fs[task.index]));
  }
  return {};
}

Result<> settle(DumpCtx& ctx) {
  for (const FileKind* kind : file_kinds())
    if (kind->settle != nullptr) TRY(kind->settle(ctx));
  TRY(settle_locks(ctx));
  return check_belated(ctx);
}

}  // namespace cr::files
