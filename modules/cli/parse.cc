#include "cli/parse.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/format.h"
#include "cli/config.h"
#include "cli/words.h"

namespace cr::cli {
namespace {

Result<const CommandDef*> find_command(const std::string& name) {
  std::string known;
  for (const CommandDef& c : kCommands) {
    if (c.name == name) {
      if (c.built) return &c;
      return Error{"cli", "run", format("command {} (not implemented yet)", name), 0, std::string(c.help)};
    }
    if (c.built) known += (known.empty() ? "" : ", ") + std::string(c.name);
  }
  return Error{"cli", "run", format("command {} (unknown)", name), 0, "the commands are " + known};
}

Result<> apply(Invocation& inv, const Given& given, bool from_command_line) {
  const Option& o = *given.option;
  bool concerned = !inv.command || (o.commands & inv.command->bit);
  if (!concerned && !from_command_line) return {};  // a file serves several commands
  if (o.state == State::kLater) {
    if (!given.on) return {};  // "not that" is what happens
    return Error{"cli", "take", format("option --{}{} (not implemented yet)", o.name, given.origin), 0, o.why};
  }
  if (!concerned) {
    inv.notes.push_back(format("Option --{} has no effect on {}", o.name, inv.command->name));
    return {};
  }
  if (o.state == State::kNoEffect && given.on)
    inv.notes.push_back(format("Option --{} is accepted without effect: {}", o.name, o.why));
  if (!o.set) return {};
  Result<> set = o.set(inv, o, given.text ? given.text->c_str() : nullptr, given.on);
  if (set.ok()) return {};
  Error e = set.take_error();
  e.object += given.origin;
  return e;
}

/// The one command with a word of its own: swrk FD.
Result<> take_socket(Options& o, std::vector<std::string>& operands) {
  if (operands.size() == 2) {
    const std::string& text = operands[1];
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), o.socket_fd);
    if (error != std::errc{} || end != text.data() + text.size() || fcntl(o.socket_fd, F_GETFD) < 0)
      return Error{"cli", "use", format("descriptor {} of swrk", text), EBADF,
                   "open it in the caller, without close-on-exec"};
    operands.pop_back();
    return {};
  }
  return Error{"cli", "run", "command swrk without a descriptor", 0, "the program that starts it gives it one"};
}

bool takes_part_in_reading(const Option& o) {
  std::string_view name = o.name;
  return name == "config" || name == "no-default-config" || name == "help" || name == "version";
}

Result<> apply_file(Invocation& inv, const std::string& path, bool optional) {
  for (const Given& given : TRY(read_config_file(path, optional))) {
    if (takes_part_in_reading(*given.option))
      return Error{"cli", "take", format("option --{}{}", given.option->name, given.origin), 0,
                   "give it on the command line"};
    TRY(apply(inv, given, false));
  }
  return {};
}

std::string absolute(const std::string& base, const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  if (path == ".") return base;
  return base + (base.ends_with('/') ? "" : "/") + path;
}

Result<> check_fits(const Options& o) {
  if (o.command == Command::kDump && o.pid.value == 0)
    return Error{"cli", "run", "command dump without a process", 0, "name the root of the tree with --tree PID"};
  if (o.restore_sibling && !o.restore_detached)
    return Error{"cli", "take", "option --restore-sibling alone", 0,
                 "add --restore-detached: nobody but its parent can wait for the tree"};
  if (o.status_fd >= 0 && fcntl(o.status_fd, F_GETFD) < 0)
    return Error{"cli", "use", format("descriptor {} of option --status-fd", o.status_fd), errno,
                 "open it in the caller, without close-on-exec"};
  return {};
}

void make_absolute(Options& o, const std::string& cwd) {
  o.images_dir = absolute(cwd, o.images_dir.empty() ? "." : o.images_dir);
  o.work_dir = o.work_dir.empty() ? o.images_dir : absolute(cwd, o.work_dir);
  o.root = absolute(cwd, o.root);
  o.address = absolute(o.work_dir, o.address);
  if (o.log_file != "-") o.log_file = absolute(o.work_dir, o.log_file);
  o.pidfile = absolute(o.work_dir, o.pidfile);
  for (std::string& script : o.action_scripts) {
    std::string path = absolute(cwd, script);
    if (access(path.c_str(), F_OK) == 0) script = path;  // anything else is a shell command and stays as it is
  }
}

}  // namespace

Surroundings real_surroundings() {
  Surroundings s;
  char buffer[PATH_MAX];
  s.cwd = getcwd(buffer, sizeof buffer) ? buffer : ".";
  if (const char* home = getenv("HOME")) s.home = home;
  if (const char* config = getenv("CRIU_CONFIG_FILE")) s.env_config = config;
  return s;
}

Result<Invocation> parse(const std::vector<std::string>& words, const Surroundings& around) {
  Words split = TRY(split_words(words, ""));
  Invocation inv;
  for (const Given& given : split.given)  // these decide what else is read
    if (takes_part_in_reading(*given.option)) TRY(apply(inv, given, true));
  if (!split.operands.empty()) {
    inv.command = TRY(find_command(split.operands[0]));
    inv.options.command = inv.command->command;
  }
  if (inv.help || inv.version) return inv;
  if (!inv.command)
    return Error{"cli", "run", "without a command", 0, "begin with crengine --help, dump, restore or check"};
  if (inv.options.command == Command::kSwrk) TRY(take_socket(inv.options, split.operands));
  if (split.operands.size() > 1)
    return Error{"cli", "read", format("the word \"{}\" after {}", split.operands[1], inv.command->name), 0,
                 "every value belongs to an option"};

  if (!inv.no_default_config) {
    TRY(apply_file(inv, around.system_config, true));
    if (!around.home.empty()) TRY(apply_file(inv, around.home + "/.criu/default.conf", true));
  }
  if (!around.env_config.empty()) TRY(apply_file(inv, around.env_config, false));
  if (!inv.config_file.empty()) TRY(apply_file(inv, inv.config_file, false));
  for (const Given& given : split.given)
    if (!takes_part_in_reading(*given.option)) TRY(apply(inv, given, true));
  if (!around.overriding_config.empty()) TRY(apply_file(inv, around.overriding_config, true));

  make_absolute(inv.options, around.cwd);
  TRY(check_fits(inv.options));
  return inv;
}

}  // namespace cr::cli
