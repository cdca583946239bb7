#include <algorithm>
#include <cstring>

#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "files/io_uring.h"

namespace cr::files {
namespace {

constexpr int kWords = 10;  // of sq_off and of cq_off
static_assert(sizeof(RingParams::SqOffsets) == kWords * 4 && sizeof(RingParams::CqOffsets) == kWords * 4);

std::uint32_t word_of(const void* words, int n) {
  std::uint32_t word = 0;
  std::memcpy(&word, static_cast<const char*>(words) + 4 * n, sizeof word);
  return word;
}

RingParams params_of(const pb::cr_io_uring_entry& e) {
  RingParams p;
  p.flags = e.setup_flags();
  p.sq_entries = e.sq_entries();
  p.cq_entries = e.cq_entries();
  if (e.offsets_size() != 2 * kWords) return p;  // found to be damaged by plan
  std::memcpy(&p.sq_off, e.offsets().data(), sizeof p.sq_off);
  std::memcpy(&p.cq_off, e.offsets().data() + kWords, sizeof p.cq_off);
  return p;
}

}  // namespace

Result<> write_io_uring(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const Description& d = description(ctx.models, id);
  const IoUring& ring = ctx.models.get<IoUringModel>().all.at(id);
  pb::cr_io_uring_entry& e = *entry.mutable_cr_io_uring();
  e.set_id(id);
  e.set_flags(d.flags);
  put_owner(d.owner, *e.mutable_fown());
  e.set_setup_flags(ring.params.flags);
  e.set_sq_entries(ring.params.sq_entries);
  e.set_cq_entries(ring.params.cq_entries);
  for (int n = 0; n < kWords; ++n) e.add_offsets(word_of(&ring.params.sq_off, n));
  for (int n = 0; n < kWords; ++n) e.add_offsets(word_of(&ring.params.cq_off, n));
  e.set_submitted(ring.submitted);
  e.set_completed(ring.completed);
  e.set_rings(ring.rings);
  e.set_entries(ring.sqes);
  for (FileId file : ring.files) e.add_files(file);
  for (const RingBuffer& b : ring.buffers) {
    pb::cr_ring_buffer& buffer = *e.add_buffers();
    buffer.set_address(b.address);
    buffer.set_length(b.length);
  }
  if (ring.eventfd != 0) e.set_eventfd(ring.eventfd);
  if (ring.thread.value != 0) e.set_thread(static_cast<std::uint32_t>(ring.thread.value));
  for (const RingNumber& n : ring.numbers) {
    pb::cr_ring_number& number = *e.add_numbers();
    number.set_thread(static_cast<std::uint32_t>(n.thread.value));
    number.set_number(n.number);
  }
  return {};
}

Result<> read_io_uring(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::cr_io_uring_entry& e = entry.cr_io_uring();
  TRY(add_description(ctx, e.id(), kIoUringKind, e.flags(), 0, get_owner(e.fown())));
  IoUring& ring = ctx.models.edit<IoUringModel>().all[e.id()];
  ring.params = params_of(e);
  ring.submitted = e.submitted();
  ring.completed = e.completed();
  ring.rings = e.rings();
  ring.sqes = e.entries();
  ring.files.assign(e.files().begin(), e.files().end());
  for (const pb::cr_ring_buffer& b : e.buffers()) ring.buffers.push_back({b.address(), b.length()});
  ring.eventfd = e.eventfd();
  ring.thread = NsPid{static_cast<int>(e.thread())};
  for (const pb::cr_ring_number& n : e.numbers())
    ring.numbers.push_back({NsPid{static_cast<int>(n.thread())}, n.number()});
  return {};
}

}  // namespace cr::files
