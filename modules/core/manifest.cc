#include "core/manifest.h"

#include <charconv>
#include <optional>
#include <set>

#include "base/format.h"
#include "core/crc32c.h"
#include "core/image_table.h"

namespace cr::core {
namespace {

Error bad(std::string why) { return Error{"image", "read", kManifestName, 0, std::move(why)}; }

// Takes what stands before `end` off the front of `rest`; nothing when there is no `end`.
std::optional<std::string_view> take_until(std::string_view& rest, char end) {
  const auto at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const auto piece = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return piece;
}

template <class T>
bool number(std::string_view text, int base, T& out) {
  const auto [ptr, ec] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return !text.empty() && ec == std::errc{} && ptr == text.data() + text.size();
}

// "NAME LENGTH CRC"
std::optional<ManifestEntry> parse_entry(std::string_view line) {
  ManifestEntry e;
  const auto name = take_until(line, ' ');
  const auto length = take_until(line, ' ');
  if (!name || !length || !number(*length, 10, e.length) || !number(line, 16, e.crc)) return std::nullopt;
  if (!parse_image_name(*name)) return std::nullopt;
  e.name = *name;
  return e;
}

}  // namespace

std::string Manifest::to_text() const {
  std::string text = format("crengine-manifest {}\nfeatures {:x}\n", kManifestVersion, features);
  for (const ManifestEntry& e : images) text += format("image {} {} {:08x}\n", e.name, e.length, e.crc);
  return text + format("end {:08x}\n", crc32c(0, text.data(), text.size()));
}

Result<Manifest> parse_manifest(std::string_view text, std::uint64_t known_features) {
  Manifest m;
  std::set<std::string_view> names;
  std::string_view rest = text;
  unsigned version = 0;
  const auto first = take_until(rest, '\n');
  if (!first || !first->starts_with("crengine-manifest ") || !number(first->substr(18), 10, version))
    return bad("its first line is no manifest's");
  if (version != kManifestVersion)
    return bad(format("it has version {}; a newer crengine is needed to read this set", version));
  const auto second = take_until(rest, '\n');
  if (!second || !second->starts_with("features ") || !number(second->substr(9), 16, m.features))
    return bad("its second line must tell the features");
  while (true) {
    const std::string_view before = text.substr(0, text.size() - rest.size());
    const auto line = take_until(rest, '\n');
    if (!line) return bad("it is cut short");
    if (line->starts_with("end ")) {
      std::uint32_t crc = 0;
      if (!number(line->substr(4), 16, crc) || crc != crc32c(0, before.data(), before.size()))
        return bad("its own checksum differs: it is damaged");
      break;
    }
    auto entry = line->starts_with("image ") ? parse_entry(line->substr(6)) : std::nullopt;
    if (!entry) return bad(format("line \"{}\" makes no sense", line->substr(0, 80)));
    if (!names.insert(line->substr(6, entry->name.size())).second) return bad(entry->name + " is listed twice");
    m.images.push_back(std::move(*entry));
  }
  if (!rest.empty()) return bad("text follows its end");
  if (const std::uint64_t unknown = m.features & ~known_features)
    return bad(format("the set needs features {:#x} that this crengine doesn't know; use a newer one", unknown));
  return m;
}

}  // namespace cr::core
