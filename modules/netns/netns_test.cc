// Network namespaces are looked at, written, read and made again in another one, which then looks the same.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fstream>

#include "core/image_fixture.h"
#include "core/in_child.h"
#include "core/proc_text.h"
#include "netns/netns.h"

namespace cr::netns {
namespace {

using core::in_child;

/// ip(8) and nft(8) set up and show what is compared; they know nothing of us.
int run(const std::string& command) { return std::system((command + " 2>&1").c_str()); }

std::string output(const std::string& command) {
  std::string text;
  FILE* p = popen(command.c_str(), "r");
  for (int c; p != nullptr && (c = fgetc(p)) != EOF;) text += static_cast<char>(c);
  if (p != nullptr) pclose(p);
  return text;
}

void set(const std::string& name, const std::string& value) { std::ofstream("/proc/sys/net/" + name) << value; }

bool enter_new() { return unshare(CLONE_NEWNET) == 0; }

constexpr NsId kId = 9;

/// What `ip` and `nft` say, and /proc/sys/net, without what counts or flows.
std::string view() {
  return output(
             "ip -d link | sed -E 's/(hello|tcn|topology_change|gc|forward_delay|hold|message_age)_timer +[0-9.]+ "
             "?//g; s/fdb_n_learned [0-9]+ //'") +
         output("ip -o addr | sed -E 's/valid_lft.*//'") + output("ip route show table all | sort") +
         output("ip -6 route show table all | sort") + output("ip rule; ip -6 rule; ip nexthop") +
         output("ip neigh show nud permanent; ip neigh show proxy; bridge fdb show br br0 2>/dev/null | sort") +
         output("nft list ruleset");
}

/// Until no address waits for the answer that another has it (RFC 4862: up to 2 s, then work of the kernel's own).
void wait_for_addresses() {
  std::string last;
  for (int i = 0; i < 100; ++i) {
    const std::string now = output("ip -6 addr show tentative") + output("ip -6 route show table local");
    if (now == last && output("ip -6 addr show tentative").empty()) return;
    last = now;
    usleep(100000);
  }
  FAIL() << "addresses are tentative for 10 s";
}

/// Through images into a namespace of its own.
void expect_same_after_images(const Options& opt = {}) {
  core::TempDir dir;
  DumpCtx dump{.opt = opt, .images = core::ImageWriterDir::open(dir.path()).take()};
  auto found = look_around();
  ASSERT_TRUE(found.ok()) << found.error().sentence();
  dump.models.edit<Model>().namespaces[kId] = found.take();
  const auto written = write(dump, kId);
  ASSERT_TRUE(written.ok()) << written.error().sentence();
  const std::string before = view();
  const auto settings = dump.models.get<Model>().namespaces.at(kId).settings;

  core::ImageReaderDir images = core::ImageReaderDir::open(dir.path(), core::ImageReaderDir::Need::kNothing).take();
  TaskTree tree;
  Models models;
  ReadCtx ctx{opt, images, tree, models};
  const auto taken = read(ctx, kId);
  ASSERT_TRUE(taken.ok()) << taken.error().sentence();
  ASSERT_TRUE(enter_new());
  const auto made = rebuild(opt, models.get<Model>().namespaces.at(kId), {});
  ASSERT_TRUE(made.ok()) << made.error().sentence();
  // The kernel enters local routes of IPv6 by itself, a moment after the address (addrconf_dad_work()).
  for (int i = 0; i < 50 && view() != before; ++i) usleep(50000);
  EXPECT_EQ(view(), before);
  const auto again = look_around();
  ASSERT_TRUE(again.ok()) << again.error().sentence();
  for (const auto& [name, value] : settings) EXPECT_EQ(again.value().settings.at(name), value) << name;
}

#define NEEDS_ROOT() \
  if (geteuid() != 0) GTEST_SKIP() << "needs root"

TEST(Netns, NothingButLo) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    expect_same_after_images();
  }));
}

TEST(Netns, LoUpWithAddresses) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    ASSERT_EQ(run("ip link set lo up; ip addr add 10.9.8.7/24 dev lo label lo:x; ip addr add fd00::7/64 dev lo; "
                  "ip addr add fd00::8/64 dev lo; ip addr add 10.9.8.8/24 dev lo; ip addr del ::1/128 dev lo"),
              0);
    set("ipv4/ip_forward", "1");
    set("ipv4/conf/lo/accept_local", "1");
    set("ipv6/conf/default/accept_ra", "0");
    set("ipv4/tcp_syn_retries", "3");
    set("ipv4/ping_group_range", "10 20");
    expect_same_after_images();
  }));
}

