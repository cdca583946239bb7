#include "files/bpf_map.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "core/proc_text.h"
#include "files/description.h"

namespace cr::files {
namespace {

constexpr std::uint32_t kCarried[] = {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_LPM_TRIE};

long bpf(int command, bpf_attr& attr) { return syscall(SYS_bpf, command, &attr, sizeof attr); }

std::uint64_t address(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

Result<> info_of(int fd, void* info, std::uint32_t size, const std::string& object) {
  bpf_attr attr{};
  attr.info.bpf_fd = static_cast<std::uint32_t>(fd);
  attr.info.info_len = size;
  attr.info.info = address(info);
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, attr) != 0)
    return fail("ask for", object, errno, "CAP_BPF or CAP_SYS_ADMIN is needed");
  return {};
}

/// The id of a loaded program that uses the map, or 0.
Result<std::uint32_t> user_of(std::uint32_t map_id, const std::string& object) {
  for (std::uint32_t id = 0;;) {
    bpf_attr attr{};
    attr.start_id = id;
    if (bpf(BPF_PROG_GET_NEXT_ID, attr) != 0) {
      if (errno == ENOENT) return 0u;
      return fail("list the programs that may use", object, errno);
    }
    id = attr.next_id;
    attr = {};
    attr.prog_id = id;
    UniqueFd prog(static_cast<int>(bpf(BPF_PROG_GET_FD_BY_ID, attr)));
    if (!prog) continue;  // unloaded meanwhile
    std::vector<std::uint32_t> maps(64);
    bpf_prog_info info{};
    info.nr_map_ids = static_cast<std::uint32_t>(maps.size());
    info.map_ids = address(maps.data());
    TRY(info_of(prog.get(), &info, sizeof info, format("BPF program {}", id)));
    maps.resize(std::min<std::size_t>(maps.size(), info.nr_map_ids));
    if (std::find(maps.begin(), maps.end(), map_id) != maps.end()) return id;
  }
}

Result<> read_elements(int fd, BpfMap& m, const std::string& object) {
  std::string key(m.key_size, '\0'), next(m.key_size, '\0'), value(m.value_size, '\0');
  for (bool first = true;; first = false) {
    bpf_attr attr{};
    attr.map_fd = static_cast<std::uint32_t>(fd);
    attr.key = first ? 0 : address(key.data());
    attr.next_key = address(next.data());
    if (bpf(BPF_MAP_GET_NEXT_KEY, attr) != 0) {
      if (errno == ENOENT) return {};
      return fail("read the keys of", object, errno);
    }
    key = next;
    attr = {};
    attr.map_fd = static_cast<std::uint32_t>(fd);
    attr.key = address(key.data());
    attr.value = address(value.data());
    if (bpf(BPF_MAP_LOOKUP_ELEM, attr) != 0) return fail("read the values of", object, errno);
    m.keys += key;
    m.values += value;
  }
}

Result<> put_elements(int fd, const BpfMap& m, const std::string& object) {
  for (std::size_t i = 0; i < m.count(); ++i) {
    bpf_attr attr{};
    attr.map_fd = static_cast<std::uint32_t>(fd);
    attr.key = address(m.keys.data() + i * m.key_size);
    attr.value = address(m.values.data() + i * m.value_size);
    if (bpf(BPF_MAP_UPDATE_ELEM, attr) != 0) return fail("fill", object, errno);
  }
  return {};
}

Result<UniqueFd> make_map(const BpfMap& m, const std::string& object) {
  bpf_attr attr{};
  attr.map_type = m.type;
  attr.key_size = m.key_size;
  attr.value_size = m.value_size;
  attr.max_entries = m.max_entries;
  attr.map_flags = m.map_flags;
  std::memcpy(attr.map_name, m.name.data(), std::min(m.name.size(), sizeof attr.map_name - 1));
  UniqueFd fd(static_cast<int>(bpf(BPF_MAP_CREATE, attr)));
  if (!fd) return fail("make", object, errno);
  TRY(put_elements(fd.get(), m, object));
  attr = {};
  attr.map_fd = static_cast<std::uint32_t>(fd.get());
  if (m.frozen && bpf(BPF_MAP_FREEZE, attr) != 0) return fail("freeze", object, errno);
  return fd;
}

/// Another description of a map that is there.
Result<UniqueFd> open_again(int fd, std::uint32_t flags, const std::string& object) {
  bpf_map_info info{};
  TRY(info_of(fd, &info, sizeof info, object));
  bpf_attr attr{};
  attr.map_id = info.id;
  if ((flags & O_ACCMODE) == O_RDONLY) attr.open_flags = BPF_F_RDONLY;
  if ((flags & O_ACCMODE) == O_WRONLY) attr.open_flags = BPF_F_WRONLY;
  UniqueFd again(static_cast<int>(bpf(BPF_MAP_GET_FD_BY_ID, attr)));
  if (!again) return fail("open", object, errno);
  return again;
}

}  // namespace

