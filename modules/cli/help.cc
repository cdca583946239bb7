#include "cli/help.h"

#include "base/format.h"
#include "cli/option_table.h"

#ifndef CRENGINE_VERSION
#error "meson passes -DCRENGINE_VERSION"
#endif

namespace cr::cli {
namespace {

constexpr std::string_view kCompatibility = "4.2";

std::string option_line(const Option& o) {
  std::string name = o.letter ? format("  -{}, --{}", o.letter, o.name) : format("      --{}", o.name);
  if (o.arg == Arg::kRequired) name += format(" {}", o.value);
  if (o.arg == Arg::kOptional) name += *o.value ? format("[={}]", o.value) : "";
  return format("{:<33} {}\n", name, o.help);
}

std::string options_text(unsigned commands) {
  std::string text;
  for (int g = 0; g <= static_cast<int>(Group::kSession); g++) {
    std::string group;
    for (const Option& o : option_table())
      if (static_cast<int>(o.group) == g && o.state == State::kBuilt && (o.commands & commands))
        group += option_line(o);
    if (!group.empty()) text += format("\n{}:\n{}", group_title(static_cast<Group>(g)), group);
  }
  return text;
}

std::string refused_text() {
  std::string text = "\nNot implemented yet, refused by name:";
  std::size_t column = text.size();
  auto add = [&](std::string_view word) {
    if (column + word.size() + 1 > 100) {
      text += "\n ";
      column = 1;
    }
    text += format(" {}", word);
    column += word.size() + 1;
  };
  for (const CommandDef& c : kCommands)
    if (!c.built) add(c.name);
  for (const Option& o : option_table())
    if (o.state == State::kLater) add(format("--{}", o.name));
  return text + "\n";
}

}  // namespace

std::string help_text(const CommandDef* command) {
  if (command) return format("crengine {}\n\n{}\n{}", command->synopsis, command->help, options_text(command->bit));
  std::string text =
      "crengine saves a running process tree to a directory and brings it back from there: same pids, memory,\n"
      "descriptors and timers. It reads and writes the images of CRIU 4.2 and takes its command line.\n\n";
  for (const CommandDef& c : kCommands)
    if (c.built) text += format("  crengine {}\n      {}\n", c.synopsis, c.help);
  text +=
      "\nAn example: stop process 1234 and bring it back, as root:\n\n"
      "  mkdir /tmp/images && crengine dump --tree 1234 --images-dir /tmp/images\n"
      "  crengine restore --images-dir /tmp/images --restore-detached\n\n"
      "A process that was started from a shell's terminal needs --shell-job in both.\n"
      "crengine COMMAND --help shows the options of one command; crengine(8) tells more.\n";
  text += options_text(kAny);
  text += "\nMost options that take no value have a --no- form, for use against a configuration file.\n";
  return text + refused_text();
}

std::string version_text() { return format("Version: {}\ncrengine {}\n", kCompatibility, CRENGINE_VERSION); }

}  // namespace cr::cli
