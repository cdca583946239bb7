// Namespaces that are dumped and built again: what they look like from outside is the same.
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include "mnt/inhabited.h"

namespace cr::mnt {
namespace {

Result<> mount_tmpfs(const char* where, unsigned long flags = 0, const char* options = "") {
  SYS(mount("none", where, "tmpfs", flags, options));
  return {};
}

Result<> bind(const char* from, const char* to, unsigned long flags = 0) {
  SYS(mount(from, to, nullptr, MS_BIND, nullptr));
  if (flags != 0) SYS(mount(nullptr, to, nullptr, MS_BIND | MS_REMOUNT | flags, nullptr));
  return {};
}

/// Of the file system that is mounted there. A process of a changed root doesn't see the mount that its own root lies
/// on, so the one to ask is who has the mount inside its root.
std::string type_of_file_system(const Inhabitant& who, const std::string& mount_point) {
  const std::string text = core::read_text(format("/proc/{}/mountinfo", who.pid())).value();
  const std::vector<Mount> all = parse_mountinfo(text).take();
  for (const Mount& m : all)
    if (m.point == mount_point) return m.fs_name;
  return "";
}

class Mounts : public testing::Test {
 protected:
  Mounts() { passage_.restore_options.root = rootfs_.path(); }

  std::unique_ptr<Inhabitant> start(const std::function<Result<>()>& make) {
    auto who = std::make_unique<Inhabitant>([&]() -> Result<> {
      TRY(rootfs_.enter());
      return make();
    });
    EXPECT_EQ(who->problem(), "");
    return who;
  }

  /// Nothing when it went wrong.
  std::unique_ptr<Inhabitant> again(const Inhabitant& who) {
    if (!who.problem().empty()) return nullptr;
    auto dumped = passage_.dump(who);
    if (!dumped.ok()) ADD_FAILURE() << dumped.error().sentence();
    if (!dumped.ok()) return nullptr;
    auto builder = passage_.restore();
    if (!builder.ok()) ADD_FAILURE() << builder.error().sentence();
    if (!builder.ok()) return nullptr;
    auto other = std::make_unique<Inhabitant>(builder.value());
    EXPECT_EQ(other->problem(), "");
    EXPECT_EQ(text_of(picture(other->pid())), text_of(picture(who.pid())));
    return other;
  }

  std::string refusal(const Inhabitant& who) {
    auto r = passage_.dump(who);
    return r.ok() ? "carried" : r.error().sentence();
  }

