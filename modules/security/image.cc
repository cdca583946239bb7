#include "base/format.h"
#include "base/little_endian.h"
#include "security/seccomp.pb.h"
#include "security/security.h"
#include "task/core.pb.h"

namespace cr::security {
namespace {

constexpr int kCapWords = 2;

template <class Field>
void write_set(std::uint64_t set, Field* out) {
  for (int i = 0; i < kCapWords; ++i) out->Add(static_cast<std::uint32_t>(set >> (32 * i)));
}

template <class Field>
std::uint64_t read_set(const Field& in) {
  std::uint64_t out = 0;
  for (int i = 0; i < std::min(in.size(), kCapWords); ++i) out |= static_cast<std::uint64_t>(in.Get(i)) << (32 * i);
  return out;
}

void write_creds(const Creds& from, pb::creds_entry& out) {
  out.set_uid(from.uid.real);
  out.set_euid(from.uid.effective);
  out.set_suid(from.uid.saved);
  out.set_fsuid(from.uid.fs);
  out.set_gid(from.gid.real);
  out.set_egid(from.gid.effective);
  out.set_sgid(from.gid.saved);
  out.set_fsgid(from.gid.fs);
  write_set(from.caps.inheritable, out.mutable_cap_inh());
  write_set(from.caps.permitted, out.mutable_cap_prm());
  write_set(from.caps.effective, out.mutable_cap_eff());
  write_set(from.caps.bounding, out.mutable_cap_bnd());
  write_set(from.caps.ambient, out.mutable_cap_amb());
  out.set_secbits(from.securebits);
  for (std::uint32_t group : from.groups) out.add_groups(group);
  if (from.no_new_privs) out.set_no_new_privs(1);
  if (!from.label.empty()) out.set_lsm_profile(from.label);
}

Creds read_creds(const pb::creds_entry& in) {
  Creds out;
  out.uid = {in.uid(), in.euid(), in.suid(), in.fsuid()};
  out.gid = {in.gid(), in.egid(), in.sgid(), in.fsgid()};
  out.groups.assign(in.groups().begin(), in.groups().end());
  out.caps = {read_set(in.cap_inh()), read_set(in.cap_prm()), read_set(in.cap_eff()), read_set(in.cap_bnd()),
              read_set(in.cap_amb())};
  out.securebits = in.secbits();
  out.no_new_privs = in.no_new_privs() != 0;
  out.label = parse_label(in.lsm_profile());
  return out;
}

Result<Filter> read_filter(const pb::seccomp_filter& in, int index) {
  const std::string object = format("filter {} of seccomp.img", index);
  Filter out;
  const std::string& bytes = in.filter();
  if (bytes.empty() || bytes.size() % 8 != 0 || bytes.size() / 8 > kMaxFilterCode)
    return Error{"seccomp", "use", object, 0, format("its program has {} bytes", bytes.size())};
  out.code.resize(bytes.size() / 8);
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(out.code.data()));
  for (std::uint64_t& word : out.code) word = bpf_from_image(little_endian(word));
  out.flags = in.flags();
  out.prev = in.has_prev() ? static_cast<std::int32_t>(in.prev()) : -1;
  return out;
}

/// A chain that leads into itself, or nowhere, must not be followed.
Result<> check_chains(const SeccompModel& model) {
  const auto count = static_cast<std::int32_t>(model.filters.size());
  for (std::int32_t i = 0; i < count; ++i) {
    std::int32_t at = i, steps = 0;
    while (at >= 0 && at < count && steps <= count) {
      at = model.filters[static_cast<std::size_t>(at)].prev;
      ++steps;
    }
    if (at != -1)
      return Error{"seccomp", "follow", format("filter {} of seccomp.img to its ancestors", i), 0,
                   "the image is damaged"};
  }
  for (const auto& [tid, thread] : model.threads)
    if (thread.last < -1 || thread.last >= count)
      return Error{"seccomp", "find", format("filter {} of thread {}", thread.last, tid), 0,
                   "seccomp.img does not hold it"};
  return {};
}

}  // namespace

namespace creds {

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  if (!task.alive()) return {};
  write_creds(ctx.models.get<CredsModel>().threads.at(task.threads[thread].tid),
              *core.mutable_thread_core()->mutable_creds());
  return {};
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (!task.alive() || !core.thread_core().has_creds()) return {};
  ctx.models.edit<CredsModel>().threads[task.threads[thread].tid] = read_creds(core.thread_core().creds());
  return {};
}

}  // namespace creds

namespace seccomp {

Result<> write(DumpCtx& ctx) {
  pb::seccomp_entry out;
  for (const Filter& filter : ctx.models.get<SeccompModel>().filters) {
    pb::seccomp_filter& entry = *out.add_seccomp_filters();
    std::vector<std::uint64_t> code(filter.code);
    for (std::uint64_t& word : code) word = little_endian(bpf_for_image(word));
    entry.set_filter(code.data(), code.size() * 8);
    if (filter.prev >= 0) entry.set_prev(static_cast<std::uint32_t>(filter.prev));
    if (filter.flags != 0) entry.set_flags(filter.flags);
  }
  auto image = TRY(ctx.images.create(core::ImageType::kSeccomp));
  TRY(image.write(out));
  return image.close();
}

Result<> write_core(const DumpCtx& ctx, const Task& task, std::size_t thread, pb::core_entry& core) {
  if (!task.alive()) return {};
  const ThreadSeccomp& from = ctx.models.get<SeccompModel>().threads.at(task.threads[thread].tid);
  if (from.mode == SeccompMode::kDisabled) return {};
  pb::thread_core_entry& out = *core.mutable_thread_core();
  out.set_seccomp_mode(static_cast<pb::seccomp_mode>(from.mode));
  if (from.mode == SeccompMode::kFilter) out.set_seccomp_filter(static_cast<std::uint32_t>(from.last));
  return {};
}

Result<> read(ReadCtx& ctx) {
  auto& model = ctx.models.edit<SeccompModel>();
  auto image = TRY(ctx.images.optional_image(core::ImageType::kSeccomp));
  pb::seccomp_entry in;
  if (image) TRY(image->only(in));
  for (int i = 0; i < in.seccomp_filters_size(); ++i)
    model.filters.push_back(TRY(read_filter(in.seccomp_filters(i), i)));
  return check_chains(model);
}

Result<> read_core(ReadCtx& ctx, const Task& task, std::size_t thread, const pb::core_entry& core) {
  if (!task.alive()) return {};
  ThreadSeccomp& out = ctx.models.edit<SeccompModel>().threads[task.threads[thread].tid];
  const pb::thread_core_entry& in = core.thread_core();
  // Before CRIU 3.0 the main thread's stood with the task.
  const bool old = !in.has_seccomp_mode() && core.tc().has_old_seccomp_mode();
  out.mode = static_cast<SeccompMode>(old ? core.tc().old_seccomp_mode() : in.seccomp_mode());
  if (out.mode == SeccompMode::kFilter)
    out.last = static_cast<std::int32_t>(old ? core.tc().old_seccomp_filter() : in.seccomp_filter());
  return {};
}

}  // namespace seccomp
}  // namespace cr::security
