#include "files/passing_process.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "files/description.h"

namespace cr::files {

Result<PassingProcess> PassingProcess::make(NsPid wanted, const std::string& object) {
  pid_t tid = wanted.value;
  clone_args args{};
  if (tid > 0) {
    args.set_tid = reinterpret_cast<std::uint64_t>(&tid);
    args.set_tid_size = 1;
  }
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
  if (pid == 0)
    for (;;) pause();
  if (pid < 0)
    return fail(format("make a process with pid {} for", wanted), object, errno,
                errno == EEXIST ? "another process has that pid now" : "");
  return PassingProcess(pid);
}

PassingProcess::~PassingProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

}  // namespace cr::files
