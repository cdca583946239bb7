// All of ppc64le, for arch/host.h.
#pragma once

#include "arch/absent.h"
#include "arch/ppc64le/entry.h"
#include "arch/ppc64le/fpu.h"
#include "arch/ppc64le/regs.h"
#include "arch/ppc64le/restart.h"
#include "arch/ppc64le/sigframe.h"
#include "arch/ppc64le/syscall.h"
#include "arch/ppc64le/traits.h"
#include "arch/ppc64le/vdso.h"
#if __STDC_HOSTED__  // what blobs don't see
#include "arch/ppc64le/thread_image.h"
#endif
namespace cr::arch {
using namespace ppc64le;
using namespace no_compat;
using namespace no_ldt;
using namespace no_cpuid;
using namespace no_crc32c;
using namespace no_crc32c_fold;
using Host = ppc64le::Traits;
}  // namespace cr::arch
