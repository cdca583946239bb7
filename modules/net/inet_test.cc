#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include "base/unique_fd.h"
#include "files/round_trip.h"
#include "net/portless_peer.h"
#include "net/tcp_birth.h"
#include "net/tcp_stream.h"

namespace cr::net {
namespace {

using files::Report;
using files::RoundTrip;

constexpr std::int64_t kMs = 1'000'000;

TEST(ByAge, OldestFirst) {
  const Birth births[] = {{500}, {2000}, {1000}};
  EXPECT_EQ(by_age(births), (std::vector<std::size_t>{1, 2, 0}));
}

TEST(ByAge, SequenceNumbersTellWhatTicksDoNot) {
  const Birth births[] = {{12, 13 * kMs}, {12, 13 * kMs + 50'000}, {12, 13 * kMs - 50'000}};
  EXPECT_EQ(by_age(births), (std::vector<std::size_t>{1, 0, 2}));
}

TEST(ByAge, WithoutThemTicksMustBeFarApart) {
  const Birth near[] = {{12}, {20}};
  EXPECT_FALSE(by_age(near));
  const Birth mixed[] = {{12, 13 * kMs}, {20}};
  EXPECT_FALSE(by_age(mixed));
}

TEST(ByAge, TheClockOfSequenceNumbersStartsAgain) {
  const std::uint32_t minutes_ms = 10 * 60 * 1000;
  const std::int64_t ns = minutes_ms * kMs;
  const Birth births[] = {{minutes_ms, ns % kSequencePeriod_ns},
                          {minutes_ms + 4, (ns + 4 * kMs) % kSequencePeriod_ns}};
  EXPECT_EQ(by_age(births), (std::vector<std::size_t>{1, 0}));
  // Of a moment ago, by a clock that is a bit behind.
  const Birth fresh[] = {{0, kSequencePeriod_ns - 1000}, {0, 3000}};
  EXPECT_EQ(by_age(fresh), (std::vector<std::size_t>{1, 0}));
}

TEST(ByAge, ANumberThatIsNoTimeDoesNotCount) {
  const Birth births[] = {{1000, 90'000 * kMs}, {500, 501 * kMs}, {2000, 2001 * kMs}};
  EXPECT_EQ(by_age(births), (std::vector<std::size_t>{2, 0, 1}));
  const Birth close[] = {{1000, 90'000 * kMs}, {1010, 1011 * kMs}};
  EXPECT_FALSE(by_age(close));
}

UniqueFd bound(int family) {
  UniqueFd fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  InetAddress a{family};
  if (family == AF_INET6)
    a.words[3] = htonl(1);
  else
    a.words[0] = htonl(INADDR_LOOPBACK);
  const SocketAddress at = to_kernel(a);
  EXPECT_EQ(bind(fd.get(), at.get(), at.size), 0);
  return fd;
}

/// Clients that connect in another order than that of their sockets and ports.
void expect_order(int family) {
  constexpr std::size_t kClients = 8;
  const UniqueFd listener = bound(family);
  ASSERT_EQ(listen(listener.get(), kClients), 0);
  const InetAddress server = local_address(listener.get(), "the listener").take();
  const SocketAddress to = to_kernel(server);
  std::vector<UniqueFd> clients;
  for (std::size_t i = 0; i < kClients; i++) clients.push_back(bound(family));
  const std::size_t order[kClients] = {3, 7, 0, 1, 6, 2, 5, 4};
  for (const std::size_t i : order) ASSERT_EQ(connect(clients[i].get(), to.get(), to.size), 0);
  std::vector<FirstSequence> numbers;
  std::vector<Birth> births;
  for (const UniqueFd& c : clients) {
    const TcpSummary summary = tcp_summary(c.get(), "a client").take();
    const TcpStream stream = read_stream(c.get(), summary, "a client").take();
    numbers.push_back({local_address(c.get(), "a client").take(), server, stream.inq_seq - 1});
  }
  const auto ages = sequence_ages(numbers).take();
  for (const auto& age : ages) {
    ASSERT_TRUE(age);
    births.push_back({0, age});
  }
  EXPECT_EQ(by_age(births), std::vector<std::size_t>(std::begin(order), std::end(order)));
}

TEST(SequenceAges, TellTheOrderOfConnections) {
  expect_order(AF_INET);
  expect_order(AF_INET6);
}

/// The port of the client at the head of the queue.
std::uint16_t accepted_from(int listener) {
  SocketAddress a;
  const UniqueFd fd(accept(listener, a.get(), &a.size));
  return fd ? from_kernel(a).port : 0;
}

TEST(TcpWaiting, ComeBackInTheirOrder) {
  RoundTrip trip;
  trip.run(
      [](Report& r) {
        CHECK_IN_CHILD(r, bound(AF_INET).release() == 3 && listen(3, 1) == 0);
        CHECK_IN_CHILD(r, bound(AF_INET).release() == 4 && bound(AF_INET).release() == 5);
        const SocketAddress to = to_kernel(local_address(3, "the listener").take());
        for (const int fd : {5, 4}) CHECK_IN_CHILD(r, connect(fd, to.get(), to.size) == 0);
      },
      [](Report& r) {
        CHECK_IN_CHILD(r, tcp_summary(3, "the listener").take().backlog == 1);
        for (const int fd : {5, 4}) CHECK_IN_CHILD(r, accepted_from(3) == local_address(fd, "a client").take().port);
      });
}

TEST(PortlessPeer, IsReadFromTheFilesOfProc) {
  const PortlessPeers found = parse_portless(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer "
      "drops\n"
      "  100: 0100007F:1F90 0200007F:0000 01 00000000:00000000 00:00000000 00000000     0        0 4711 2 00000000 "
      "0\n"
      "  101: 0100007F:1F91 0300007F:0035 01 00000000:00000000 00:00000000 00000000     0        0 4712 2 00000000 "
      "0\n"
      "  102: 00000000:1F92 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4713 2 00000000 "
      "0\n"
      "  103: cut off\n",
      AF_INET);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.at(4711).text(), "127.0.0.2:0");
}

TEST(PortlessPeer, AlsoOfIPv6) {
  const PortlessPeers found = parse_portless(
      "  sl  local_address                         remote_address                        st tx_queue rx_queue\n"
      "   1: 00000000000000000000000001000000:00C8 B80D0120000000000000000005000000:0000 01 00000000:00000000 "
      "00:00000000 00000000     0        0 15 2 00000000 0\n",
      AF_INET6);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.at(15).text(), "[2001:db8::5]:0");
}

}  // namespace
}  // namespace cr::net
