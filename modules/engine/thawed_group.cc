#include "engine/thawed_group.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/format.h"
#include "base/log.h"
#include "core/proc_text.h"

namespace cr::engine {
namespace {

constexpr int kLooks = 200, kPause_ms = 10;

/// Version 2 tells of a change by poll(2) on cgroup.events; version 1 tells nothing.
bool is_thawed(const std::string& path, bool second) {
  if (!second) {
    const auto state = core::read_text(path + "/freezer.state");
    return state.ok() && state.value().starts_with("THAWED");
  }
  const auto events = core::read_text(path + "/cgroup.events");
  return events.ok() && events.value().find("frozen 0") != std::string::npos;
}

void wait_a_moment(int events) {
  pollfd p{events, POLLPRI, 0};
  poll(&p, events >= 0 ? 1 : 0, kPause_ms);
}

}  // namespace

Result<ThawedGroup> ThawedGroup::thaw(const std::string& path) {
  ThawedGroup group;
  if (path.empty()) return group;
  const bool second = access((path + "/cgroup.freeze").c_str(), F_OK) == 0;
  const std::string file = path + (second ? "/cgroup.freeze" : "/freezer.state");
  const auto present = core::read_text(file);
  if (!present.ok())
    return Error{"engine", "freeze", path, present.error().err,
                 "name a control group with a freezer by --freeze-cgroup"};
  if (present.value().starts_with(second ? "0" : "THAWED")) return group;
  UniqueFd state(open(file.c_str(), O_WRONLY | O_CLOEXEC));
  const char* word = second ? "0" : "THAWED";
  if (!state || write(state.get(), word, std::strlen(word)) < 0) return Error{"engine", "thaw", path, errno, ""};
  group.state_ = std::move(state);
  group.frozen_ = second ? "1" : "FROZEN";
  UniqueFd events(second ? open((path + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC) : -1);
  for (int tries = 0; tries < kLooks; tries++) {
    if (is_thawed(path, second)) return group;
    wait_a_moment(events.get());
  }
  return Error{"engine", "thaw", path, 0, "a group above it is frozen: thaw that one before the dump"};
}

ThawedGroup::~ThawedGroup() {
  if (state_ && write(state_.get(), frozen_, std::strlen(frozen_)) < 0)
    log::warn("the control group can't be frozen again: errno {}", errno);
}

}  // namespace cr::engine
