/* Finds a function of the vdso by its name, as programs without a C library do. */
#pragma once

#include <elf.h>
#include <string.h>
#include <sys/auxv.h>

static inline void* vdso_symbol(const char* name) {
  char* base = (char*)getauxval(AT_SYSINFO_EHDR);
  Elf64_Ehdr* header = (Elf64_Ehdr*)base;
  Elf64_Phdr* segment = (Elf64_Phdr*)(base + header->e_phoff);
  char* strings = NULL;
  Elf64_Sym* symbols = NULL;
  unsigned* hash = NULL;
  for (int i = 0; i < header->e_phnum; i++) {
    if (segment[i].p_type != PT_DYNAMIC) continue;
    for (Elf64_Dyn* d = (Elf64_Dyn*)(base + segment[i].p_offset); d->d_tag != DT_NULL; d++) {
      if (d->d_tag == DT_STRTAB) strings = base + d->d_un.d_ptr;
      if (d->d_tag == DT_SYMTAB) symbols = (Elf64_Sym*)(base + d->d_un.d_ptr);
      if (d->d_tag == DT_HASH) hash = (unsigned*)(base + d->d_un.d_ptr);
    }
  }
  for (unsigned i = 0; hash && i < hash[1]; i++)
    if (strcmp(strings + symbols[i].st_name, name) == 0) return base + symbols[i].st_value;
  return NULL;
}
