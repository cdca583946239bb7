#include "core/image_table.h"

#include <charconv>

namespace cr::core {
namespace {

struct Pattern {
  std::string_view prefix;
  std::string_view suffix;
  int base = 0;  // 0: the name carries no id
};

Pattern split(std::string_view pattern) {
  const auto place = pattern.find('%');
  if (place == std::string_view::npos) return {pattern, {}, 0};
  const auto end = pattern.find_first_of("udx", place);
  return {pattern.substr(0, place), pattern.substr(end + 1), pattern[end] == 'x' ? 16 : 10};
}

}  // namespace

std::string image_name(ImageType type, std::uint64_t id) {
  const Pattern p = split(image_info(type).pattern);
  std::string name(p.prefix);
  if (p.base) {
    char digits[24];
    name.append(digits, std::to_chars(digits, digits + sizeof digits, id, p.base).ptr);
    name += p.suffix;
  }
  return name;
}

std::optional<ImageName> parse_image_name(std::string_view name) {
  for (const ImageInfo& info : kImages) {
    const Pattern p = split(info.pattern);
    if (!p.base) {
      if (name == p.prefix) return ImageName{info.type, 0};
      continue;
    }
    if (!name.starts_with(p.prefix) || !name.ends_with(p.suffix)) continue;
    if (name.size() <= p.prefix.size() + p.suffix.size()) continue;
    const auto digits = name.substr(p.prefix.size(), name.size() - p.prefix.size() - p.suffix.size());
    std::uint64_t id = 0;
    const auto [ptr, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), id, p.base);
    if (ec != std::errc{} || ptr != digits.data() + digits.size()) continue;
    if (image_name(info.type, id) == name) return ImageName{info.type, id};
  }
  return std::nullopt;
}

}  // namespace cr::core
