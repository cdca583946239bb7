// The contexts: the first parameter of nearly every function, which says where the code runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "core/image_dir.h"
#include "core/models.h"
#include "core/options.h"
#include "core/sharing.h"
#include "core/task_tree.h"
#include "infect/seize.h"

namespace cr {

/// What a dump counts for stats-dump; times in microseconds.
struct DumpCounters {
  std::uint64_t freezing_us = 0, frozen_us = 0, memdump_us = 0, memwrite_us = 0;
  std::uint64_t pages_scanned = 0, pages_written = 0, shpages_scanned = 0, shpages_written = 0;
};

/// A dump, from the first look at the tree to the release.
struct DumpCtx {
  const Options& opt;
  core::ImageWriterDir images;
  TaskTree tree{};
  Models models{};
  ObjectIds ids{};
  std::vector<infect::SeizedTask> seized{};  ///< same index as tree.tasks; an empty guard for a zombie
  DumpCounters stats{};
  std::vector<std::string> losses{};  ///< named state that --allow-lossy accepted
};

/// Reading an image set into Models. No process exists yet.
struct ReadCtx {
  const Options& opt;
  const core::ImageReaderDir& images;
  TaskTree& tree;
  Models& models;
};

/// Deciding how to restore, from the Models alone.
struct PlanCtx {
  const Options& opt;
  const TaskTree& tree;
  Models& models;
};

struct SharedPage;  // restore_shared.h: what the coordinator and the restored tasks tell each other

/// The coordinator of a restore. Restored tasks are forked from it and hold a copy.
struct RestoreCtx {
  const Options& opt;
  const core::ImageReaderDir& images;
  TaskTree& tree;
  Models& models;
  SharedPage* shared = nullptr;
  int first_service_fd = 0;  ///< above every descriptor number of the tree: the engine's own go here
};

/// Inside a restored task, before it enters the restorer blob.
struct TaskCtx {
  RestoreCtx& restore;
  const Task& task;
  std::vector<UniqueFd> keep{};  ///< descriptors that must live until the restorer has run

  const Options& opt() const { return restore.opt; }
  const TaskTree& tree() const { return restore.tree; }
  const Models& models() const { return restore.models; }
};

}  // namespace cr