bool matches_bpf_map(const FileProbe& p) { return p.link == "anon_inode:bpf-map"; }

Result<> collect_bpf_map(DumpCtx& ctx, const FileProbe& probe, FileId id) {
  BpfMapModel& model = ctx.models.edit<BpfMapModel>();
  bpf_map_info info{};
  TRY(info_of(probe.fd, &info, sizeof info, probe.name()));
  model.map_of[id] = info.id;
  if (model.maps.contains(info.id)) return {};
  if (std::find(std::begin(kCarried), std::end(kCarried), info.type) == std::end(kCarried))
    return fail("dump", probe.name(), 0, format("it is a BPF map of kind {}, which is not carried yet", info.type));
  if (info.btf_id != 0 || info.btf_key_type_id != 0 || info.btf_value_type_id != 0)
    return fail("dump", probe.name(), 0, "it is a BPF map with type information (BTF), which is not carried yet");
  if (const std::uint32_t prog = TRY(user_of(info.id, probe.name())); prog != 0)
    return fail("dump", probe.name(), 0,
                format("BPF program {} uses this map, and would not use the restored one", prog));
  BpfMap m;
  m.type = info.type;
  m.key_size = info.key_size;
  m.value_size = info.value_size;
  m.max_entries = info.max_entries;
  m.map_flags = info.map_flags;
  m.ifindex = info.ifindex;
  m.name.assign(info.name, strnlen(info.name, sizeof info.name));
  m.frozen = core::number(core::field(probe.fdinfo, "frozen").value_or("0")).value_or(0) != 0;
  m.memlock = core::number(core::field(probe.fdinfo, "memlock").value_or("0")).value_or(0);
  // Of a description that may only write, the elements are read through another one.
  UniqueFd readable = TRY(open_again(probe.fd, O_RDONLY, probe.name()));
  TRY(read_elements(readable.get(), m, probe.name()));
  model.maps.emplace(info.id, std::move(m));
  return {};
}

std::uint64_t group_of_bpf_map(const Models& models, FileId id) {
  const auto& map_of = models.get<BpfMapModel>().map_of;
  const auto it = map_of.find(id);
  return it == map_of.end() ? 0 : std::uint64_t{it->second} + 1;
}

Result<UniqueFd> open_bpf_map(TaskCtx& ctx, FileId id) {
  BpfMapModel& model = ctx.restore.models.edit<BpfMapModel>();
  const Description& d = description(ctx.models(), id);
  BpfMap& m = model.maps.at(model.map_of.at(id));
  if (m.fd < 0) m.fd = TRY(to_service(ctx.restore, TRY(make_map(m, d.object)))).release();
  UniqueFd fd = TRY(open_again(m.fd, d.flags, d.object));
  if (id == m.last) {
    close(m.fd);
    m.fd = -1;
  }
  return fd;
}

}  // namespace cr::files
