// All of s390x, for arch/host.h.
#pragma once

#include "arch/absent.h"
#include "arch/s390x/entry.h"
#include "arch/s390x/fpu.h"
#include "arch/s390x/regs.h"
#include "arch/s390x/restart.h"
#include "arch/s390x/sigframe.h"
#include "arch/s390x/syscall.h"
#include "arch/s390x/traits.h"
#include "arch/s390x/vdso.h"
#if __STDC_HOSTED__  // what blobs don't see
#include "arch/s390x/thread_image.h"
#endif
namespace cr::arch {
using namespace s390x;
using namespace no_compat;
using namespace no_ldt;
using namespace no_cpuid;
using namespace no_crc32c;
using namespace no_crc32c_fold;
using Host = s390x::Traits;
}  // namespace cr::arch
