#include "cli/words.h"

#include <getopt.h>

#include <list>

#include "base/format.h"

namespace cr::cli {
namespace {

constexpr int kFirstLong = 256;  // above every letter: the number of an option for getopt is 256 + 2 * row + negated

struct Grammar {
  std::string letters = ":";  // a missing value is told from an unknown option
  std::list<std::string> negated_names;
  std::vector<option> longs;
};

Grammar make_grammar() {
  Grammar g;
  int number = kFirstLong;
  for (const Option& o : option_table()) {
    if (o.letter) {
      g.letters += o.letter;
      if (o.arg != Arg::kNone) g.letters += o.arg == Arg::kRequired ? ":" : "::";
    }
    g.longs.push_back({o.name, static_cast<int>(o.arg), nullptr, number});
    if (o.negatable) {
      g.negated_names.push_back(std::string("no-") + o.name);
      g.longs.push_back({g.negated_names.back().c_str(), no_argument, nullptr, number + 1});
    }
    number += 2;
  }
  g.longs.push_back({nullptr, 0, nullptr, 0});
  return g;
}

static_assert(static_cast<int>(Arg::kNone) == no_argument && static_cast<int>(Arg::kRequired) == required_argument &&
              static_cast<int>(Arg::kOptional) == optional_argument);

const Option* find_option(int number) {
  if (number >= kFirstLong) return &option_table()[static_cast<std::size_t>(number - kFirstLong) / 2];
  for (const Option& o : option_table())
    if (o.letter == number) return &o;
  return nullptr;
}

bool is_negated(int number) { return number >= kFirstLong && number % 2 != 0; }

Error bad_option(std::string what, const std::string& origin, std::string remedy) {
  return {"cli", "read", std::move(what) + origin, 0, std::move(remedy)};
}

// getopt says only that it does not know the name; whether it knows too many is found here.
Error unknown_long(const Grammar& g, std::string_view word, const std::string& origin) {
  std::string_view name = word.substr(std::min<std::size_t>(2, word.size()));
  name = name.substr(0, name.find('='));
  std::string candidates;
  for (const option& o : g.longs)
    if (o.name && std::string_view(o.name).starts_with(name)) candidates += format(" --{}", o.name);
  if (!candidates.empty() && !name.empty())
    return bad_option(format("option --{} (ambiguous)", name), origin, "it may be one of" + candidates);
  return bad_option(format("option --{} (unknown)", name), origin, "crengine --help lists the options");
}

Error explain(const Grammar& g, int kind, const char* word, const std::string& origin) {
  if (kind == ':')
    return bad_option(format("option --{} (its value is missing)", find_option(optopt)->name), origin,
                      "crengine --help tells what it takes");
  if (optopt >= kFirstLong)
    return bad_option(
        format("option --{}{} (it takes no value)", is_negated(optopt) ? "no-" : "", find_option(optopt)->name),
        origin, "leave the value out");
  if (optopt != 0)
    return bad_option(format("option -{} (unknown)", static_cast<char>(optopt)), origin,
                      "crengine --help lists the options");
  return unknown_long(g, word, origin);
}

}  // namespace

Result<Words> split_words(const std::vector<std::string>& words, const std::string& origin) {
  Grammar g = make_grammar();
  std::vector<std::string> copies(words);
  std::vector<char*> argv{const_cast<char*>("crengine")};
  for (std::string& w : copies) argv.push_back(w.data());
  int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);

  Words result;
  optind = 0;  // glibc: begin anew
  opterr = 0;  // the sentences are ours
  while (true) {
    int number = getopt_long(argc, argv.data(), g.letters.c_str(), g.longs.data(), nullptr);
    if (number == -1) break;
    if (number == '?' || number == ':') return explain(g, number, argv[optind - 1], origin);
    Given given{.option = find_option(number), .text = {}, .on = !is_negated(number), .origin = origin};
    if (optarg) given.text = optarg;
    result.given.push_back(std::move(given));
  }
  for (int i = optind; i < argc; i++) result.operands.emplace_back(argv[i]);
  return result;
}

}  // namespace cr::cli
