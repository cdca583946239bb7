// The dump side of io_uring.h.
#include "files/io_uring.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"

namespace cr::files {
namespace {

std::string bytes_of(std::span<const std::uint8_t> part) { return {part.begin(), part.end()}; }

/// As seq_file_path() of the kernel spells a path.
std::string escaped(std::string_view path) {
  std::string out;
  for (char c : path)
    if (c == ' ' || c == '\t' || c == '\n' || c == '\\')
      out += format("\\{:03o}", static_cast<unsigned char>(c));
    else
      out += c;
  return out;
}

/// How many more requests the kernel has taken than it has put down results.
std::uint32_t missing_results(const RingInfo& info, const RingView& ring) {
  const std::uint32_t dropped = ring.load(ring.params().sq_off.dropped),
                      lost = ring.load(ring.params().cq_off.overflow);
  return info.submitted - dropped - info.completed - lost;
}

std::string reason_of_counters(std::uint32_t missing) {
  if (missing == 0) return {};
  if (missing < 1u << 31)
    return format(
        "{} of its requests have no result yet, and the kernel does not show whether they are in flight; dump "
        "it when they are done",
        missing);
  return "it has had more results than requests, so that the kernel does not show whether requests are in flight";
}

/// The descriptions of the tables that hold ring `id` whose links are `path`, spelt as fdinfo does.
Result<std::vector<FileId>> find_open(const Model& model, FileId id, std::string_view path) {
  std::set<FileId> found;
  for (const Table* table : tables_with(model, id))
    for (const auto& [number, slot] : table->slots) {
      const Description& d = model.descriptions.at(slot.id);
      if (d.fd < 0) continue;
      if (escaped(TRY(core::read_proc_link(d.pid, format("fd/{}", d.fd)))) == path) found.insert(slot.id);
    }
  return std::vector<FileId>(found.begin(), found.end());
}

Result<FileId> only_one(const Model& model, FileId id, std::string_view path, const std::string& what) {
  const std::vector<FileId> found = TRY(find_open(model, id, path));
  if (found.size() == 1) return found[0];
  return fail("dump", model.descriptions.at(id).object, 0,
              format("{} is registered with it, and {}; let the program unregister it before the dump", what,
                     found.empty() ? "no descriptor of it is open" : "it may be any of several that are open"));
}

Result<> settle_one(const Model& model, FileId id, IoUring& ring) {
  ring.files.assign(ring.file_places, 0);
  for (const auto& [place, path] : ring.paths)
    if (place < ring.file_places) ring.files[place] = TRY(only_one(model, id, path, path));
  if (ring.wants_eventfd) ring.eventfd = TRY(only_one(model, id, "anon_inode:[eventfd]", "an eventfd"));
  const bool has_memory =
      std::any_of(ring.buffers.begin(), ring.buffers.end(), [](auto& b) { return b.length != 0; });
  if (has_memory && tables_with(model, id).size() != 1)
    return fail(
        "dump", model.descriptions.at(id).object, 0,
        "it has memory registered, and several processes have it; the kernel does not show whose memory it is");
  return {};
}

}  // namespace

bool matches_io_uring(const FileProbe& p) { return p.link == "anon_inode:[io_uring]" && p.target_fd.value >= 0; }

Result<> collect_io_uring(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  const std::string object = probe.name();
  auto refuse = [&](const std::string& why) { return fail("dump", object, 0, why); };
  auto parsed = parse_fdinfo_io_uring(probe.fdinfo);
  if (!parsed.ok()) return fail(parsed.error().step, object, 0, parsed.error().remedy);
  const RingInfo info = parsed.take();
  if (std::string why = reason_against(info); !why.empty()) return refuse(why);
  if (std::string why = reason_against_ring(probe.fd); !why.empty()) return refuse(why);
  IoUring ring;
  ring.params = TRY(find_params(probe.fd, info, object));
  const RingView view = TRY(RingView::map(probe.fd, ring.params, object));
  if (std::string why = reason_of_counters(missing_results(info, view)); !why.empty()) return refuse(why);
  ring.submitted = info.submitted;
  ring.completed = info.completed;
  ring.rings = bytes_of(view.rings());
  ring.sqes = bytes_of(view.sqes());
  ring.buffers = info.buffers;
  ring.inode = probe.st.st_ino;
  ring.paths = info.files;
  ring.file_places = info.file_places;
  ring.wants_eventfd = has_eventfd(probe.fd);
  ctx.models.edit<IoUringModel>().all[id] = std::move(ring);
  return {};
}

Result<> settle_io_uring(DumpCtx& ctx) {
  for (auto& [id, ring] : ctx.models.edit<IoUringModel>().all) TRY(settle_one(ctx.models.get<Model>(), id, ring));
  return {};
}

FileId ring_with_inode(const Models& models, std::uint64_t inode) {
  for (const auto& [id, ring] : models.get<IoUringModel>().all)
    if (ring.inode == inode) return id;
  return 0;
}

}  // namespace cr::files
