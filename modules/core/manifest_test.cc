#include "core/manifest.h"

#include <gtest/gtest.h>

#include "base/format.h"
#include "core/crc32c.h"

namespace cr::core {
namespace {

Manifest sample() {
  return {
      .features = 0,
      .images = {{"core-1.img", 100, 0x01020304}, {"inventory.img", 86, 0}, {"pages-1.img", 1ull << 40, 0xffffffff}}};
}

std::string sealed(const std::string& body) {
  return body + format("end {:08x}\n", crc32c(0, body.data(), body.size()));
}

std::string error_of(const std::string& text) {
  auto m = parse_manifest(text);
  return m.ok() ? "" : m.error().sentence();
}

TEST(Manifest, RoundTrip) {
  const auto back = parse_manifest(sample().to_text());
  ASSERT_TRUE(back.ok()) << back.error().sentence();
  ASSERT_EQ(back.value().images.size(), 3u);
  EXPECT_EQ(back.value().images[2].name, "pages-1.img");
  EXPECT_EQ(back.value().images[2].length, 1ull << 40);
  EXPECT_EQ(back.value().images[0].crc, 0x01020304u);
}

TEST(Manifest, Features) {
  Manifest m = sample();
  m.features = 5;
  EXPECT_TRUE(parse_manifest(m.to_text(), 7).ok());
  const auto refused = parse_manifest(m.to_text(), 1);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().sentence().find("0x4"), std::string::npos);
}

TEST(Manifest, Refusals) {
  const auto has = [](const std::string& text, const char* part) {
    EXPECT_NE(error_of(text).find(part), std::string::npos) << text << " -> " << error_of(text);
  };
  const std::string head = "crengine-manifest 1\nfeatures 0\n";
  EXPECT_EQ(error_of(sealed(head)), "");
  has("", "first line");
  has(sealed("crengine-manifest 2\nfeatures 0\n"), "version 2");
  has(sealed("crengine-manifest 1\nimage core-1.img 1 1\n"), "second line");
  has(sealed(head + "image ../../etc/passwd 1 1\n"), "makes no sense");
  has(sealed(head + "image core-1.img -1 1\n"), "makes no sense");
  has(sealed(head + "image core-1.img 1\n"), "makes no sense");
  has(sealed(head + "image core-1.img 99999999999999999999 1\n"), "makes no sense");
  has(sealed(head + "image core-1.img 1 1ffffffff\n"), "makes no sense");
  has(sealed(head + "image core-1.img 1 1\nimage core-1.img 1 1\n"), "twice");
  has(sealed(head) + "x", "follows");
  has(head, "cut short");
}

TEST(Manifest, EveryTruncationAndEveryFlipIsNoticed) {
  const std::string good = sample().to_text();
  for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(parse_manifest(good.substr(0, n)).ok()) << n;
  for (std::size_t i = 0; i < good.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      auto m = parse_manifest(bad);
      // An upper-case digit in the sum itself says the same.
      if (m.ok()) {
        EXPECT_EQ(m.value().to_text(), good);
      }
    }
}

}  // namespace
}  // namespace cr::core
