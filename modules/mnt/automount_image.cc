// autofs-DEV.img.
#include <algorithm>

#include "base/format.h"
#include "core/image_dir.h"
#include "mnt/autofs.pb.h"
#include "mnt/automount.h"
#include "mnt/mnt.h"

namespace cr::mnt {
namespace {

/// CRIU's numbers.
enum class Mode : std::uint8_t { kDirect, kIndirect, kOffset };

/// CRIU does not tell of directories: those that something is mounted on are needed.
void add_places(const Namespace& ns, const Mount& m, Automount& a) {
  for (const Mount& child : ns.mounts) {
    if (child.parent != m.id || child.id == m.id || !is_below(child.point, m.point)) continue;
    const std::string path = std::string(below(child.point, m.point)).erase(0, 1);
    for (std::size_t end = 0; end != std::string::npos && !path.empty();) {
      end = path.find('/', end + 1);
      const std::string part = path.substr(0, end);
      if (std::none_of(a.directories.begin(), a.directories.end(), [&](const auto& d) { return d.path == part; }))
        a.directories.push_back({part, 0755});
    }
  }
}

}  // namespace

Result<> write_automounts(DumpCtx& ctx, const Namespace& ns) {
  for (const auto& [dev, a] : ns.automounts) {
    pb::autofs_entry e;
    e.set_fd(a.write_number);
    e.set_pgrp(a.group.value);
    e.set_timeout(static_cast<std::int32_t>(a.timeout));
    e.set_minproto(a.minproto);
    e.set_maxproto(a.maxproto);
    e.set_mode(static_cast<int>(Mode::kIndirect));
    e.set_read_fd(a.read_number);
    if (a.own_end) e.set_cr_own_end(true);
    for (const Automount::Directory& d : a.directories) {
      pb::autofs_directory_entry& to = *e.add_cr_directories();
      to.set_path(d.path);
      to.set_mode(d.mode);
    }
    core::ImageWriter image = TRY(ctx.images.create(core::ImageType::kAutofs, dev));
    TRY(image.write(e));
    TRY(image.close());
  }
  return {};
}

Result<> read_automounts(const ReadCtx& ctx, Namespace& ns) {
  for (const Mount& m : ns.mounts) {
    if (m.fs_name != "autofs" || !m.key.empty() || ns.automounts.contains(m.dev)) continue;
    core::ImageReader image = TRY(ctx.images.image(core::ImageType::kAutofs, m.dev));
    pb::autofs_entry e;
    if (!TRY(image.next(e)) || !e.has_read_fd() || e.mode() != static_cast<int>(Mode::kIndirect))
      return Error{"mnt", "use", image.name(), 0, "it tells of no indirect mount with a daemon"};
    Automount& a = ns.automounts[m.dev];
    a.write_number = e.fd();
    a.read_number = e.read_fd();
    a.group = NsPid{e.pgrp()};
    a.timeout = e.timeout();
    a.minproto = e.minproto();
    a.maxproto = e.maxproto();
    a.own_end = e.cr_own_end();
    for (const auto& d : e.cr_directories()) {
      if (d.path().starts_with("/") || format("/{}/", d.path()).find("/../") != std::string::npos)
        return Error{"mnt", "use", image.name(), 0,
                     format("its path {} leads out of it: the image is damaged", d.path())};
      a.directories.push_back({d.path(), d.mode() & 07777});
    }
    add_places(ns, m, a);
  }
  return {};
}

}  // namespace cr::mnt
