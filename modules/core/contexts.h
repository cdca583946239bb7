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
#include "core/stats.h"
#include "core/task_tree.h"
#include "infect/seize.h"

namespace cr {

/// A dump, from the first look at the tree to the release.
struct DumpCtx {
  const Options& opt;
  core::ImageWriterDir images;
  TaskTree tree{};
  Models models{};
  ObjectIds ids{};
  std::vector<infect::SeizedTask> seized{};  ///< same index as tree.tasks; an empty guard for a zombie
  DumpStats stats{};
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
  int first_service_fd = 0;  ///< set by `files`
};

struct SharedPage;  // restore_shared.h: what the coordinator and the restored tasks tell each other

/// The coordinator of a restore. Restored tasks are forked from it and hold a copy.
struct RestoreCtx {
  const Options& opt;
  const core::ImageReaderDir& images;
  TaskTree& tree;
  Models& models;
  RestoreStats stats{};
  SharedPage* shared = nullptr;
  int first_service_fd = 0;  ///< above every descriptor number of the tree: the engine's own go here
  int proc_fd = -1;          ///< /proc of the engine, on a service number: tasks may live where there is none
  int opener = -1;           ///< core::open_as_engine, for tasks of a user namespace
};

/// Inside a restored task, before it enters the restorer blob.
struct TaskCtx {
  RestoreCtx& restore;
  const Task& task;
  std::vector<UniqueFd> keep{};  ///< descriptors that must live until the restorer has run
  UniqueFd children_space{};     ///< the pid namespace of its children, when it is another one (ns/pid.h)

  const Options& opt() const { return restore.opt; }
  const TaskTree& tree() const { return restore.tree; }
  const Models& models() const { return restore.models; }
};

}  // namespace cr
