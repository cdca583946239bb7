// All of aarch64, for arch/host.h.
#pragma once

#include "arch/aarch64/crc32c.h"
#include "arch/aarch64/entry.h"
#include "arch/aarch64/fpu.h"
#include "arch/aarch64/regs.h"
#include "arch/aarch64/restart.h"
#include "arch/aarch64/sigframe.h"
#include "arch/aarch64/syscall.h"
#include "arch/aarch64/traits.h"
#include "arch/aarch64/vdso.h"
#include "arch/absent.h"
#if __STDC_HOSTED__  // what blobs don't see
#include "arch/aarch64/thread_image.h"
#endif
namespace cr::arch {
using namespace aarch64;
using namespace no_compat;
using namespace no_ldt;
using namespace no_cpuid;
using namespace no_crc32c_fold;
using Host = aarch64::Traits;
}  // namespace cr::arch
