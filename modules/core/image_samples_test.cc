// Reads every record of the sets that CRIU 4.2 wrote, and writes it again: same bytes, no field unknown.
#include <gtest/gtest.h>

#include "core/image_dir.h"
#include "core/image_fixture.h"
#include "core/page_stream.h"
#include "core/pagemap.pb.h"
#include "engine/inventory.pb.h"
#include "engine/stats.pb.h"
#include "files/fdinfo.pb.h"
#include "files/fs.pb.h"
#include "files/ghost_file.pb.h"
#include "files/memfd.pb.h"
#include "files/pipe_data.pb.h"
#include "files/remap_file_path.pb.h"
#include "mm/mm.pb.h"
#include "net/sk_packet.pb.h"
#include "ns/timens.pb.h"
#include "security/seccomp.pb.h"
#include "task/core.pb.h"
#include "task/pstree.pb.h"

namespace cr::core {
namespace {

// Reads one record; false at the end of the file.
template <class M>
bool same_again(ImageReader& r, M& message) {
  const std::uint64_t start = r.offset();
  auto more = r.next(message);
  EXPECT_TRUE(more.ok()) << more.error().sentence();
  if (!more.ok() || !more.value()) return false;
  EXPECT_TRUE(message.unknown_fields().empty()) << r.name();
  std::string file(r.offset() - start - 4, '\0');
  EXPECT_EQ(::pread(r.fd(), file.data(), file.size(), static_cast<off_t>(start + 4)),
            static_cast<ssize_t>(file.size()));
  EXPECT_EQ(message.SerializeAsString(), file) << r.name() << " offset " << start;
  return true;
}

template <class M>
int count(ImageReader& r) {
  int n = 0;
  M message;
  while (same_again(r, message)) ++n;
  return n;
}

template <class M>
int count_with_payload(ImageReader& r, std::uint32_t (M::*length)() const) {
  int n = 0;
  M message;
  while (same_again(r, message)) {
    EXPECT_TRUE(r.skip((message.*length)()).ok());
    ++n;
  }
  return n;
}

int count_pagemap(ImageReader& r) {
  pb::pagemap_head head;
  EXPECT_TRUE(same_again(r, head));
  return count<pb::pagemap_entry>(r);
}

int count_ghost(ImageReader& r) {
  pb::ghost_file_entry e;
  EXPECT_TRUE(same_again(r, e));
  EXPECT_TRUE(r.read_raw(r.remaining()).ok());
  return 1;
}

int count_records(ImageReader& r, ImageType type) {
  switch (type) {
    case ImageType::kInventory:
      return count<pb::inventory_entry>(r);
    case ImageType::kCore:
      return count<pb::core_entry>(r);
    case ImageType::kFdinfo:
      return count<pb::fdinfo_entry>(r);
    case ImageType::kFiles:
      return count<pb::file_entry>(r);
    case ImageType::kFs:
      return count<pb::fs_entry>(r);
    case ImageType::kIds:
      return count<pb::task_kobj_ids_entry>(r);
    case ImageType::kMm:
      return count<pb::mm_entry>(r);
    case ImageType::kPstree:
      return count<pb::pstree_entry>(r);
    case ImageType::kSeccomp:
      return count<pb::seccomp_entry>(r);
    case ImageType::kTimens:
      return count<pb::timens_entry>(r);
    case ImageType::kStatsDump:
      return count<pb::stats_entry>(r);
    case ImageType::kMemfdInode:
      return count<pb::memfd_inode_entry>(r);
    case ImageType::kRemapFpath:
      return count<pb::remap_file_path_entry>(r);
    case ImageType::kPagemap:
    case ImageType::kShmemPagemap:
      return count_pagemap(r);
    case ImageType::kPipesData:
    case ImageType::kFifoData:
      return count_with_payload(r, &pb::pipe_data_entry::bytes);
    case ImageType::kSkQueues:
      return count_with_payload(r, &pb::sk_packet_entry::length);
    case ImageType::kGhostFile:
      return count_ghost(r);
    default:
      ADD_FAILURE() << "no reader for " << r.name();
      return 0;
  }
}

class Samples : public ::testing::TestWithParam<const char*> {};

TEST_P(Samples, EveryRecord) {
  if (sample_sets().empty()) GTEST_SKIP() << "no ../shared/samples next to the source tree, nor in $CRENGINE_SHARED";
  const std::string path = sample_sets() + "/" + GetParam();
  auto dir = ImageReaderDir::open(path);
  ASSERT_TRUE(dir.ok()) << dir.error().sentence();
  EXPECT_FALSE(dir.value().has_manifest());
  int images = 0;
  for (const auto& e : std::filesystem::directory_iterator(path)) {
    const auto name = parse_image_name(e.path().filename().string());
    ASSERT_TRUE(name) << e.path();
    if (name->type == ImageType::kPages) continue;
    auto r = dir.value().image(name->type, name->id);
    ASSERT_TRUE(r.ok()) << r.error().sentence();
    count_records(r.value(), name->type);
    EXPECT_EQ(r.value().remaining(), 0u) << e.path();
    ++images;
  }
  EXPECT_GE(images, 12);
}

TEST_P(Samples, PagemapsFitTheirPages) {
  if (sample_sets().empty()) GTEST_SKIP() << "no ../shared/samples next to the source tree, nor in $CRENGINE_SHARED";
  auto dir = ImageReaderDir::open(sample_sets() + "/" + GetParam()).take();
  std::set<std::uint64_t> pages;
  for (ImageType type : {ImageType::kPagemap, ImageType::kShmemPagemap}) {
    const auto ids = dir.ids(type);
    ASSERT_TRUE(ids.ok());
    for (std::uint64_t id : ids.value()) {
      auto map = PagemapReader::open(dir, type, id);
      ASSERT_TRUE(map.ok()) << map.error().sentence();
      EXPECT_FALSE(map.value().runs().empty());
      pages.insert(map.value().pages_id());
    }
  }
  const auto all = dir.ids(ImageType::kPages).value();
  EXPECT_EQ(pages, std::set<std::uint64_t>(all.begin(), all.end()));
}

INSTANTIATE_TEST_SUITE_P(Criu42, Samples, ::testing::Values("loop", "tree"));

}  // namespace
}  // namespace cr::core
