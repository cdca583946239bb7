// Copying page contents of stopped processes into pages files: what is read is a source, where it goes a sink, and
// several workers go through the pieces of all address spaces together.
//
// Sources: process_vm_readv(2) is the fastest but pins pages, which un-shares those that are shared copy-on-write;
// /proc/PID/mem leaves sharing alone. What is not known to belong to one process only is looked up in
// /proc/PID/pagemap, piece by piece, and gets the first when all of its pages do. Measured (1 GiB, 4 KiB pages, one
// thread): 204 ms and 305 ms.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "core/image_dir.h"

namespace cr::mm {

/// Page-aligned bytes of a process that belong at an offset of its pages file.
struct Extent {
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
  bool unshared = false;  ///< known: no other process maps any of it
};

/// The pages of one process. It stays stopped, and `pages` open, until they are copied.
struct PageJob {
  HostPid pid;
  int mem_fd = -1;                  ///< /proc/PID/mem
  core::RawImage* pages = nullptr;  ///< where they go
  std::vector<Extent> extents{};
};

enum class PageSource {
  kAuto,  ///< what is fastest and leaves sharing alone
  kMem,   ///< /proc/PID/mem always
};

/// Copies all of it and tells the files their checksums. `workers`: 0 is one per CPU, and never more than the work is
/// worth. Errors name the file, the offset and the errno of write(2), or the process and address of a failed read.
Result<> copy_pages(std::span<PageJob> jobs, PageSource source, unsigned workers = 0);

/// What the environment forces, for tests: CRENGINE_PAGE_SOURCE=mem, CRENGINE_PAGE_WORKERS=N.
PageSource page_source_of_environment();
unsigned page_workers_of_environment();

}  // namespace cr::mm
