// The images stats-dump and stats-restore.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/unique_fd.h"
#include "core/image_codec.h"
#include "engine/stats.h"
#include "engine/stats.pb.h"

namespace cr::engine {
namespace {

// The work directory may be used again and again, so an older file of that name gives way.
Result<> write_image(const std::string& work_dir, core::ImageType type, const pb::stats_entry& entry) {
  UniqueFd dir(::open(work_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return Error{"stats", "open work directory", work_dir, errno, "name another one with --work-dir"};
  std::string name = core::image_name(type, 0);
  if (unlinkat(dir.get(), name.c_str(), 0) < 0 && errno != ENOENT)
    return Error{"stats", "replace", work_dir + "/" + name, errno, "name another work directory with --work-dir"};
  core::ImageWriter writer = TRY(core::ImageWriter::create(dir.get(), type));
  TRY(writer.write(entry));
  return writer.close();
}

}  // namespace

Result<> write_stats(const std::string& work_dir, const DumpStats& s) {
  pb::stats_entry entry;
  pb::dump_stats_entry& d = *entry.mutable_dump();
  d.set_freezing_time(s.freezing_us);
  d.set_frozen_time(s.frozen_us);
  d.set_memdump_time(s.memdump_us);
  d.set_memwrite_time(s.memwrite_us);
  d.set_pages_scanned(s.pages_scanned);
  d.set_pages_skipped_parent(s.pages_skipped_parent);
  d.set_pages_written(s.pages_written);
  d.set_irmap_resolve(0);  // time spent on a cache that we don't have
  d.set_pages_lazy(s.pages_lazy);
  d.set_page_pipes(s.page_pipes);
  d.set_page_pipe_bufs(s.page_pipe_bufs);
  d.set_shpages_scanned(s.shpages_scanned);
  d.set_shpages_skipped_parent(s.shpages_skipped_parent);
  d.set_shpages_written(s.shpages_written);
  return write_image(work_dir, core::ImageType::kStatsDump, entry);
}

Result<> write_stats(const std::string& work_dir, const RestoreStats& s) {
  pb::stats_entry entry;
  pb::restore_stats_entry& r = *entry.mutable_restore();
  r.set_pages_compared(s.pages_compared);
  r.set_pages_skipped_cow(s.pages_skipped_cow);
  r.set_forking_time(s.forking_us);
  r.set_restore_time(s.restore_us);
  r.set_pages_restored(s.pages_restored);
  return write_image(work_dir, core::ImageType::kStatsRestore, entry);
}

}  // namespace cr::engine