TEST(Netns, VethPairAndBridge) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    ASSERT_EQ(
        run("ip link set lo up; ip link add br0 type bridge forward_delay 400 stp_state 0 && "
            "ip link add v0 mtu 1400 index 40 address 02:00:00:00:00:01 type veth peer name v1 index 30 && "
            "ip link set v1 master br0 && ip link set v1 type bridge_slave cost 77 hairpin on && ip link set v0 "
            "txqueuelen 33 alias hello && "
            "ip link set br0 up && ip link set v1 up && ip link set v0 up && "
            "ip addr add 10.1.0.1/24 dev v0 && ip addr add 10.1.0.2/24 dev br0 && ip addr add fd01::1/64 dev v0 && "
            "bridge fdb add 02:00:00:00:00:99 dev v1 master static && "
            "ip neigh add 10.1.0.77 lladdr 02:00:00:00:00:77 dev v0 && ip neigh add proxy 10.1.0.78 dev v0"),
        0);
    set("ipv6/conf/v0/hop_limit", "44");
    wait_for_addresses();
    expect_same_after_images();
  }));
}

TEST(Netns, AddressThatIsStillTentative) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    ASSERT_EQ(run("ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; "
                  "ip addr add fd02::1/64 dev v0"),
              0);
    ASSERT_NE(output("ip -6 addr show tentative to fd02::1"), "");
    core::TempDir dir;
    const Options opt{};
    DumpCtx dump{.opt = opt, .images = core::ImageWriterDir::open(dir.path()).take()};
    auto found = look_around();
    ASSERT_TRUE(found.ok()) << found.error().sentence();
    ASSERT_TRUE(enter_new());
    const auto made = rebuild(opt, found.value(), {});
    ASSERT_TRUE(made.ok()) << made.error().sentence();
    wait_for_addresses();
    EXPECT_NE(output("ip -6 route show table local fd02::1"), "");
  }));
}

TEST(Netns, RoutesRulesNexthops) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    ASSERT_EQ(
        run("ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip link set v1 up; "
            "ip addr add 10.2.0.1/24 dev v0 && ip addr add fd02::1/64 dev v0 nodad && "
            "ip route add default via 10.2.0.254 metric 5 && ip route add 10.3.0.0/16 via 10.2.0.253 table 100 && "
            "ip route add 10.4.0.0/16 nexthop via 10.2.0.3 weight 2 nexthop via 10.2.0.4 && "
            "ip route add blackhole 10.5.0.0/16 && ip route add 10.6.0.0/16 via 10.9.0.1 dev v0 onlink && "
            "ip -6 route add fd03::/64 via fd02::2 && ip -6 route add default via fd02::fe mtu 1300 && "
            "ip route del 10.2.0.0/24 && ip nexthop add id 12 via 10.2.0.9 dev v0 onlink && "
            "ip route add 10.7.0.0/16 nhid 12 && ip rule add from 10.2.0.0/24 lookup 100 pref 50 && "
            "ip rule add fwmark 7 lookup 101 && ip -6 rule add iif lo lookup 102 && ip rule del lookup default"),
        0);
    wait_for_addresses();
    expect_same_after_images();
  }));
}

TEST(Netns, OtherDevices) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    ASSERT_EQ(run("ip link add v0 type veth peer name v1; ip link set v0 up; "
                  "ip link add m0 link v0 type macvlan mode bridge && ip link set m0 up && "
                  "ip link add x0 type vxlan id 42 remote 10.0.0.9 dstport 4789 dev v0 ttl 7 && "
                  "ip tuntap add t0 mode tap user 5 && ip tuntap add t1 mode tun group 6 && ip link add i0 type ifb"),
              0);
    wait_for_addresses();
    expect_same_after_images();
  }));
}

/// Kinds that this kernel may not have: those that it has must come back.
TEST(Netns, KindsThatMayBeMissing) {
  NEEDS_ROOT();
  for (const char* add : {
           "dev type dummy",
           "link v0 dev type vlan id 7 reorder_hdr off",
           "link v0 dev type ipvlan mode l3",
           "dev type gre local 10.8.0.1 remote 10.8.0.2 ttl 9 key 5",
           "dev type gretap local 10.8.0.1 remote 10.8.0.3",
           "dev type ipip local 10.8.0.1 remote 10.8.0.4",
           "dev type sit local 10.8.0.1 remote 10.8.0.5 ttl 8",
           "dev type ip6tnl local fd00::1 remote fd00::2 hoplimit 7",
           "dev type ip6gre local fd00::1 remote fd00::3",
           "dev type vrf table 77",
           "dev type bond mode active-backup miimon 100",
           "dev type vti local 10.8.0.1 remote 10.8.0.6 key 9",
           "dev type erspan local 10.8.0.1 remote 10.8.0.7 key 3 erspan_ver 1 erspan 44",
           "dev type wireguard",
       })
    EXPECT_TRUE(in_child([&] {
      ASSERT_TRUE(enter_new());
      ASSERT_EQ(run("ip link add v0 type veth peer name v1; ip link set v0 up"), 0);
      std::string command = std::string("ip link add ") + add;
      command.replace(command.find("dev type"), 8, "name x0 type");
      if (run(command + " && ip link set x0 up") != 0) return;
      std::printf("carried here: %s\n", add);
      wait_for_addresses();
      expect_same_after_images();
    })) << add;
}

