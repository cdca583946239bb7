#include "cli/config.h"

#include <fcntl.h>

#include <cerrno>

#include "base/format.h"
#include "base/unique_fd.h"

namespace cr::cli {
namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view skip_space(std::string_view s) {
  std::size_t n = s.find_first_not_of(kSpace);
  return n == std::string_view::npos ? std::string_view{} : s.substr(n);
}

// A value in double quotes; only \" is an escape there, every other backslash stands for itself.
Result<std::string> take_quoted(std::string_view& s, const std::string& place) {
  std::string value;
  for (std::size_t i = 1; i < s.size(); i++) {
    if (s[i] == '"') {
      s.remove_prefix(i + 1);
      return value;
    }
    if (s[i] == '\\' && i + 1 < s.size() && s[i + 1] == '"') i++;
    value += s[i];
  }
  return Error{"cli", "read", place, 0, "close the double quote"};
}

std::string_view take_word(std::string_view& s, std::string_view stop) {
  std::size_t end = std::min(s.find_first_of(stop), s.size());
  std::string_view word = s.substr(0, end);
  s.remove_prefix(end);
  return word;
}

Result<std::string> read_text(const std::string& path, bool optional) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (optional && (errno == ENOENT || errno == ENOTDIR)) return std::string();
    return Error{"cli", "read", "configuration file " + path, errno, "name a file that exists and can be read"};
  }
  std::string text;
  char buffer[4096];
  while (true) {
    ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0) return Error{"cli", "read", "configuration file " + path, errno, ""};
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

}  // namespace

Result<std::string> read_config_line(std::string_view line, const std::string& place) {
  std::string_view rest = skip_space(line);
  if (rest.starts_with("--")) rest.remove_prefix(2);
  if (rest.empty() || rest[0] == '#') return std::string();
  std::string word = "--" + std::string(take_word(rest, " \t\r=#"));
  if (word.size() == 2 || word[2] == '-')
    return Error{"cli", "read", place, 0, "begin the line with the long name of an option"};

  rest = skip_space(rest);
  if (rest.starts_with('=')) rest = skip_space(rest.substr(1));
  if (rest.empty() || rest[0] == '#') return word;
  std::string value = rest[0] == '"' ? TRY(take_quoted(rest, place)) : std::string(take_word(rest, kSpace));
  rest = skip_space(rest);
  if (!rest.empty() && rest[0] != '#')
    return Error{"cli", "read", place, 0, "give one option per line, and a value with spaces in double quotes"};
  return word + "=" + value;
}

Result<std::vector<Given>> read_config_file(const std::string& path, bool optional) {
  std::string text = TRY(read_text(path, optional));
  std::vector<Given> all;
  std::string_view rest = text;
  for (int number = 1; !rest.empty(); number++) {
    std::string_view line = take_word(rest, "\n");
    if (!rest.empty()) rest.remove_prefix(1);
    std::string place = format("{} line {}", path, number);
    std::string word = TRY(read_config_line(line, place));
    if (word.empty()) continue;
    Words words = TRY(split_words({word}, format(" ({})", place)));
    for (Given& given : words.given) all.push_back(std::move(given));
  }
  return all;
}

}  // namespace cr::cli
