#include "cli/start.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/format.h"
#include "base/log.h"
#include "engine/scripts.h"

namespace cr::cli {
namespace {

Result<> check_dir(const std::string& path, const char* what, const char* option) {
  struct stat st;
  int err = stat(path.c_str(), &st) < 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
  if (err == 0) return {};
  return Error{"cli", "use", format("{} directory {}", what, path), err,
               format("make it or name another one with {}", option)};
}

Result<> open_log(const Options& o) {
  if (o.log_file == "-")
    TRY(log::open_fd(UniqueFd(dup(STDOUT_FILENO)), o.verbosity));
  else
    TRY(log::open(o.log_file, o.verbosity));
  log::show_pid(o.log_pid);
  return {};
}

/// What a caller may have left out or set, and later code relies on.
void settle_in() {
  for (int s : engine::kIgnoredSignals) signal(s, SIG_IGN);
  // A tree needs descriptors for each of its tasks and connections.
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  // Else an image would be descriptor 2, and get the messages.
  int fd = 0;
  while (fd >= 0 && fd <= STDERR_FILENO) fd = open("/dev/null", O_RDWR);
  if (fd > STDERR_FILENO) close(fd);
}

}  // namespace

Result<> prepare(const Invocation& inv) {
  const Options& o = inv.options;
  settle_in();
  for (int fd : inv.close_fds)
    if (close(fd) < 0)
      return Error{"cli", "close", format("descriptor {} of option --close", fd), errno, "leave the option out"};
  if (o.command == Command::kDump || o.command == Command::kRestore) {
    TRY(check_dir(o.images_dir, "images", "--images-dir"));
    TRY(check_dir(o.work_dir, "work", "--work-dir"));
  }
  TRY(open_log(o));
  for (const std::string& note : inv.notes) log::warn("{}", note);
  return {};
}

}  // namespace cr::cli
