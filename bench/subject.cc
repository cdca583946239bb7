#include "bench/subject.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

extern char** environ;

namespace cr::bench {
namespace {

/// The victim must have nothing of ours: own session, no descriptors but /dev/null.
pid_t spawn_detached(const std::vector<std::string>& words) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  setsid();
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  close_range(3, ~0u, 0);
  std::vector<char*> argv;
  for (const std::string& w : words) argv.push_back(const_cast<char*>(w.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

double now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

void give_up(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::_Exit(1);
}

void await_all_dead() {
  while (waitpid(-1, nullptr, __WALL) > 0) {
  }
}

void remove_tree(const std::string& dir) {
  std::error_code ignored;
  std::filesystem::remove_all(dir, ignored);
}

double run_command(const std::vector<std::string>& words, long& peak_kib) {
  std::vector<char*> argv;
  for (const std::string& w : words) argv.push_back(const_cast<char*>(w.c_str()));
  argv.push_back(nullptr);
  pid_t pid;
  const double start = now_ms();
  if (posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0) give_up("cannot run " + words[0]);
  int status = 0;
  rusage usage{};
  while (wait4(pid, &status, 0, &usage) != pid) {
  }
  const double ms = now_ms() - start;
  peak_kib = usage.ru_maxrss;
  std::string line;
  for (const std::string& w : words) line += w + " ";
  if (status != 0) give_up("failed: " + line);
  return ms;
}

void warm(std::size_t bytes) {
  const pid_t child = fork();
  if (child == 0) {
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(1);
    // What is given back lies in blocks of the size of huge pages.
    madvise(memory, bytes, MADV_HUGEPAGE);
    for (std::size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
    _exit(0);
  }
  waitpid(child, nullptr, 0);
}

Subject::Subject(const Place& place, const VictimShape& shape) : place_(place) {
  static int number = 0;
  file_ = place.dir + "/control-" + std::to_string(++number);
  images_ = place.dir + "/images-" + std::to_string(number);
  const int fd = open(file_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, 4096) != 0) give_up("cannot make " + file_);
  control_ = static_cast<Control*>(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  close(fd);
  std::vector<std::string> words{
      place.victim, file_, std::to_string(shape.bytes), shape.huge ? "huge" : "4k", std::to_string(shape.workers),
      shape.threads};
  if (shape.many != nullptr) words.insert(words.end(), {shape.many, std::to_string(shape.count)});
  pid_ = spawn_detached(words);
  while (control_->ready == 0) {
    usleep(1000);
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) give_up("the victim does not start: " + place.victim);
  }
  first_hash_ = hash();
}

void Subject::end() {
  kill(-pid_, SIGKILL);
  await_all_dead();
}

Subject::~Subject() {
  end();
  unlink(file_.c_str());
  munmap(control_, 4096);
  remove_images();
}

std::uint64_t Subject::hash() {
  control_->order = Order::kHash;
  for (int i = 0; control_->order != Order::kNone; ++i) {
    usleep(1000);
    if (i > 60000) give_up("the victim does not answer");
  }
  return control_->hash;
}

void Subject::check_hash() {
  if (hash() != first_hash_) give_up("the memory is not what it was");
}

double Subject::run(std::vector<std::string> words) {
  words.insert(words.begin(), place_.engine);
  words.insert(words.end(), {"-D", images_, "-o", "log"});
  mkdir(images_.c_str(), 0700);
  return run_command(words, peak_kib_);
}

double Subject::dump(const std::vector<std::string>& options) {
  std::vector<std::string> words{"dump", "-t", std::to_string(pid_)};
  words.insert(words.end(), options.begin(), options.end());
  const double ms = run(std::move(words));
  for (const std::string& o : options)
    if (o == "--leave-running") return ms;
  await_all_dead();
  return ms;
}

double Subject::restore(const std::vector<std::string>& options) {
  std::vector<std::string> words{"restore", "-d"};
  words.insert(words.end(), options.begin(), options.end());
  return run(std::move(words));
}

void Subject::remove_images() { remove_tree(images_); }

}  // namespace cr::bench