  Rootfs rootfs_{};
  Passage passage_{};
};

TEST_F(Mounts, KernelFileSystems) {
  auto who = start([]() -> Result<> {
    SYS(mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, "hidepid=2"));
    SYS(mount("sysfs", "/sys", "sysfs", MS_RDONLY, nullptr));
    SYS(mount("devtmpfs", "/dev", "devtmpfs", MS_NOEXEC, nullptr));
    SYS(mount("mqueue", "/mnt", "mqueue", 0, nullptr));
    SYS(mount("devpts", "/dev/pts", "devpts", MS_NOEXEC, "newinstance,gid=5,mode=620,ptmxmode=666"));
    TRY(bind("/proc/sys", "/proc/sys", MS_RDONLY));
    TRY(bind("/proc/version", "/proc/version", MS_RDONLY));
    return {};
  });
  auto other = again(*who);
  ASSERT_TRUE(other);
  EXPECT_EQ(core::read_text(other->path("/proc/sys/kernel/ostype")).take(), "Linux\n");
  EXPECT_EQ(access(other->path("/dev/pts/ptmx").c_str(), F_OK), 0);
}

TEST_F(Mounts, ContentAndBindsOfIt) {
  auto who = start([]() -> Result<> {
    TRY(mount_tmpfs("/tmp", MS_NOSUID | MS_NODEV, "size=1m,nr_inodes=100,mode=1777"));
    TRY(put_file("/tmp/a", "first"));
    SYS(mkdir("/tmp/dir", 0750));
    TRY(put_file("/tmp/dir/b", "second"));
    TRY(bind("/tmp/dir", "/mnt", MS_NOATIME | MS_NOEXEC));
    TRY(bind("/tmp/a", "/etc/file"));
    TRY(mount_tmpfs("/tmp2", MS_RDONLY, "size=4k"));
    SYS(mount(nullptr, "/tmp2", nullptr, MS_REMOUNT | MS_RDONLY, nullptr));
    TRY(bind("/etc", "/data", MS_RDONLY | MS_NODIRATIME | MS_STRICTATIME));
    return {};
  });
  auto other = again(*who);
  ASSERT_TRUE(other);
  EXPECT_EQ(content_of(*other, "/mnt/b"), "second");
  EXPECT_EQ(content_of(*other, "/etc/file"), "first");
  EXPECT_EQ(content_of(*other, "/data/file"), "of the root");
  ASSERT_TRUE(again(*other)) << "and once more";
}

TEST_F(Mounts, WhatIsHidden) {
  auto who = start([]() -> Result<> {
    TRY(mount_tmpfs("/data/below"));
    TRY(put_file("/data/below/seen", "at the bottom"));
    SYS(mkdir("/data/below/it", 0700));
    TRY(mount_tmpfs("/data/below/it"));
    TRY(put_file("/data/below/it/x", "deep"));
    TRY(mount_tmpfs("/data/below"));
    TRY(put_file("/data/below/y", "over it"));
    TRY(mount_tmpfs("/data"));  // hides all of that
    TRY(put_file("/data/z", "top"));
    TRY(mount_tmpfs("/tmp"));
    TRY(mount_tmpfs("/tmp"));
    TRY(put_file("/tmp/second", "2"));
    return {};
  });
  auto other = again(*who);
  ASSERT_TRUE(other);
  auto peeled = [&](const Inhabitant& i) {
    Inhabitant looker([&]() -> Result<> {
      UniqueFd there(open(format("/proc/{}/ns/mnt", i.pid()).c_str(), O_RDONLY));
      SYS(setns(there.get(), CLONE_NEWNS));
      SYS(unshare(CLONE_NEWNS));
      SYS(umount("/data"));
      auto over = core::read_text("/data/below/y");
      SYS(umount("/data/below"));
      auto deep = core::read_text("/data/below/it/x"), seen = core::read_text("/data/below/seen");
      SYS(umount("/tmp"));
      return Error{"test", over.take(), deep.take() + seen.take(), 0, ""};
    });
    return looker.problem();
  };
  EXPECT_NE(peeled(*who).find("over it deepat the bottom"), std::string::npos) << peeled(*who);
  EXPECT_EQ(peeled(*other), peeled(*who));
}

TEST_F(Mounts, PeersAndMasters) {
  auto who = start([]() -> Result<> {
    TRY(mount_tmpfs("/tmp"));
    SYS(mkdir("/tmp/sub", 0755));
    SYS(mkdir("/tmp/sub/place", 0755));
    SYS(mount(nullptr, "/tmp", nullptr, MS_SHARED, nullptr));
    TRY(bind("/tmp", "/tmp2"));           // a peer
    TRY(bind("/tmp/sub", "/mnt"));        // a peer that shows less
    TRY(bind("/tmp", "/data/below/it"));  // a slave
    SYS(mount(nullptr, "/data/below/it", nullptr, MS_SLAVE, nullptr));
    TRY(bind("/tmp/sub", "/etc"));  // a slave with peers of its own
    SYS(mount(nullptr, "/etc", nullptr, MS_SLAVE, nullptr));
    SYS(mount(nullptr, "/etc", nullptr, MS_SHARED, nullptr));
    TRY(bind("/etc", "/dev"));
    TRY(mount_tmpfs("/sys"));
    SYS(mount(nullptr, "/sys", nullptr, MS_UNBINDABLE, nullptr));
    TRY(mount_tmpfs("/tmp/sub/place"));  // goes to all of them
    return {};
  });
  const std::string before = text_of(picture(who->pid()));
  auto other = again(*who);
  ASSERT_TRUE(other) << before;
  Inhabitant visitor([&]() -> Result<> {
    UniqueFd there(open(format("/proc/{}/ns/mnt", other->pid()).c_str(), O_RDONLY));
    SYS(setns(there.get(), CLONE_NEWNS));
    SYS(umount("/mnt/place"));
    return {};
  });
  EXPECT_EQ(visitor.problem(), "");
  EXPECT_EQ(text_of(picture(other->pid())).find("/place"), std::string::npos) << "unmounting goes to all of them";
}

TEST_F(Mounts, ExternalByName) {
  core::TempDir outside;
  outside.write("x", "of the outside");
  passage_.dump_options.external = {"mnt[/mnt]:key"};
  auto make = [&](const Inhabitant*) {
    return std::make_unique<Inhabitant>([&]() -> Result<> {
      SYS(mount(outside.path().c_str(), (rootfs_.path() + "/mnt").c_str(), nullptr, MS_BIND, nullptr));
      SYS(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
      SYS(mount(rootfs_.path().c_str(), rootfs_.path().c_str(), nullptr, MS_BIND | MS_REC, nullptr));
      SYS(chdir(rootfs_.path().c_str()));
      SYS(syscall(SYS_pivot_root, ".", "."));
      SYS(umount2(".", MNT_DETACH));
      return {};
    });
  };
  auto who = make(nullptr);
  ASSERT_EQ(who->problem(), "");
  const std::string type = type_of_file_system(*who, "/mnt");
  ASSERT_NE(type, "");
  {
    Passage without;
    auto r = without.dump(*who);
    ASSERT_FALSE(r.ok());
    const std::string said = r.error().sentence();
    EXPECT_NE(said.find(format("mount /mnt ({})", type)), std::string::npos) << said;
    EXPECT_NE(said.find("--external 'mnt[/mnt]:KEY'"), std::string::npos) << said;
  }
  ASSERT_TRUE(passage_.dump(*who).ok());
  auto refused = passage_.restore();
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().sentence().find("mnt[key]:PATH"), std::string::npos);
  passage_.restore_options.external = {"mnt[key]:" + outside.path()};
  auto other = again(*who);
  ASSERT_TRUE(other);
  EXPECT_EQ(content_of(*other, "/mnt/x"), "of the outside");
}

TEST_F(Mounts, LockedFlagsAreRefusedInAUserNamespace) {
  auto free = start([&]() -> Result<> { return bind("/data", "/mnt", MS_NOSUID); });
  passage_.in_user_namespace = true;
  const auto own = passage_.dump(*free);
  ASSERT_TRUE(own.ok()) << "its own bind, not the outside's: " << own.error().sentence();
  Inhabitant locked([&]() -> Result<> {
    SYS(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
    TRY(bind(rootfs_.path().c_str(), rootfs_.path().c_str(), MS_NOSUID));
    SYS(chdir(rootfs_.path().c_str()));
    SYS(syscall(SYS_pivot_root, ".", "."));
    SYS(umount2(".", MNT_DETACH));
    return {};
  });
  ASSERT_EQ(locked.problem(), "");
  auto r = passage_.dump(locked);
  ASSERT_FALSE(r.ok());
  EXPECT_NE(r.error().sentence().find("--allow-lossy mount-locks"), std::string::npos) << r.error().sentence();
  passage_.dump_options.allow_lossy = {"mount-locks"};
  EXPECT_TRUE(passage_.dump(locked).ok());
}

TEST_F(Mounts, ExternalByItself) {
  passage_.dump_options.external = passage_.restore_options.external = {"mnt[]"};
  core::TempDir outside;
  outside.write("x", "of the outside");
  Inhabitant who([&]() -> Result<> {
    SYS(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
    SYS(mount(rootfs_.path().c_str(), rootfs_.path().c_str(), nullptr, MS_BIND, nullptr));
    SYS(mount(outside.path().c_str(), (rootfs_.path() + "/mnt").c_str(), nullptr, MS_BIND, nullptr));
    SYS(mount("/dev/null", (rootfs_.path() + "/etc/file").c_str(), nullptr, MS_BIND, nullptr));
    SYS(chdir(rootfs_.path().c_str()));
    SYS(syscall(SYS_pivot_root, ".", "."));
    SYS(umount2(".", MNT_DETACH));
    return mount_tmpfs("/tmp");
  });
  ASSERT_EQ(who.problem(), "");
  auto other = again(who);
  ASSERT_TRUE(other);
  EXPECT_EQ(content_of(*other, "/mnt/x"), "of the outside");
  struct stat st;
  ASSERT_EQ(stat(other->path("/etc/file").c_str(), &st), 0);
  EXPECT_EQ(st.st_rdev, makedev(1, 3));
}

TEST_F(Mounts, ChangedRootThatIsNoMount) {
  std::filesystem::create_directories(rootfs_.path() + "/mnt/root/tmp");
  auto who = start([]() -> Result<> {
    TRY(mount_tmpfs("/tmp"));
    TRY(mount_tmpfs("/mnt/root/tmp"));
    TRY(put_file("/mnt/root/tmp/x", "inside"));
    SYS(chroot("/mnt/root"));
    SYS(chdir("/"));
    return {};
  });
  passage_.restore_options.root = rootfs_.path() + "/mnt/root";
  auto other = again(*who);
  ASSERT_TRUE(other);
  EXPECT_EQ(content_of(*other, "/tmp/x"), "inside");
}

TEST_F(Mounts, RefusedByName) {
  auto who = start([]() -> Result<> {
    SYS(mount("none", "/tmp", "ramfs", 0, nullptr));
    return {};
  });
  std::string said = refusal(*who);
  EXPECT_NE(said.find("mount /tmp (ramfs)"), std::string::npos) << said;
  EXPECT_NE(said.find("--enable-fs ramfs"), std::string::npos) << said;
  passage_.dump_options.enable_fs = {"ramfs"};
  EXPECT_TRUE(again(*who));
  passage_.dump_options.enable_fs = {};
  passage_.dump_options.skip_mounts = {"/tmp"};
  EXPECT_EQ(refusal(*who), "carried");

  who = start([]() -> Result<> {
    TRY(mount_tmpfs("/tmp2"));
    TRY(put_file("/tmp2/gone", ""));
    TRY(bind("/tmp2/gone", "/etc/file"));
    SYS(unlink("/tmp2/gone"));
    return {};
  });
  said = refusal(*who);
  EXPECT_NE(said.find("mount /etc/file (tmpfs); what it shows, /gone, was deleted"), std::string::npos) << said;

  who = start([]() -> Result<> {
    TRY(mount_tmpfs("/tmp2"));
    SYS(mkdir("/tmp2/part", 0700));
    TRY(bind("/tmp2/part", "/mnt"));
    SYS(umount("/tmp2"));
    return {};
  });
  said = refusal(*who);
  EXPECT_NE(said.find("mount /mnt (tmpfs); it is the part /part"), std::string::npos) << said;
}

TEST_F(Mounts, SharingWithTheOutside) {
  // The test itself must see the group: in a child, which plays the engine.
  std::fflush(nullptr);
  const pid_t engine = fork();
  if (engine == 0) {
    unshare(CLONE_NEWNS);
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    const std::string shared = rootfs_.path() + "/data";
    mount("none", shared.c_str(), "tmpfs", 0, nullptr);
    mount(nullptr, shared.c_str(), nullptr, MS_SHARED, nullptr);
    auto enter = [&](unsigned long propagation) {
      return std::make_unique<Inhabitant>([&, propagation]() -> Result<> {
        SYS(mount(rootfs_.path().c_str(), rootfs_.path().c_str(), nullptr, MS_BIND | MS_REC, nullptr));
        SYS(chdir(rootfs_.path().c_str()));
        SYS(syscall(SYS_pivot_root, ".", "."));
        SYS(umount2(".", MNT_DETACH));
        if (propagation != 0) SYS(mount(nullptr, "/data", nullptr, propagation, nullptr));
        return {};
      });
    };
    auto peer = enter(0), slave = enter(MS_SLAVE);
    EXPECT_EQ(peer->problem() + slave->problem(), "");
    EXPECT_NE(refusal(*peer).find("--external 'mnt[]:ms'"), std::string::npos) << refusal(*peer);
    EXPECT_NE(refusal(*slave).find("mount /data (tmpfs); it follows mounts of the outside"), std::string::npos);
    for (Options* o : {&passage_.dump_options, &passage_.restore_options}) o->external = {"mnt[]"};
    EXPECT_NE(refusal(*peer).find("--enable-external-sharing"), std::string::npos) << refusal(*peer);
    EXPECT_NE(refusal(*slave).find("--enable-external-masters"), std::string::npos) << refusal(*slave);
    for (Options* o : {&passage_.dump_options, &passage_.restore_options}) o->external = {"mnt[]:ms"};
    for (Inhabitant* who : {peer.get(), slave.get()}) {
      Passage fresh;
      fresh.dump_options = passage_.dump_options;
      fresh.restore_options = passage_.restore_options;
      ASSERT_TRUE(fresh.dump(*who).ok());
      auto builder = fresh.restore();
      ASSERT_TRUE(builder.ok()) << builder.error().sentence();
      Inhabitant other(builder.value());
      ASSERT_EQ(other.problem(), "");
      EXPECT_EQ(text_of(picture(other.pid())), text_of(picture(who->pid())));
      const std::string place = format("{}/{}", shared, who->pid());
      mkdir(place.c_str(), 0700);
      mount("none", place.c_str(), "tmpfs", 0, nullptr);
      EXPECT_NE(text_of(picture(other.pid())).find(format("/data/{}", who->pid())), std::string::npos);
      umount(place.c_str());
    }
    std::fflush(nullptr);
    _exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  waitpid(engine, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace cr::mnt
