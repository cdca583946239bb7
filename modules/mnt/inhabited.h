// For tests: processes that live in mount namespaces of their own, how these look, and their way through the images.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "core/id_map.h"
#include "core/image_fixture.h"
#include "core/proc_text.h"
#include "mnt/bare.h"
#include "mnt/mnt.h"

namespace cr::mnt {

/// A child that has left the namespace of the test, done something, and waits.
class Inhabitant {
 public:
  /// Empty `problem()` means that `set_up` had none.
  explicit Inhabitant(const std::function<Result<>()>& set_up) {
    int pipe_[2];
    EXPECT_EQ(pipe(pipe_), 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      Result<> r = unshare(CLONE_NEWNS) == 0 ? set_up() : Error{"test", "unshare", "mounts", errno, ""};
      const std::string text = r.ok() ? "" : r.error().sentence();
      if (::write(pipe_[1], text.data(), text.size()) < 0) _exit(1);
      close(pipe_[0]), close(pipe_[1]);
      for (;;) pause();
    }
    close(pipe_[1]);
    char text[1024];
    for (ssize_t n; (n = ::read(pipe_[0], text, sizeof text)) > 0;)
      problem_.append(text, static_cast<std::size_t>(n));
    close(pipe_[0]);
  }
  Inhabitant(const Inhabitant&) = delete;
  Inhabitant& operator=(const Inhabitant&) = delete;
  ~Inhabitant() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  HostPid pid() const { return HostPid{pid_}; }
  const std::string& problem() const { return problem_; }
  /// A path in its namespace, for us.
  std::string path(const std::string& p) const { return format("/proc/{}/root{}", pid_, p); }

 private:
  pid_t pid_ = -1;
  std::string problem_{};
};

/// One line for each mount that the process sees, in an order of our own. Numbers that differ from time to time are
/// replaced by that of their first appearance.
inline std::vector<std::string> picture(HostPid pid) {
  auto looked = [&]() -> Result<std::vector<Mount>> {
    const std::vector<Mount> all = TRY(mounts_around(pid));
    const std::string root = format("/proc/{}/root", pid);
    return seen_from(all, TRY(mount_id(AT_FDCWD, root.c_str(), 0)), TRY(core::read_proc_link(pid, "root")));
  }();
  if (!looked.ok()) return {looked.error().sentence()};
  std::vector<Mount> seen = looked.take();
  order_for_mounting(seen);
  std::map<std::uint32_t, std::size_t> ids, devs, groups{{0, 0}};
  std::vector<std::string> lines;
  for (const Mount& m : seen) {
    ids.try_emplace(m.id, ids.size());
    const auto dev = devs.try_emplace(m.dev, devs.size()).first->second;
    const auto shared = groups.try_emplace(m.shared, groups.size()).first->second;
    const auto master = groups.try_emplace(m.master, groups.size()).first->second;
    lines.push_back(format("{} on {} dev {} root {} flags {:x} shared {} master {} {} {} {:x} {}", m.point,
                           m.is_root() ? 0 : ids.at(m.parent), dev, m.root, m.flags, shared, master, m.fs_name,
                           m.source, m.sb_flags, m.options));
  }
  return lines;
}

inline std::string text_of(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& l : lines) all += l + "\n";
  return all;
}

/// A dump of one, a restore of another, and all of the module in between.
class Passage {
 public:
  Options dump_options{}, restore_options{};
  bool in_user_namespace = false;  ///< the dump takes the inhabitant for one

  Result<> dump(const Inhabitant& who) {
    DumpCtx ctx{.opt = dump_options, .images = TRY(core::ImageWriterDir::open(dir_.path()))};
    ctx.models.edit<core::TreeIds>().own = in_user_namespace;
    TRY(collect(ctx, kId, Task{.host = who.pid(), .live = who.pid()}));
    TRY(write(ctx, kId));
    core::ImageWriter inventory = TRY(ctx.images.create(core::ImageType::kInventory));
    TRY(inventory.close());
    return ctx.images.commit();
  }

  /// What a coordinator does; the returned function is for the inhabitant.
  Result<std::function<Result<>()>> restore() {
    models_ = {};
    images_ = TRY(core::ImageReaderDir::open(dir_.path()));
    ReadCtx read_ctx{restore_options, images_, tree_, models_};
    TRY(read(read_ctx, kId));
    PlanCtx plan_ctx{restore_options, tree_, models_};
    TRY(plan(plan_ctx, kId));
    RestoreCtx ctx{restore_options, images_, tree_, models_};
    TRY(prepare(ctx, kId));
    return std::function<Result<>()>([this] {
      RestoreCtx own{restore_options, images_, tree_, models_};
      return fill(own, kId);
    });
  }

  const core::TempDir& images() const { return dir_; }

 private:
  static constexpr NsId kId = 7;
  core::TempDir dir_{};
  core::ImageReaderDir images_{};
  TaskTree tree_{};
  Models models_{};
};

/// What the calling process would have to say of a failed call.
inline Result<> sys(long result, const char* what) {
  if (result < 0) return Error{"test", "call", what, errno, ""};
  return {};
}
#define SYS(call) TRY(sys(call, #call))

/// A directory that may become the root of a namespace, with places for mounts.
class Rootfs {
 public:
  Rootfs() {
    for (const char* d : {"proc", "sys", "dev", "tmp", "tmp2", "data", "data/below", "data/below/it", "mnt", "etc"})
      std::filesystem::create_directories(path() + "/" + d);
    dir_.write("etc/file", "of the root");
  }
  const std::string& path() const { return dir_.path(); }

  /// Makes it the root of the calling process's mount namespace.
  Result<> enter() const {
    SYS(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
    SYS(mount(path().c_str(), path().c_str(), nullptr, MS_BIND, nullptr));
    SYS(chdir(path().c_str()));
    SYS(syscall(SYS_pivot_root, ".", "."));
    SYS(umount2(".", MNT_DETACH));
    SYS(chdir("/"));
    return {};
  }

 private:
  core::TempDir dir_{};
};

inline Result<> put_file(const char* path, const std::string& text) {
  UniqueFd fd(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
  SYS(fd.get());
  SYS(::write(fd.get(), text.data(), text.size()));
  return {};
}

inline std::string content_of(const Inhabitant& who, const std::string& path) {
  auto text = core::read_text(who.path(path));
  return text.ok() ? text.take() : text.error().sentence();
}

}  // namespace cr::mnt
