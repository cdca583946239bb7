#include "cgroup/property_lists.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "base/format.h"

namespace cr::cgroup {
namespace {

/// Words and the signs `: - [ ] ,`; words may stand in quotes.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<PropertyLists> run() {
    PropertyLists lists;
    for (skip_blanks(); at_ < text_.size(); skip_blanks()) {
      const std::string controller = TRY(word());
      TRY(sign(':'));
      while (take('-')) TRY(entry(lists[controller]));
    }
    return lists;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) at_++;
  }
  bool take(char c) {
    skip_blanks();
    const bool there = at_ < text_.size() && text_[at_] == c;
    at_ += there;
    return there;
  }
  Error wrong(std::string expected) const {
    return Error{"cgroup", "read", format("--cgroup-props at byte {}", at_), 0, format("there must be {}", expected)};
  }
  Result<> sign(char c) { return take(c) ? Result<>{} : wrong(format("'{}'", c)); }
  Result<std::string> word() {
    if (take('"')) {
      const std::size_t end = text_.find('"', at_);
      if (end == text_.npos) return wrong("a closing quote");
      std::string w(text_.substr(at_, end - at_));
      at_ = end + 1;
      return w;
    }
    const std::size_t end = std::min(text_.find_first_of(" \t\n:-[],\"", at_), text_.size());
    if (end == at_) return wrong("a word");
    std::string w(text_.substr(at_, end - at_));
    at_ = end;
    return w;
  }

  Result<> entry(PropertyList& list) {
    const std::string key = TRY(word());
    TRY(sign(':'));
    if (key == "strategy") {
      const std::string how = TRY(word());
      if (how != "replace" && how != "merge") return wrong("merge or replace");
      list.alone = how == "replace";
      return {};
    }
    if (key != "properties") return wrong("strategy or properties");
    TRY(sign('['));
    while (!take(']')) {
      list.names.push_back(TRY(word()));
      take(',');
    }
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<PropertyLists> parse_property_lists(std::string_view text) { return Parser(text).run(); }

bool is_left_out(const PropertyLists& lists, const std::string& hierarchy, const std::string& property) {
  std::istringstream names(hierarchy);
  for (std::string name; std::getline(names, name, ',');) {
    const auto it = lists.find(name);
    const bool of_it = property.starts_with(name + ".");
    if (it == lists.end() || !it->second.alone || !of_it) continue;
    return std::find(it->second.names.begin(), it->second.names.end(), property) == it->second.names.end();
  }
  return false;
}

}  // namespace cr::cgroup
