// Keyrings through the images and back.
#include <gtest/gtest.h>

#include "core/image_fixture.h"
#include "security/keys.h"
#include "task/core.pb.h"

namespace cr::security {
namespace {

struct Fixture {
  Options opt{};
  core::ImageReaderDir reader{};
  DumpCtx dump{.opt = opt, .images = {}};
  TaskTree tree{};
  Models models{};
  ReadCtx read{opt, reader, tree, models};
  Task task{};

  Fixture() {
    task.pid = NsPid{17};
    task.threads = {{NsPid{17}, {}}};
  }
  Result<> there_and_back(const Keyrings& rings) {
    dump.models.edit<KeysModel>().of[task.pid] = rings;
    pb::core_entry core, again;
    TRY(kKeys.write_core(dump, task, 0, core));
    again.ParsePartialFromString(core.SerializePartialAsString());
    return kKeys.read_core(read, task, 0, again);
  }
};

TEST(SecurityKeys, Images) {
  Fixture f;
  Keyrings rings;
  rings.keys = {{kKeyring, "_ses", 1, 2, 0x3f030000, "", {1, 2}, false},
                {"user", "one", 3, 4, 0x3f010000, std::string("a\0b", 3), {}, false},
                {kKeyring, "_uid.1", 1, 0, 0, "", {}, true}};
  rings.session = 0;
  ASSERT_TRUE(f.there_and_back(rings).ok());
  const Keyrings& got = f.models.get<KeysModel>().of.at(f.task.pid);
  ASSERT_EQ(got.keys.size(), 3u);
  EXPECT_EQ(got.keys[0].links, rings.keys[0].links);
  EXPECT_EQ(got.keys[1].payload, rings.keys[1].payload);
  EXPECT_EQ(got.keys[1].gid, 4u);
  EXPECT_TRUE(got.keys[2].of_user);
  EXPECT_EQ(got.session, 0u);
  EXPECT_FALSE(got.process || got.thread);
}

TEST(SecurityKeys, DamagedImages) {
  const Key ring{kKeyring, "_ses", 0, 0, 0, "", {}, false}, key{"user", "one", 0, 0, 0, "", {}, false};
  auto with = [](Key k, std::vector<std::uint32_t> links) {
    k.links = std::move(links);
    return k;
  };
  for (const auto& keys :
       {std::vector<Key>{}, {key}, {with(ring, {1})}, {with(ring, {0})}, {with(ring, {1}), with(ring, {0})}}) {
    Fixture f;
    EXPECT_FALSE(f.there_and_back({.keys = keys, .session = 0}).ok());
  }
}

}  // namespace
}  // namespace cr::security
