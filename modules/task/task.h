// What other modules may see of the tasks' own state.
#pragma once

#include "task/limits.h"        // IWYU pragma: export
#include "task/prctls.h"        // IWYU pragma: export
#include "task/sched.h"         // IWYU pragma: export
#include "task/thread_state.h"  // IWYU pragma: export
