// The architecture this binary runs on. The only file with #if on the architecture.
#pragma once

#if defined(__x86_64__)
#include "arch/x86_64/compat.h"
#include "arch/x86_64/crc32c.h"
#include "arch/x86_64/entry.h"
#include "arch/x86_64/fpu.h"
#include "arch/x86_64/ldt.h"
#include "arch/x86_64/regs.h"
#include "arch/x86_64/restart.h"
#include "arch/x86_64/sigframe.h"
#include "arch/x86_64/syscall.h"
#include "arch/x86_64/traits.h"
#include "arch/x86_64/vdso.h"
#if __STDC_HOSTED__  // what blobs don't see
#include "arch/x86_64/thread_image.h"
#endif
namespace cr::arch {
using namespace x86_64;
using Host = x86_64::Traits;
}  // namespace cr::arch
#elif defined(__aarch64__)
#include "arch/aarch64/backend.h"
#elif defined(__powerpc64__)
#include "arch/ppc64le/backend.h"
#elif defined(__s390x__)
#include "arch/s390x/backend.h"
#endif

namespace cr {
namespace sys = arch::sys;
}