TEST(Netns, Ruleset) {
  NEEDS_ROOT();
  if (run("command -v nft >/dev/null") != 0) GTEST_SKIP() << "needs nft";
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    core::TempDir dir;
    dir.write(
        "rules",
        "table inet f {\n set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.1.1 } }\n"
        " set t { type ipv4_addr . inet_service; elements = { 1.2.3.4 . 80 } }\n"
        " map m { type inet_service : verdict; elements = { 22 : accept, 23 : jump sub } }\n counter c { }\n"
        " chain sub { counter name c\n log prefix \"x \"\n }\n"
        " chain in {\n type filter hook input priority 5; policy drop;\n iifname lo accept\n ip saddr @s drop\n"
        "  tcp dport { 80, 443 } ct state established,new accept comment \"web\"\n tcp dport vmap @m\n"
        "  ip saddr . tcp dport @t limit rate 5/second accept\n meta mark 7 jump sub\n }\n}\n"
        "table ip n { chain post {\n type nat hook postrouting priority 100;\n oifname \"v0\" masquerade\n }\n}\n");
    ASSERT_EQ(run("nft -f " + dir.path() + "/rules"), 0);
    ASSERT_NE(output("nft list ruleset").find("masquerade"), std::string::npos);
    expect_same_after_images();
  }));
}

TEST(Netns, TrackedConnections) {
  NEEDS_ROOT();
  if (run("command -v conntrack >/dev/null") != 0) GTEST_SKIP() << "needs conntrack";
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    ASSERT_EQ(run("nft 'add table ip t; add chain ip t c { type filter hook input priority 0; }; add rule ip t c ct "
                  "state new'; "
                  "conntrack -I -p tcp -s 10.0.0.1 -d 10.0.0.2 --sport 5 --dport 6 --state ESTABLISHED -t 3000 -u "
                  "ASSURED -m 9"),
              0);
    const std::string command = "conntrack -L 2>/dev/null | sed -E 's/ [0-9]+ ESTAB/ ESTAB/'";
    const std::string before = output(command);
    ASSERT_NE(before.find("mark=9"), std::string::npos) << before;
    expect_same_after_images();
    EXPECT_EQ(output(command), before);
  }));
}

/// Where the kernel has it at all.
void expect_refused(const std::string& commands, const std::string& words) {
  EXPECT_TRUE(in_child([&] {
    ASSERT_TRUE(enter_new());
    if (run(commands) != 0) return;
    const auto found = look_around();
    ASSERT_FALSE(found.ok());
    EXPECT_NE(found.error().sentence().find(words), std::string::npos) << found.error().sentence();
  }));
}

TEST(Netns, RefusesByName) {
  NEEDS_ROOT();
  const std::string veth = "ip link add v0 type veth peer name v1; ip link set v0 up; ";
  expect_refused(veth + "tc qdisc add dev v0 root handle 5: pfifo", "queueing discipline pfifo of network device v0");
  expect_refused("ip link add br0 type bridge vlan_filtering 1", "network device br0 (bridge)");
  expect_refused(veth + "ip link add link v0 name x0 type macvtap", "network device x0 (macvtap)");
  expect_refused("ip xfrm policy add src 10.0.0.0/8 dst 10.0.0.0/8 dir out", "IPsec");
}

/// A fallback device of a tunnel, dumped where the kernel has one; `index` may be that of a device here.
NetNamespace with_fallback(std::uint32_t index, std::uint32_t flags) {
  NetNamespace n = look_around().take();
  n.links.push_back({.index = index, .flags = flags, .name = "tunl0", .kind = "ipip"});
  n.settings["ipv4/conf/tunl0/forwarding"] = "1";
  return n;
}

