#include "mm/vdso_elf.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/format.h"

namespace cr::mm {
namespace {

Error damaged(const char* what) { return Error{"mm", "read the symbols of", "a vdso", 0, what}; }

/// Bounds-checked reads.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  template <class T>
  Result<T> at(std::uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T)) return damaged("a table leads out of it");
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }
  Result<std::string> string_at(std::uint64_t offset) const {
    if (offset >= bytes_.size()) return damaged("a name leads out of it");
    auto rest = bytes_.subspan(offset);
    auto end = std::find(rest.begin(), rest.end(), 0);
    if (end == rest.end()) return damaged("a name has no end");
    return std::string(rest.begin(), end);
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

/// Offsets into the bytes: addresses of the file less that of its first byte.
struct Tables {
  std::optional<std::uint64_t> symbols, strings, hash, gnu_hash;
  std::uint64_t bias = 0;
  std::uint16_t machine = 0;
};

Result<Tables> read_dynamic(const Bytes& elf, std::uint64_t offset, std::uint64_t size, Tables t) {
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= size; at += sizeof(Elf64_Dyn)) {
    auto d = TRY(elf.at<Elf64_Dyn>(offset + at));
    const std::uint64_t value = d.d_un.d_ptr - t.bias;
    if (d.d_tag == DT_NULL) break;
    if (d.d_tag == DT_SYMTAB) t.symbols = value;
    if (d.d_tag == DT_STRTAB) t.strings = value;
    if (d.d_tag == DT_HASH) t.hash = value;
    if (d.d_tag == DT_GNU_HASH) t.gnu_hash = value;
  }
  if (!t.symbols || !t.strings || (!t.hash && !t.gnu_hash)) return damaged("it has no dynamic symbols");
  return t;
}

Result<Tables> find_tables(const Bytes& elf) {
  auto header = TRY(elf.at<Elf64_Ehdr>(0));
  constexpr int kOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_ident[EI_DATA] != kOrder)
    return damaged("it is no ELF file of this kind of machine");
  Tables tables;
  tables.machine = header.e_machine;
  std::optional<Elf64_Phdr> dynamic;
  bool loaded = false;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    auto p = TRY(elf.at<Elf64_Phdr>(header.e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr)));
    if (p.p_type == PT_LOAD && !loaded) tables.bias = p.p_vaddr - p.p_offset, loaded = true;
    if (p.p_type == PT_DYNAMIC) dynamic = p;
  }
  if (!loaded || !dynamic) return damaged("it has no loaded or no dynamic segment");
  return read_dynamic(elf, dynamic->p_offset, dynamic->p_filesz, tables);
}

/// DT_HASH: nbucket, nchain, ...; nchain is the number of symbols. Words of 8 bytes on s390x.
Result<std::uint64_t> count_by_hash(const Bytes& elf, const Tables& t) {
  if (t.machine == EM_S390) return elf.at<std::uint64_t>(*t.hash + 8);
  return std::uint64_t{TRY(elf.at<std::uint32_t>(*t.hash + 4))};
}

/// DT_GNU_HASH: the highest symbol that starts a bucket, and its chain to the entry whose lowest bit ends it.
Result<std::uint64_t> count_by_gnu_hash(const Bytes& elf, const Tables& t) {
  const std::uint64_t at = *t.gnu_hash;
  const std::uint64_t buckets = TRY(elf.at<std::uint32_t>(at)), first = TRY(elf.at<std::uint32_t>(at + 4)),
                      bloom = TRY(elf.at<std::uint32_t>(at + 8));
  const std::uint64_t bucket_at = at + 16 + bloom * 8, chain_at = bucket_at + buckets * 4;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < buckets; ++i)
    last = std::max<std::uint64_t>(last, TRY(elf.at<std::uint32_t>(bucket_at + i * 4)));
  if (last < first) return first;  // nothing but what isn't hashed
  while (!(TRY(elf.at<std::uint32_t>(chain_at + (last - first) * 4)) & 1)) ++last;
  return last + 1;
}

bool is_function(const Elf64_Sym& s) {
  const unsigned type = ELF64_ST_TYPE(s.st_info);
  return s.st_shndx != SHN_UNDEF && s.st_shndx != SHN_ABS && (type == STT_FUNC || type == STT_NOTYPE) &&
         ELF64_ST_BIND(s.st_info) != STB_LOCAL;
}

}  // namespace

Result<VdsoFunctions> parse_vdso(std::span<const std::uint8_t> bytes) {
  const Bytes elf(bytes);
  const Tables t = TRY(find_tables(elf));
  const std::uint64_t count = TRY(t.hash ? count_by_hash(elf, t) : count_by_gnu_hash(elf, t));
  VdsoFunctions functions;
  for (std::uint64_t i = 0; i < count; ++i) {
    auto s = TRY(elf.at<Elf64_Sym>(*t.symbols + i * sizeof(Elf64_Sym)));
    if (!is_function(s)) continue;
    const std::uint64_t offset = s.st_value - t.bias;
    if (offset >= bytes.size()) return damaged("a function lies outside of it");
    functions[TRY(elf.string_at(*t.strings + s.st_name))] = offset;
  }
  return functions;
}

}  // namespace cr::mm
