#include "files/build_id.h"

#include <elf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace cr::files {
namespace {

constexpr std::size_t kMaxNotes = 64 * 1024;
constexpr std::size_t kMaxHeaders = 256;

bool read_at(int fd, void* to, std::size_t size, std::uint64_t at) {
  return pread(fd, to, size, static_cast<off_t>(at)) == static_cast<ssize_t>(size);
}

std::vector<std::uint32_t> find_note(const std::vector<std::uint8_t>& notes) {
  // Elf32_Nhdr and Elf64_Nhdr are the same; name and descriptor are padded to 4 bytes.
  std::size_t at = 0;
  while (at + sizeof(Elf64_Nhdr) <= notes.size()) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data() + at, sizeof note);
    const std::size_t name = at + sizeof note;
    const std::size_t text = name + ((std::size_t{note.n_namesz} + 3) & ~std::size_t{3});
    const std::size_t end = text + ((std::size_t{note.n_descsz} + 3) & ~std::size_t{3});
    if (text > notes.size() || text + note.n_descsz > notes.size()) return {};
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(notes.data() + name, "GNU", 4) == 0) {
      std::vector<std::uint32_t> id((note.n_descsz + 3) / 4);
      std::memcpy(id.data(), notes.data() + text, note.n_descsz);
      return id;
    }
    at = end;
  }
  return {};
}

template <class Ehdr, class Phdr>
std::vector<std::uint32_t> scan(int fd) {
  Ehdr header;
  if (!read_at(fd, &header, sizeof header, 0) || header.e_phentsize != sizeof(Phdr)) return {};
  const std::size_t count = std::min<std::size_t>(header.e_phnum, kMaxHeaders);
  for (std::size_t i = 0; i < count; ++i) {
    Phdr segment;
    if (!read_at(fd, &segment, sizeof segment, header.e_phoff + i * sizeof segment)) return {};
    if (segment.p_type != PT_NOTE || segment.p_filesz > kMaxNotes) continue;
    std::vector<std::uint8_t> notes(segment.p_filesz);
    if (!read_at(fd, notes.data(), notes.size(), segment.p_offset)) continue;
    if (auto id = find_note(notes); !id.empty()) return id;
  }
  return {};
}

}  // namespace

std::vector<std::uint32_t> read_build_id(int fd) {
  unsigned char ident[EI_NIDENT];
  if (!read_at(fd, ident, sizeof ident, 0) || std::memcmp(ident, ELFMAG, SELFMAG) != 0) return {};
  constexpr unsigned char kOwnOrder = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
  if (ident[EI_DATA] != kOwnOrder) return {};
  if (ident[EI_CLASS] == ELFCLASS64) return scan<Elf64_Ehdr, Elf64_Phdr>(fd);
  if (ident[EI_CLASS] == ELFCLASS32) return scan<Elf32_Ehdr, Elf32_Phdr>(fd);
  return {};
}

}  // namespace cr::files
