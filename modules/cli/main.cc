// crengine: reads the command line, opens the log, calls the engine, says how it ended.
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "cli/start.h"
#include "engine/engine.h"
#include "service/service.h"

namespace cr::cli {
namespace {

Result<int> run(const Options& o) {
  switch (o.command) {
    case Command::kDump:
      TRY(engine::dump(o));
      return 0;
    case Command::kRestore:
      return TRY(engine::restore(o)).status;
    case Command::kCheck:
      TRY(engine::check(o));
      return 0;
    case Command::kService:
      TRY(service::serve(o));
      return 0;
    case Command::kSwrk:
      TRY(service::serve_connection(o.socket_fd));
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
