#include "engine/undertaker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/close_others.h"
#include "base/surviving_child.h"

namespace cr::engine {
namespace {

[[noreturn]] void watch(const TaskTree& tree, int line) {
  outlive_the_engine();
  close_all_but(line, line);
  char word = 0;
  if (read(line, &word, 1) != 1)
    for (const Task& t : tree.tasks)
      if (t.alive()) kill(t.host.value, SIGKILL);
  _exit(0);
}

}  // namespace

Result<Undertaker> Undertaker::hire(const TaskTree& tree) {
  std::size_t living = 0;
  for (const Task& t : tree.tasks) living += t.alive() ? 1 : 0;
  if (living < 2) return Undertaker(-1, UniqueFd());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Error{"engine", "make", "a pipe", errno, ""};
  const UniqueFd listens(ends[0]);
  UniqueFd line(ends[1]);
  const pid_t pid = fork();
  if (pid < 0) return Error{"engine", "fork for", "the end of the restore", errno, ""};
  if (pid == 0) watch(tree, listens.get());
  return Undertaker(pid, std::move(line));
}

Undertaker::Undertaker(Undertaker&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), line_(std::move(other.line_)) {}

Undertaker::~Undertaker() { reap(); }

void Undertaker::send_away() {
  const char word = 1;
  if (pid_ > 0) (void)!write(line_.get(), &word, 1);
  reap();
}

void Undertaker::reap() {
  line_ = {};
  if (pid_ > 0) waitpid(std::exchange(pid_, -1), nullptr, 0);
}

}  // namespace cr::engine
