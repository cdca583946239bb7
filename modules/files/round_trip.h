// For tests: one child's descriptors are collected, written, read, planned and opened again in another child, which
// looks at what it got. Everything but the engine's own drivers.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>

#include "base/format.h"
#include "core/image_fixture.h"
#include "core/sharing.h"
#include "core/stages.h"
#include "files/description.h"
#include "files/files.h"

namespace cr::files {

/// What the children tell the test.
struct Report {
  std::atomic<int> ready;
  char text[1024];
  void say(const std::string& what) {
    if (text[0] == 0) std::strncpy(text, what.c_str(), sizeof text - 1);
  }
};

/// Inside a child: notes the first thing that is not as it should be.
#define CHECK_IN_CHILD(report, condition)                                                              \
  do {                                                                                                 \
    if (!(condition)) (report).say(cr::format("line {}: {} (errno {})", __LINE__, #condition, errno)); \
  } while (0)

class RoundTrip {
 public:
  RoundTrip() {
    report_ = static_cast<Report*>(
        mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  }
  RoundTrip(const RoundTrip&) = delete;
  RoundTrip& operator=(const RoundTrip&) = delete;
  ~RoundTrip() {
    stop();
    munmap(report_, sizeof(Report));
  }

  Options opt{};

  /// Starts the program that is to be dumped; its descriptors 0, 1, 2 are /dev/null, all others closed.
  void start(const std::function<void(Report&)>& set_up) {
    child_ = fork();
    if (child_ == 0) {
      close_range(0, ~0u, 0);
      open("/dev/null", O_RDWR);
      dup(0);
      dup(0);
      set_up(*report_);
      report_->ready = 1;
      for (;;) pause();
    }
    while (report_->ready == 0 && waitpid(child_, nullptr, WNOHANG) == 0) usleep(1000);
    report_->ready = 0;
  }

  /// Collects and writes; leaves the program running.
  Result<> dump() {
    DumpCtx ctx{.opt = opt, .images = TRY(core::ImageWriterDir::open(dir_.path()))};
    ctx.tree = tree();
    give_ids(ctx);
    TRY(collect(ctx));
    TRY(settle(ctx));
    TRY(write(ctx));
    core::ImageWriter inventory = TRY(ctx.images.create(core::ImageType::kInventory));
    TRY(inventory.close());
    return ctx.images.commit();
  }

  void stop() {
    if (child_ <= 0) return;
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    child_ = -1;
  }

  /// Reads and plans in this process, opens in a child, which then runs `look`.
  Result<> restore(const std::function<void(Report&)>& look) {
    core::ImageReaderDir images = TRY(core::ImageReaderDir::open(dir_.path()));
    TaskTree tasks = tree();
    Models models;
    models.edit<KobjModel>().of[NsPid{child_}] = KobjIds{2, 2, 2, 2};
    ReadCtx read_ctx{opt, images, tasks, models};
    TRY(read(read_ctx));
    PlanCtx plan_ctx{opt, tasks, models};
    TRY(plan(plan_ctx));
    stop();
    RestoreCtx ctx{opt, images, tasks, models};
    ctx.first_service_fd = plan_ctx.first_service_fd;
    ctx.shared = TRY(core::make_shared_page(1));
    TRY(reserve_numbers(ctx));
    TRY(furnish(ctx));
    child_ = fork();
    if (child_ == 0) {
      TaskCtx task{ctx, ctx.tree.root()};
      Result<> r = bring_up(task);
      if (!r.ok()) report_->say(r.error().sentence());
      report_->ready = 1;
      while (report_->ready != 2) usleep(1000);
      if (r.ok()) look(*report_);
      report_->ready = 3;
      for (;;) pause();
    }
    await(1);
    ctx.tree.root().host = ctx.tree.root().live = HostPid{child_};
    if (report_->text[0] == 0) TRY(finish(ctx));
    report_->ready = 2;
    await(3);
    if (report_->text[0] != 0) return Error{"test", "look at", report_->text, 0, {}};
    return {};
  }

  /// The whole way; fails the test with a sentence.
  void run(const std::function<void(Report&)>& set_up, const std::function<void(Report&)>& look) {
    start(set_up);
    auto dumped = dump();
    ASSERT_TRUE(dumped.ok()) << dumped.error().sentence();
    ASSERT_STREQ(report_->text, "");
    auto restored = restore(look);
    ASSERT_TRUE(restored.ok()) << restored.error().sentence();
  }

  /// Dump must be refused; returns the sentence.
  std::string refusal(const std::function<void(Report&)>& set_up) {
    start(set_up);
    auto dumped = dump();
    return dumped.ok() ? "(not refused)" : dumped.error().sentence();
  }

  pid_t child() const { return child_; }
  const core::TempDir& dir() const { return dir_; }

 private:
  static Result<> bring_up(TaskCtx& task) {
    TRY(open_owned(task));
    if (needs_join(task.models())) TRY(join(task));
    TRY(take(task));
    TRY(connect(task));
    TRY(restore_fs(task));
    close_range(static_cast<unsigned>(task.restore.first_service_fd), ~0u, 0);
    return {};
  }

  void await(int state) {
    while (report_->ready < state && waitpid(child_, nullptr, WNOHANG) == 0) usleep(500);
    if (report_->ready < state) report_->say("the restored child died");
  }

  /// Own objects, and the namespaces of the test.
  void give_ids(DumpCtx& ctx) const {
    struct stat net {};
    stat("/proc/self/ns/net", &net);
    KobjIds ids{2, 2, 2, 2};
    ids.net_ns = ctx.ids.namespaces.id_of(net.st_dev, net.st_ino);
    ctx.models.edit<KobjModel>().of[NsPid{child_}] = ids;
    ctx.models.edit<KobjModel>().root.net_ns = ids.net_ns;
  }

  TaskTree tree() const {
    TaskTree t;
    Task& root = t.tasks.emplace_back();
    root.pid = NsPid{child_};
    root.host = root.live = HostPid{child_};
    root.threads.push_back({NsPid{child_}, HostPid{child_}});
    return t;
  }

  core::TempDir dir_{};
  pid_t child_ = -1;
  Report* report_ = nullptr;
};

}  // namespace cr::files
