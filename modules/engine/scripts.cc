#include "engine/scripts.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "base/defer.h"
#include "base/format.h"
#include "base/log.h"

extern char** environ;

namespace cr::engine {
namespace {

constexpr std::array<std::string_view, 10> kNames{
    "pre-dump",    "post-dump",    "pre-restore",    "post-restore",     "pre-resume",
    "post-resume", "network-lock", "network-unlock", "setup-namespaces", "post-setup-namespaces",
};
static_assert(kNames.size() == static_cast<std::size_t>(ScriptPoint::kPostSetupNamespaces) + 1);

// Ours take the place of those that may have come from an engine that runs this one.
std::vector<std::string> make_environment(const Options& o, std::string_view point, HostPid init) {
  std::vector<std::string> all;
  for (char** e = environ; e && *e; e++) {
    std::string_view s = *e;
    if (!s.starts_with("CRTOOLS_SCRIPT_ACTION=") && !s.starts_with("CRTOOLS_IMAGE_DIR=") &&
        !s.starts_with("CRTOOLS_INIT_PID="))
      all.emplace_back(s);
  }
  all.push_back(format("CRTOOLS_SCRIPT_ACTION={}", point));
  all.push_back("CRTOOLS_IMAGE_DIR=" + o.images_dir);
  if (init.value > 0) all.push_back(format("CRTOOLS_INIT_PID={}", init));
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> p;
  for (std::string& s : strings) p.push_back(s.data());
  p.push_back(nullptr);
  return p;
}

// Blocked and ignored signals survive exec; a script must not inherit what the engine blocks or ignores.
int spawn(pid_t* pid, std::vector<std::string>& words, std::vector<std::string>& environment) {
  posix_spawnattr_t attr;
  if (int err = posix_spawnattr_init(&attr)) return err;
  Defer destroy([&] { posix_spawnattr_destroy(&attr); });
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attr, &none);
  sigset_t ignored = none;
  for (int s : kIgnoredSignals) sigaddset(&ignored, s);
  posix_spawnattr_setsigdefault(&attr, &ignored);
  posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv = pointers(words);
  std::vector<char*> envp = pointers(environment);
  return posix_spawn(pid, argv[0], nullptr, &attr, argv.data(), envp.data());
}

Result<> wait_for(pid_t pid, const std::string& what) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return Error{"scripts", "wait for", what, errno, ""};
  if (WIFSIGNALED(status))
    return Error{"scripts", "go on after", format("{}, which was killed by signal {}", what, WTERMSIG(status)), 0,
                 "look at what it printed, or leave --action-script out"};
  if (WEXITSTATUS(status) != 0)
    return Error{"scripts", "go on after", format("{}, which exited with {}", what, WEXITSTATUS(status)), 0,
                 "look at what it printed, or leave --action-script out"};
  return {};
}

}  // namespace

std::string_view script_point_name(ScriptPoint p) { return kNames[static_cast<std::size_t>(p)]; }

Result<> run_scripts(const Options& o, ScriptPoint point, HostPid init) {
  std::string_view name = script_point_name(point);
  if (o.notify) TRY(o.notify(name, init, -1));
  if (o.action_scripts.empty()) return {};
  std::vector<std::string> environment = make_environment(o, name, init);
  for (const std::string& script : o.action_scripts) {
    log::info("Running {} at {}", script, name);
    std::vector<std::string> words{script};
    if (access(script.c_str(), F_OK) != 0) words = {"/bin/sh", "-c", script};
    pid_t pid = 0;
    std::string what = format("the action script {} at {}", script, name);
    if (int err = spawn(&pid, words, environment))
      return Error{"scripts", "start", what, err, "make the file executable, with an interpreter in its first line"};
    TRY(wait_for(pid, what));
  }
  return {};
}

}  // namespace cr::engine
