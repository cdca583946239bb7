// ipcns-var-N, ipcns-shm-N, ipcns-sem-N and ipcns-msg-N.img.
#include <sys/shm.h>

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <span>

#include "base/format.h"
#include "base/little_endian.h"
#include "core/page_stream.h"
#include "files/shmem_content.h"
#include "ipc/ipc_msg.pb.h"
#include "ipc/ipc_sem.pb.h"
#include "ipc/ipc_shm.pb.h"
#include "ipc/ipc_var.pb.h"
#include "ipc/objects.h"

namespace cr::ipc {
namespace {

constexpr std::uint64_t padded(std::uint64_t n, std::uint64_t to) { return (n + to - 1) / to * to; }

void put(const Object& o, pb::ipc_desc_entry& e) {
  e.set_key(static_cast<std::uint32_t>(o.key));
  e.set_uid(o.uid);
  e.set_gid(o.gid);
  e.set_cuid(o.cuid);
  e.set_cgid(o.cgid);
  e.set_mode(o.mode);
  e.set_id(static_cast<std::uint32_t>(o.id));
  e.set_cr_changed(o.changed);
}

Object get(const pb::ipc_desc_entry& e) {
  return {static_cast<int>(e.id()),
          static_cast<std::int32_t>(e.key()),
          e.uid(),
          e.gid(),
          e.cuid(),
          e.cgid(),
          e.mode(),
          e.cr_changed()};
}

Error damaged(const core::ImageReader& image, int id) {
  return fail("use", format("object {} of {}", id, image.name()), 0, "the image is damaged");
}

/// One number of the settings, by its name under /proc/sys.
template <class Value>
struct Field {
  const char* name;
  void (pb::ipc_var_entry::*set)(Value);
  Value (pb::ipc_var_entry::*get)() const;
};
using Entry = pb::ipc_var_entry;
constexpr Field<std::uint32_t> kFields[] = {
    {"msgmax", &Entry::set_msg_ctlmax, &Entry::msg_ctlmax},
    {"msgmnb", &Entry::set_msg_ctlmnb, &Entry::msg_ctlmnb},
    {"msgmni", &Entry::set_msg_ctlmni, &Entry::msg_ctlmni},
    {"auto_msgmni", &Entry::set_auto_msgmni, &Entry::auto_msgmni},
    {"shmmni", &Entry::set_shm_ctlmni, &Entry::shm_ctlmni},
    {"shm_rmid_forced", &Entry::set_shm_rmid_forced, &Entry::shm_rmid_forced},
    {"queues_max", &Entry::set_mq_queues_max, &Entry::mq_queues_max},
    {"msg_max", &Entry::set_mq_msg_max, &Entry::mq_msg_max},
    {"msgsize_max", &Entry::set_mq_msgsize_max, &Entry::mq_msgsize_max},
    {"msg_default", &Entry::set_mq_msg_default, &Entry::mq_msg_default},
    {"msgsize_default", &Entry::set_mq_msgsize_default, &Entry::mq_msgsize_default},
};

Result<> write_settings(DumpCtx& ctx, NsId id, const Settings& s) {
  Entry e;
  for (std::uint64_t n : s.semaphores) e.add_sem_ctls(static_cast<std::uint32_t>(n));
  auto value = [&](const char* name, std::int64_t other) {
    const auto it = s.values.find(name);
    return it == s.values.end() ? other : it->second;
  };
  for (const auto& f : kFields) (e.*f.set)(static_cast<std::uint32_t>(value(f.name, 0)));
  e.set_shm_ctlmax(static_cast<std::uint64_t>(value("shmmax", 0)));
  e.set_shm_ctlall(static_cast<std::uint64_t>(value("shmall", 0)));
  e.set_msg_next_id(static_cast<std::uint32_t>(value("msg_next_id", -1)));
  e.set_sem_next_id(static_cast<std::uint32_t>(value("sem_next_id", -1)));
  e.set_shm_next_id(static_cast<std::uint32_t>(value("shm_next_id", -1)));
  auto image = TRY(ctx.images.create(core::ImageType::kIpcVar, id));
  TRY(image.write(e));
  return image.close();
}

Result<> read_settings_image(ReadCtx& ctx, NsId id, Settings& s) {
  auto image = TRY(ctx.images.image(core::ImageType::kIpcVar, id));
  Entry e;
  TRY(image.only(e));
  s.semaphores.assign(e.sem_ctls().begin(), e.sem_ctls().end());
  for (const auto& f : kFields) s.values[f.name] = (e.*f.get)();
  // Zero is no default that a kernel has: the set comes from one that does not know these.
  for (const char* name : {"msg_default", "msgsize_default"})
    if (s.values[name] == 0) s.values.erase(name);
  s.values["shmmax"] = static_cast<std::int64_t>(e.shm_ctlmax());
  s.values["shmall"] = static_cast<std::int64_t>(e.shm_ctlall());
  if (e.has_msg_next_id()) s.values["msg_next_id"] = static_cast<std::int32_t>(e.msg_next_id());
  if (e.has_sem_next_id()) s.values["sem_next_id"] = static_cast<std::int32_t>(e.sem_next_id());
  if (e.has_shm_next_id()) s.values["shm_next_id"] = static_cast<std::int32_t>(e.shm_next_id());
  return {};
}

/// Content where another object has the number of the pagemap.
Result<> write_raw_content(core::ImageWriter& image, const Segment& s) {
  std::vector<std::uint8_t> block(1 << 20);
  for (std::uint64_t at = 0; at < s.size;) {
    const std::size_t want = std::min<std::uint64_t>(block.size(), s.size - at);
    const ssize_t n = pread(s.content.get(), block.data(), want, static_cast<off_t>(at));
    if (n <= 0) return fail("read", name_of(kSegment, s), n < 0 ? errno : EIO);
    TRY(image.write_raw(std::span(block).first(static_cast<std::size_t>(n))));
    at += static_cast<std::uint64_t>(n);
  }
  const std::uint8_t zeros[4] = {};
  return image.write_raw(std::span(zeros).first(padded(s.size, 4) - s.size));
}

Result<> write_segments(DumpCtx& ctx, NsId id, Space& space, std::set<int>& pagemaps) {
  auto image = TRY(ctx.images.create(core::ImageType::kIpcnsShm, id));
  for (auto& [number, s] : space.segments) {
    // Anonymous shared memory has the numbers below next_shmem.
    const bool free =
        static_cast<std::uint32_t>(number) < kFirstShmem || static_cast<std::uint32_t>(number) >= ctx.ids.next_shmem;
    s.in_pagemap = free && pagemaps.insert(number).second;
    pb::ipc_shm_entry e;
    put(s, *e.mutable_desc());
    e.set_size(s.size);
    e.set_in_pagemaps(s.in_pagemap);
    if (s.huge != 0) e.set_hugetlb_flag(s.huge);
    TRY(image.write(e));
    if (!s.in_pagemap) TRY(write_raw_content(image, s));
  }
  TRY(image.close());
  for (const auto& [number, s] : space.segments)
    if (s.in_pagemap)
      TRY(files::dump_shmem(ctx, s.content.get(), static_cast<std::uint32_t>(number), name_of(kSegment, s)));
  return {};
}

Result<> read_segments(ReadCtx& ctx, NsId id, Space& space) {
  auto image = TRY(ctx.images.optional_image(core::ImageType::kIpcnsShm, id));
  pb::ipc_shm_entry e;
  while (image && TRY(image->next(e))) {
    Segment s{get(e.desc())};
    s.size = e.size();
    s.huge = e.hugetlb_flag();
    s.in_pagemap = e.in_pagemaps();
    if (s.in_pagemap) {
      TRY(files::check_shmem(ctx, static_cast<std::uint32_t>(s.id), s.size));
    } else {
      auto bytes = TRY(image->read_raw(padded(s.size, 4)));
      s.raw.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(s.size));
    }
    const int number = s.id;
    if (number < 0 || s.size == 0 || !space.segments.emplace(number, std::move(s)).second)
      return damaged(*image, number);
  }
  return {};
}

Result<> write_sets(DumpCtx& ctx, NsId id, const Space& space) {
  auto image = TRY(ctx.images.create(core::ImageType::kIpcnsSem, id));
  for (const auto& [number, s] : space.semaphores) {
    pb::ipc_sem_entry e;
    put(s, *e.mutable_desc());
    e.set_nsems(static_cast<std::uint32_t>(s.values.size()));
    for (int pid : s.pids) e.add_cr_pids(static_cast<std::uint32_t>(pid));
    if (auto it = space.undo.find(number); it != space.undo.end())
      for (const Undo& u : it->second) {
        pb::cr_sem_undo& undo = *e.add_cr_undo();
        undo.set_pid(static_cast<std::uint32_t>(u.task.value));
        undo.set_number(u.number);
        undo.set_value(u.value);
        ctx.images.require(core::kSemaphoreUndo);
      }
    TRY(image.write(e));
    std::vector<std::uint8_t> values(padded(2 * s.values.size(), 8));
    std::vector<std::uint16_t> words(s.values.begin(), s.values.end());
    for (std::uint16_t& word : words) word = little_endian(word);
    std::memcpy(values.data(), words.data(), 2 * words.size());
    TRY(image.write_raw(values));
  }
  return image.close();
}

Result<> read_sets(ReadCtx& ctx, NsId id, Space& space) {
  auto image = TRY(ctx.images.optional_image(core::ImageType::kIpcnsSem, id));
  pb::ipc_sem_entry e;
  while (image && TRY(image->next(e))) {
    Semaphores s{get(e.desc())};
    auto bytes = TRY(image->read_raw(padded(2ull * e.nsems(), 8)));
    s.values.resize(e.nsems());
    if (!s.values.empty()) std::memcpy(s.values.data(), bytes.data(), 2 * s.values.size());
    for (auto& value : s.values) value = little_endian(value);
    s.pids.assign(e.cr_pids().begin(), e.cr_pids().end());
    for (const pb::cr_sem_undo& u : e.cr_undo()) {
      if (u.number() >= e.nsems()) return damaged(*image, s.id);
      space.undo[s.id].push_back({NsPid{static_cast<int>(u.pid())}, static_cast<std::uint16_t>(u.number()),
                                  static_cast<std::int16_t>(u.value())});
    }
    const int number = s.id;
    if (number < 0 || e.nsems() == 0 || !space.semaphores.emplace(number, std::move(s)).second)
      return damaged(*image, number);
  }
  return {};
}

Result<> write_queues(DumpCtx& ctx, NsId id, const Space& space) {
  auto image = TRY(ctx.images.create(core::ImageType::kIpcnsMsg, id));
  for (const auto& [number, q] : space.queues) {
    pb::ipc_msg_entry e;
    put(q, *e.mutable_desc());
    e.set_qbytes(static_cast<std::uint32_t>(q.capacity));
    e.set_qnum(static_cast<std::uint32_t>(q.messages.size()));
    TRY(image.write(e));
    for (const Message& m : q.messages) {
      pb::ipc_msg head;
      head.set_mtype(static_cast<std::uint64_t>(m.type));
      head.set_msize(static_cast<std::uint32_t>(m.bytes.size()));
      TRY(image.write(head));
      std::vector<std::uint8_t> bytes(m.bytes);
      bytes.resize(padded(bytes.size(), 8));
      TRY(image.write_raw(bytes));
    }
  }
  return image.close();
}

Result<> read_queues(ReadCtx& ctx, NsId id, Space& space) {
  auto image = TRY(ctx.images.optional_image(core::ImageType::kIpcnsMsg, id));
  pb::ipc_msg_entry e;
  while (image && TRY(image->next(e))) {
    Queue q{get(e.desc())};
    q.capacity = e.qbytes();
    for (std::uint32_t i = 0; i < e.qnum(); ++i) {
      pb::ipc_msg head;
      if (!TRY(image->next(head))) return damaged(*image, q.id);
      auto bytes = TRY(image->read_raw(padded(head.msize(), 8)));
      q.messages.push_back({static_cast<std::int64_t>(head.mtype()), {bytes.begin(), bytes.begin() + head.msize()}});
    }
    const int number = q.id;
    if (number < 0 || !space.queues.emplace(number, std::move(q)).second) return damaged(*image, number);
  }
  return {};
}

Result<> read_objects(ReadCtx& ctx, NsId id, Space& space) {
  TRY(read_segments(ctx, id, space));
  TRY(read_sets(ctx, id, space));
  return read_queues(ctx, id, space);
}

}  // namespace

Result<> write(DumpCtx& ctx) {
  std::set<int> pagemaps;
  for (auto& [id, space] : ctx.models.edit<Model>().spaces) {
    if (id != ctx.models.get<KobjModel>().root.ipc_ns)
      TRY(write_settings(ctx, id, space.settings));
    else
      ctx.images.require(core::kHostIpc);
    TRY(write_segments(ctx, id, space, pagemaps));
    TRY(write_sets(ctx, id, space));
    TRY(write_queues(ctx, id, space));
  }
  return {};
}

Result<> read(ReadCtx& ctx) {
  const NsId host = ctx.models.get<KobjModel>().root.ipc_ns;
  Space space;
  TRY(read_objects(ctx, host, space));
  if (!space.segments.empty() || !space.semaphores.empty() || !space.queues.empty())
    ctx.models.edit<Model>().spaces[host] = std::move(space);
  return {};
}

Result<> read_namespace(ReadCtx& ctx, NsId id) {
  Space& space = ctx.models.edit<Model>().spaces[id];
  TRY(read_settings_image(ctx, id, space.settings));
  return read_objects(ctx, id, space);
}

}  // namespace cr::ipc