TEST(Netns, FallbackDeviceThatIsNotMadeHere) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    if (run("ip link show dev tunl0 >/dev/null") == 0) return;
    const NetNamespace unused = with_fallback(900, 0), used = with_fallback(900, IFF_UP);
    ASSERT_TRUE(enter_new());
    const auto made = rebuild(Options{}, unused, {});
    EXPECT_TRUE(made.ok()) << made.error().sentence();
    ASSERT_TRUE(enter_new());
    const auto refused = rebuild(Options{}, used, {});
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().sentence().find("network device tunl0 (ipip)"), std::string::npos);
  }));
}

TEST(Netns, FallbackDevicesGoThroughImages) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    core::TempDir dir;
    const Options opt{};
    DumpCtx dump{.opt = opt, .images = core::ImageWriterDir::open(dir.path()).take()};
    dump.models.edit<Model>().namespaces[kId] = with_fallback(900, IFF_UP);
    ASSERT_TRUE(write(dump, kId).ok());
    core::ImageReaderDir images = core::ImageReaderDir::open(dir.path(), core::ImageReaderDir::Need::kNothing).take();
    TaskTree tree;
    Models models;
    ReadCtx ctx{opt, images, tree, models};
    ASSERT_TRUE(read(ctx, kId).ok());
    const Link& last = models.get<Model>().namespaces.at(kId).links.back();
    EXPECT_EQ(std::tuple(last.name, last.index, last.flags), std::tuple("tunl0", 900u, unsigned{IFF_UP}));
  }));
}

TEST(Netns, NumberThatTheKernelHasTaken) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    NetNamespace n = look_around().take();
    n.links.push_back({.index = 77, .name = "x0", .kind = "dummy"});
    ASSERT_TRUE(enter_new());
    ASSERT_EQ(run("ip link add v0 index 77 type veth peer name v1"), 0);  // as a fallback device would
    const auto refused = rebuild(Options{}, n, {});
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().sentence().find("its number 77 is that of v0"), std::string::npos);
  }));
}

TEST(Netns, SettingsOfAnotherKernel) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());
    NetNamespace n = look_around().take();
    n.settings["ipv4/no_such_setting"] = "1";
    ASSERT_TRUE(enter_new());
    const auto strict = rebuild(Options{}, n, {});
    ASSERT_FALSE(strict.ok());
    EXPECT_NE(strict.error().sentence().find("no_such_setting"), std::string::npos);
    ASSERT_TRUE(enter_new());
    Options weak;
    weak.weak_sysctls = true;
    EXPECT_TRUE(rebuild(weak, n, {}).ok());
  }));
}

TEST(Netns, VethToOutside) {
  NEEDS_ROOT();
  EXPECT_TRUE(in_child([] {
    ASSERT_TRUE(enter_new());  // this plays the outside
    ASSERT_EQ(run("ip link add br9 type bridge"), 0);
    UniqueFd outside_ns(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    Netlink outside_route = Netlink::open(NETLINK_ROUTE).take();
    ASSERT_EQ(run("ip link add v0 type veth peer name host0"), 0);
    ASSERT_TRUE(enter_new());
    const std::string self = std::to_string(getpid());
    ASSERT_EQ(run("true"), 0);
    UniqueFd inside_ns(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(setns(outside_ns.get(), CLONE_NEWNET), 0);
    ASSERT_EQ(run("ip link set v0 netns /proc/" + self + "/fd/" + std::to_string(inside_ns.get())), 0);
    ASSERT_EQ(setns(inside_ns.get(), CLONE_NEWNET), 0);
    ASSERT_EQ(run("ip link set v0 up; ip addr add 10.3.3.3/24 dev v0"), 0);
    NetNamespace n = look_around().take();
    ASSERT_EQ(n.links.size(), 2u);
    EXPECT_TRUE(n.links[1].lower_ns.has_value());
    ASSERT_EQ(run("ip link del v0"), 0);

    ASSERT_TRUE(enter_new());
    Options opt;
    opt.external = {"veth[v0]:host7@br9"};
    Outside outside;
    outside.ns = outside_ns.get();
    outside.route = outside_route.fd().get();
    UniqueFd new_ns(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    const auto made = rebuild(opt, n, outside);
    ASSERT_TRUE(made.ok()) << made.error().sentence();
    EXPECT_NE(output("ip -o addr show dev v0").find("10.3.3.3/24"), std::string::npos);
    ASSERT_EQ(setns(outside_ns.get(), CLONE_NEWNET), 0);
    EXPECT_NE(output("ip -o link show dev host7").find("master br9"), std::string::npos);
    EXPECT_NE(output("ip -o link show dev host7").find("UP"), std::string::npos);
  }));
}

}  // namespace
}  // namespace cr::netns
