// The progress line, on a terminal and elsewhere.
#include "core/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace cr::core {
namespace {

TEST(CoreProgress, Line) {
  EXPECT_EQ(progress_line("dumping memory", 512u << 20, 2ull << 30, 2),
            "dumping memory: 512 MiB of 2.0 GiB, 256 MiB/s, 6 s left");
  EXPECT_EQ(progress_line("x", 0, 1000, 0), "x: 0 B of 1000 B, 0 B/s, 0 s left");
  EXPECT_EQ(progress_line("x", 2048, 2048, 1), "x: 2.0 KiB of 2.0 KiB, 2.0 KiB/s, 0 s left");
}

std::string what_is_read(int fd) {
  char text[256];
  const ssize_t n = read(fd, text, sizeof text);
  return {text, n > 0 ? static_cast<std::size_t>(n) : 0};
}

TEST(CoreProgress, Terminal) {
  int master = -1, slave = -1;
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const UniqueFd both[] = {UniqueFd(master), UniqueFd(slave)};
  {
    Progress p("dumping memory", 100, slave, 0);
    p.add(50);
    p.add(50);  // too soon for a second line
    const std::string line = what_is_read(master);
    EXPECT_TRUE(line.starts_with("\r\x1b[Kdumping memory: 50 B of 100 B, ")) << line;
    EXPECT_EQ(line.find("dumping"), line.rfind("dumping")) << line;
  }
  EXPECT_EQ(what_is_read(master), "\r\x1b[K");
}

TEST(CoreProgress, Quiet) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  const UniqueFd both[] = {UniqueFd(ends[0]), UniqueFd(ends[1])};
  {
    Progress p("dumping memory", 100, ends[1], 0);
    p.add(50);
  }
  EXPECT_EQ(what_is_read(ends[0]), "");
  int master = -1, slave = -1;
  ASSERT_EQ(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
  const UniqueFd terminal[] = {UniqueFd(master), UniqueFd(slave)};
  fcntl(master, F_SETFL, O_NONBLOCK);
  {
    Progress p("dumping memory", 100, slave);
    p.add(50);  // a short copy shows nothing
  }
  EXPECT_EQ(what_is_read(master), "");
}

}  // namespace
}  // namespace cr::core
