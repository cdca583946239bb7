// crengine: reads the command line, opens the log, calls the engine, says how it ended.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "engine/engine.h"

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

Result<> prepare(const Invocation& inv) {
  const Options& o = inv.options;
  for (int fd : inv.close_fds)
    if (close(fd) < 0)
      return Error{"cli", "close", format("descriptor {} of option --close", fd), errno, "leave the option out"};
  if (o.command != Command::kCheck) {
    TRY(check_dir(o.images_dir, "images", "--images-dir"));
    TRY(check_dir(o.work_dir, "work", "--work-dir"));
  }
  TRY(open_log(o));
  for (const std::string& note : inv.notes) log::warn("{}", note);
  return {};
}

Result<int> run(const Options& o) {
  switch (o.command) {
    case Command::kDump:
      TRY(engine::dump(o));
      return 0;
    case Command::kRestore:
      return engine::restore(o);
    case Command::kCheck:
      TRY(engine::check(o));
      return 0;
  }
  return 1;
}

int give_up(const Error& e, bool log_is_stderr) {
  std::string sentence = e.sentence();
  if (!log_is_stderr) log::error("{}", sentence);
  fprintf(stderr, "%s\n", sentence.c_str());
  return EXIT_FAILURE;
}

int main_(const std::vector<std::string>& words) {
  Result<Invocation> parsed = parse(words, real_surroundings());
  if (!parsed.ok()) return give_up(parsed.error(), true);
  const Invocation& inv = parsed.value();
  if (inv.help || inv.version) {
    fputs(inv.help ? help_text(inv.command).c_str() : version_text().c_str(), stdout);
    return EXIT_SUCCESS;
  }
  Result<> prepared = prepare(inv);
  if (!prepared.ok()) return give_up(prepared.error(), true);
  if (log::enabled(log::Level::kInfo)) {
    std::string line = "Called as: crengine";
    for (const std::string& w : words) line += " " + w;
    log::info("{}", line);
  }
  Result<int> status = run(inv.options);
  if (!status.ok()) return give_up(status.error(), inv.options.log_file.empty());
  return status.value();
}

}  // namespace
}  // namespace cr::cli

int main(int argc, char** argv) { return cr::cli::main_({argv + std::min(argc, 1), argv + argc}); }
