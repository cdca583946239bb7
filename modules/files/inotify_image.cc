#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "base/little_endian.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/inotify.h"

namespace cr::files {
namespace {

constexpr std::size_t kHandleWords = pb::fh_entry_sizes_min_entries;

}  // namespace

void put_handle(const InotifyWatchInfo& w, const std::string& path, pb::fh_entry& e) {
  e.set_bytes(static_cast<std::uint32_t>(w.handle.size()));
  e.set_type(w.handle_type);
  std::uint64_t words[kHandleWords] = {};
  std::memcpy(words, w.handle.data(), std::min(w.handle.size(), sizeof words));
  for (std::uint64_t word : words) e.add_handle(little_endian(word));
  if (!path.empty()) e.set_path(path);
}

Result<> get_handle(const pb::fh_entry& fh, InotifyWatchInfo& w, const std::string& object) {
  w.handle_type = fh.type();
  if (fh.bytes() > static_cast<std::size_t>(fh.handle_size()) * sizeof(std::uint64_t))
    return fail("use", object, 0, "a file handle is cut short: the image is damaged");
  std::vector<std::uint64_t> words(fh.handle().begin(), fh.handle().end());
  for (std::uint64_t& word : words) word = little_endian(word);
  w.handle.resize(fh.bytes());
  if (fh.bytes() != 0) std::memcpy(w.handle.data(), words.data(), fh.bytes());
  return {};
}

Result<> write_inotify(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  pb::inotify_file_entry& e = *entry.mutable_ify();
  e.set_id(id);
  e.set_flags(d.flags);
  put_owner(d.owner, *e.mutable_fown());
  for (const InotifyWatch& w : ctx.models.get<InotifyModel>().all.at(id)) {
    pb::inotify_wd_entry& wd = *e.add_wd();
    wd.set_id(0);
    wd.set_i_ino(w.info.ino);
    wd.set_mask(w.info.mask);
    wd.set_ignored_mask(w.info.ignored_mask);
    wd.set_s_dev(w.info.dev);
    wd.set_wd(static_cast<std::uint32_t>(w.info.wd));
    put_handle(w.info, w.path, *wd.mutable_f_handle());
  }
  return {};
}

Result<> read_inotify(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::inotify_file_entry& e = entry.ify();
  TRY(add_description(ctx, e.id(), kInotifyKind, e.flags(), 0, get_owner(e.fown())));
  std::vector<InotifyWatch>& watches = ctx.models.edit<InotifyModel>().all[e.id()];
  for (const pb::inotify_wd_entry& wd : e.wd()) {
    const pb::fh_entry& fh = wd.f_handle();
    InotifyWatch w;
    w.info.wd = static_cast<int>(wd.wd());
    w.info.ino = wd.i_ino();
    w.info.dev = wd.s_dev();
    w.info.mask = wd.mask();
    w.info.ignored_mask = wd.ignored_mask();
    TRY(get_handle(fh, w.info, format("inotify {} of files.img", e.id())));
    w.path = fh.path();
    watches.push_back(std::move(w));
  }
  // Numbers are handed out in ascending order where the kernel can't be told which.
  std::sort(watches.begin(), watches.end(), [](auto& a, auto& b) { return a.info.wd < b.info.wd; });
  return {};
}

}  // namespace cr::files
