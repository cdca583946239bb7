// For tests of image code: a directory that goes away, and where the samples are.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "base/unique_fd.h"

namespace cr::core {

/// A fresh directory under $TMPDIR or /tmp, removed with its content at the end of the scope.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "cr-test-XXXXXX").string();
    if (::mkdtemp(name.data())) path_ = name;
    fd_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  std::string read(const std::string& name) const {
    std::ifstream in(path_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path_ + "/" + name, std::ios::binary | std::ios::trunc) << content;
  }
  std::set<std::string> names() const {
    std::set<std::string> all;
    for (const auto& e : std::filesystem::directory_iterator(path_)) all.insert(e.path().filename());
    return all;
  }

 private:
  std::string path_;
  UniqueFd fd_;
};

/// The directory with the sample sets of CRIU 4.2: $CRENGINE_SHARED/samples/criu-4.2, or ../shared next to the source
/// tree; empty when there is none.
inline std::string sample_sets() {
  const char* shared = std::getenv("CRENGINE_SHARED");
  const std::string dir = std::string(shared ? shared : CRENGINE_SOURCE_ROOT "/../shared") + "/samples/criu-4.2";
  return std::filesystem::is_directory(dir) ? dir : "";
}

}  // namespace cr::core
