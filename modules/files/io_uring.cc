// The dump side of io_uring.h.
#include "files/io_uring.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"
#include "files/parasite.h"
#include "infect/parasite_session.h"

namespace cr::files {
namespace {

std::string copied(std::span<const std::uint8_t> part) { return {part.begin(), part.end()}; }

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
  if (ring.params.has_one_thread() && ring.thread.value == 0)
    return fail("dump", model.descriptions.at(id).object, 0,
                "the thread that it belongs to (IORING_SETUP_SINGLE_ISSUER) has ended, or is none of those that are "
                "dumped; let the program close it");
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

RingAsk ask(int fd) {
  RingAsk answers{.fd = fd};
  ask_ring(answers);
  return answers;
}

Result<> take_answers(IoUring& ring, const RingAsk& answers, const std::string& object) {
  if (std::string why = reason_of_answers(answers); !why.empty()) return fail("dump", object, 0, why);
  ring.wants_eventfd = answers.eventfd == -EBUSY;
  return {};
}

struct HeldRing {
  FileId id = 0;
  int fd = -1;
};

/// Those that a process has open, each once.
std::vector<HeldRing> rings_in(const Table& table, const IoUringModel& rings) {
  std::vector<HeldRing> held;
  for (const auto& [fd, slot] : table.slots) {
    const FileId id = slot.id;
    if (rings.all.contains(id) &&
        std::none_of(held.begin(), held.end(), [&](const HeldRing& h) { return h.id == id; }))
      held.push_back({id, fd});
  }
  return held;
}

/// Which of the rings a thread has registered for itself: there may only be one that it can use.
Result<> find_numbers(const Model& model, IoUringModel& rings, const std::vector<HeldRing>& held, NsPid tid,
                      std::uint32_t numbers) {
  if (numbers == 0) return {};
  std::vector<FileId> usable;
  for (const HeldRing& h : held)
    if (const IoUring& ring = rings.all.at(h.id); !ring.params.has_one_thread() || ring.thread == tid)
      usable.push_back(h.id);
  if (usable.size() != 1)
    return fail("dump", model.descriptions.at(held.front().id).object, 0,
                format("thread {} has registered a ring for itself (IORING_REGISTER_RING_FDS), and {} it can be; let "
                       "the program take it back before the dump",
                       tid, usable.empty() ? "none that is open" : "several are open of which"));
  for (std::uint32_t n = 0; n < kMaxRingNumbers; ++n)
    if (numbers >> n & 1) rings.all.at(usable[0]).numbers.push_back({tid, n});
  return {};
}

Result<> ask_thread(DumpCtx& ctx, const std::vector<HeldRing>& held, infect::SeizedThread& thread, NsPid tid,
                    infect::ParasiteSession& session) {
  const Model& model = ctx.models.get<Model>();
  IoUringModel& rings = ctx.models.edit<IoUringModel>();
  session.reset_arena();
  RingsQuery query{.rings = TRY(session.reserve<RingAsk>(held.size()))};
  for (std::size_t i = 0; i < held.size(); ++i) {
    // The questions take a while (ask_groups): they are left out where the engine has asked.
    const bool ask = rings.all.at(held[i].id).params.has_one_thread();
    session.view(query.rings)[i] = {.fd = ask ? held[i].fd : -1};
  }
  TRY(session.call(thread, query));
  for (std::size_t i = 0; i < held.size(); ++i) {
    IoUring& ring = rings.all.at(held[i].id);
    const RingAsk answers = session.view(query.rings)[i];
    if (!ring.params.has_one_thread() || answers.bare == -EEXIST) continue;
    ring.thread = tid;
    TRY(take_answers(ring, answers, model.descriptions.at(held[i].id).object));
  }
  return find_numbers(model, rings, held, tid, query.numbers);
}

}  // namespace

Result<> interrogate(DumpCtx& ctx, const Task& t, infect::ParasiteSession& session) {
  const std::vector<HeldRing> held = rings_in(table_of(ctx.models.get<Model>(), t), ctx.models.get<IoUringModel>());
  if (held.empty()) return {};
  for (infect::SeizedThread& thread : ctx.seized[t.index].threads()) {
    const auto known =
        std::find_if(t.threads.begin(), t.threads.end(), [&](const Thread& th) { return th.host == thread.tid; });
    if (known != t.threads.end()) TRY(ask_thread(ctx, held, thread, known->tid, session));
  }
  session.reset_arena();
  return {};
}

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
  ring.params.flags |= flags_of_one_thread(probe.fd);
  if (!ring.params.has_one_thread()) TRY(take_answers(ring, ask(probe.fd), object));
  const RingView view = TRY(RingView::map(probe.fd, ring.params, object));
  if (std::string why = reason_of_counters(missing_results(info, view)); !why.empty()) return refuse(why);
  ring.submitted = info.submitted;
  ring.completed = info.completed;
  ring.rings = copied(view.rings());
  ring.sqes = copied(view.sqes());
  ring.buffers = info.buffers;
  ring.inode = probe.st.st_ino;
  ring.paths = info.files;
  ring.file_places = info.file_places;
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
