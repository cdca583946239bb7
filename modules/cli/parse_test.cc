#include "cli/parse.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "cli/help.h"
#include "cli/option_table.h"

namespace cr::cli {
namespace {

class Parse : public testing::Test {
 protected:
  Parse() {
    EXPECT_NE(mkdtemp(dir_), nullptr);
    around_.cwd = dir_;
    around_.system_config = file("system.conf");
    around_.home = dir_;
  }
  ~Parse() override { std::filesystem::remove_all(dir_); }

  std::string file(const std::string& name) const { return std::string(dir_) + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(file(name)).parent_path());
    std::ofstream(file(name)) << text;
    return file(name);
  }
  Options good(std::vector<std::string> words) {
    Result<Invocation> r = parse(words, around_);
    EXPECT_TRUE(r.ok()) << r.error().sentence();
    return r.ok() ? r.value().options : Options{};
  }
  std::string bad(std::vector<std::string> words) {
    Result<Invocation> r = parse(words, around_);
    return r.ok() ? "accepted" : r.error().sentence();
  }

  char dir_[32] = "/tmp/parse_test.XXXXXX";
  Surroundings around_;
};

TEST_F(Parse, Commands) {
  EXPECT_EQ(good({"dump", "-t", "5"}).command, Command::kDump);
  EXPECT_EQ(good({"-t", "5", "dump"}).command, Command::kDump) << "options may come first";
  EXPECT_EQ(good({"restore"}).command, Command::kRestore);
  EXPECT_EQ(good({"check"}).command, Command::kCheck);
  EXPECT_EQ(bad({}), "cli: cannot run without a command; begin with crengine --help, dump, restore or check");
  EXPECT_EQ(bad({"foo"}),
            "cli: cannot run command foo (unknown); the commands are dump, restore, check, service, swrk");
  EXPECT_EQ(bad({"dump", "5"}), "cli: cannot read the word \"5\" after dump; every value belongs to an option");
  for (const CommandDef& c : kCommands)
    if (!c.built) {
      EXPECT_TRUE(bad({std::string(c.name), "3"})
                      .starts_with("cli: cannot run command " + std::string(c.name) + " (not implemented yet); "));
      EXPECT_FALSE(c.help.empty());
    }
}

TEST_F(Parse, Defaults) {
  Options o = good({"restore"});
  EXPECT_EQ(o.images_dir, dir_);
  EXPECT_EQ(o.work_dir, dir_);
  EXPECT_EQ(o.log_file, "");
  EXPECT_EQ(o.verbosity, 2);
  EXPECT_EQ(o.timeout_s, 10u);
  EXPECT_EQ(o.ghost_limit, Bytes{1048576});
  EXPECT_EQ(o.final_state, FinalState::kDefault);
  EXPECT_EQ(o.cpu_cap, (CpuCap{.fpu = true, .ins = true, .cpu = false}));
}

TEST_F(Parse, Forms) {
  EXPECT_EQ(good({"dump", "-t5"}).pid, HostPid{5});
  EXPECT_EQ(good({"dump", "--tree=5"}).pid, HostPid{5});
  EXPECT_EQ(good({"dump", "--tree", "5"}).pid, HostPid{5});
  EXPECT_EQ(good({"dump", "--tre", "5"}).pid, HostPid{5}) << "abbreviation";
  EXPECT_EQ(good({"dump", "-st5"}).final_state, FinalState::kStopped) << "letters together";
  EXPECT_TRUE(good({"restore", "-d", "-S"}).restore_sibling);
  EXPECT_TRUE(good({"restore", "--new-pidns"}).new_pid_ns);
  EXPECT_TRUE(good({"restore", "-jl"}).shell_job);
  EXPECT_TRUE(good({"restore", "-jl"}).file_locks);
  EXPECT_FALSE(good({"restore", "--shell-job", "--no-shell-job"}).shell_job);
  EXPECT_TRUE(good({"restore", "-x"}).ext_unix_sk);
  EXPECT_EQ(good({"restore", "--lsm-profile", "apparmor:unconfined"}).lsm_label, "apparmor:unconfined");
  EXPECT_NE(bad({"restore", "--lsm-profile", "unconfined"}).find("apparmor:PROFILE"), std::string::npos);
}

TEST_F(Parse, WordsThatGetoptRefuses) {
  EXPECT_EQ(bad({"check", "--nonsense=3"}),
            "cli: cannot read option --nonsense (unknown); crengine --help lists the options");
  EXPECT_EQ(bad({"check", "-z"}), "cli: cannot read option -z (unknown); crengine --help lists the options");
  EXPECT_EQ(bad({"check", "--tcp"}),
            "cli: cannot read option --tcp (ambiguous); it may be one of --tcp-established --tcp-close");
  EXPECT_EQ(bad({"dump", "-t"}),
            "cli: cannot read option --tree (its value is missing); crengine --help tells what it takes");
  EXPECT_EQ(bad({"dump", "--shell-job=yes"}),
            "cli: cannot read option --shell-job (it takes no value); leave the value out");
}

TEST_F(Parse, Verbosity) {
  EXPECT_EQ(good({"check", "-v"}).verbosity, 3);
  EXPECT_EQ(good({"check", "-vv"}).verbosity, 4);
  EXPECT_EQ(good({"check", "-v", "-v"}).verbosity, 4);
  EXPECT_EQ(good({"check", "-vvvvvv"}).verbosity, 4);
  EXPECT_EQ(good({"check", "-v0"}).verbosity, 0);
  EXPECT_EQ(good({"check", "-v1"}).verbosity, 1);
  EXPECT_EQ(good({"check", "-v4"}).verbosity, 4);
  EXPECT_EQ(good({"check", "--verbosity=4"}).verbosity, 4);
  EXPECT_EQ(good({"check", "--verbosity"}).verbosity, 3);
  EXPECT_EQ(good({"check", "-v9"}).verbosity, 4);
  EXPECT_EQ(bad({"check", "-vx"}),
            "cli: cannot read the value \"x\" of option --verbosity; give a whole number from 0 to 2147483647");
}

TEST_F(Parse, Mounts) {
  const Options o = good({"restore", "-r", "new", "--external", "mnt[k]:/x", "-M", "/a:b:c", "--ext-mount-map",
                          "auto", "--external", "dev[8/1]:d", "--enable-fs", "fuse.x,ext4", "--skip-mnt", "/m"});
  EXPECT_EQ(o.root, file("new"));
  EXPECT_EQ(o.external, (std::vector<std::string>{"mnt[k]:/x", "mnt[/a:b]:c", "mnt[]", "dev[8/1]:d"}));
  EXPECT_EQ(o.enable_fs, (std::vector<std::string>{"fuse.x", "ext4"}));
  EXPECT_EQ(o.skip_mounts, std::vector<std::string>{"/m"});
  EXPECT_FALSE(o.external_sharing || o.external_masters);
  EXPECT_TRUE(good({"restore", "--enable-external-masters"}).external_masters);
  EXPECT_NE(bad({"restore", "-M", "nothing"}).find("write KEY:VALUE, or auto"), std::string::npos);
  EXPECT_NE(bad({"restore", "--external", "usb[1]"}).find("not implemented yet"), std::string::npos);
}

TEST_F(Parse, Paths) {
  Options o = good({"restore", "-D", "img", "-o", "x.log", "--pidfile", "p", "--action-script", "a b"});
  EXPECT_EQ(o.images_dir, file("img"));
  EXPECT_EQ(o.work_dir, file("img"));
  EXPECT_EQ(o.log_file, file("img/x.log"));
  EXPECT_EQ(o.pidfile, file("img/p"));
  EXPECT_EQ(o.action_scripts, std::vector<std::string>{"a b"}) << "no such file: a shell command";
  o = good({"restore", "-D", "/i", "-W", "w", "-o", "x.log", "--pidfile", "/run/p"});
  EXPECT_EQ(o.images_dir, "/i");
  EXPECT_EQ(o.work_dir, file("w"));
  EXPECT_EQ(o.log_file, file("w/x.log"));
  EXPECT_EQ(o.pidfile, "/run/p");
  EXPECT_EQ(good({"restore", "-o", "-"}).log_file, "-");
  EXPECT_EQ(good({"restore", "--action-script", write("s.sh", "")}).action_scripts[0], file("s.sh"));
  EXPECT_EQ(good({"restore", "--action-script", "s.sh"}).action_scripts[0], file("s.sh"));
  EXPECT_NE(bad({"restore", "-D", ""}).find("not empty"), std::string::npos);
}

TEST_F(Parse, Numbers) {
  const char* kBadPids[] = {"0", "-1", "5x", "", "99999999999", " 5"};
  for (const char* pid : kBadPids) EXPECT_NE(bad({"dump", "-t", pid}).find("whole number from 1"), std::string::npos);
  EXPECT_EQ(bad({"dump"}),
            "cli: cannot run command dump without a process; name the root of the tree with --tree PID");
  EXPECT_EQ(good({"dump", "-t1", "--timeout", "0"}).timeout_s, 0u);
  EXPECT_NE(bad({"dump", "-t1", "--timeout", "-1"}), "accepted");
}

TEST_F(Parse, Sizes) {
  auto size = [&](const char* text) { return good({"dump", "-t1", "--ghost-limit", text}).ghost_limit.value; };
  EXPECT_EQ(size("0"), 0u);
  EXPECT_EQ(size("512"), 512u);
  EXPECT_EQ(size("3K"), 3072u);
  EXPECT_EQ(size("2M"), 2u << 20);
  EXPECT_EQ(size("4G"), 4ull << 30);
  EXPECT_EQ(size("4g"), 4ull << 30);
  for (const char* text : {"", "K", "1T", "1KB", "-1", "1.5M", "99999999999G", "18446744073709551616"})
    EXPECT_NE(bad({"dump", "-t1", "--ghost-limit", text}).find("give a number of bytes"), std::string::npos) << text;
}

TEST_F(Parse, Words) {
  EXPECT_EQ(good({"restore", "--cpu-cap=none"}).cpu_cap, (CpuCap{.fpu = false, .ins = false, .cpu = false}));
  EXPECT_EQ(good({"restore", "--cpu-cap=fpu"}).cpu_cap, (CpuCap{.fpu = true, .ins = false, .cpu = false}));
  EXPECT_EQ(good({"restore", "--cpu-cap"}).cpu_cap, CpuCap{});
  EXPECT_NE(bad({"restore", "--cpu-cap=all"}).find("not implemented yet"), std::string::npos);
  EXPECT_NE(bad({"restore", "--cpu-cap=fpu,,ins"}).find("commas"), std::string::npos);
  EXPECT_EQ(good({"restore", "--file-validation", "filesize"}).file_validation, FileValidation::kFileSize);
  EXPECT_NE(bad({"restore", "--file-validation", "md5"}).find("filesize and buildid"), std::string::npos);
  EXPECT_EQ(good({"restore", "--manage-cgroups=ignore"}).manage_cgroups, CgroupMode::kIgnore);
  EXPECT_EQ(good({"restore", "--manage-cgroups"}).manage_cgroups, CgroupMode::kSoft);
  EXPECT_EQ(good({"restore", "--manage-cgroups=strict"}).manage_cgroups, CgroupMode::kStrict);
  EXPECT_NE(bad({"restore", "--manage-cgroups=some"}).find("the words are"), std::string::npos);
  EXPECT_EQ(good({"dump", "-t1", "--ext-unix-sk=12,13"}).external,
            (std::vector<std::string>{"unix[12]", "unix[13]"}));
  Options o = good({"dump", "-t1", "--allow-lossy", "a,b", "--allow-lossy", "c"});
  EXPECT_EQ(o.allow_lossy, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(o.allows_lossy("b"));
  EXPECT_FALSE(o.allows_lossy("d"));
}

TEST_F(Parse, Network) {
  const Options o = good({"restore", "--veth-pair", "eth0=veth7@br0", "--external", "veth[eth1]:veth8", "--join-ns",
                          "net:/run/netns/x", "--empty-ns", "net"});
  EXPECT_EQ(o.external, (std::vector<std::string>{"veth[eth0]:veth7@br0", "veth[eth1]:veth8"}));
  EXPECT_EQ(*o.joined("net"), "/run/netns/x");
  EXPECT_EQ(o.joined("uts"), nullptr);
  EXPECT_TRUE(o.empty_net_ns);
  EXPECT_EQ(good({"restore", "--join-ns", "net:12", "-J", "time:/t"}).join_ns,
            (std::vector<JoinNs>{{"net", "/proc/12/ns/net"}, {"time", "/t"}}));
  EXPECT_NE(bad({"restore", "--veth-pair", "eth0"}).find("INSIDE=OUTSIDE"), std::string::npos);
  EXPECT_NE(bad({"restore", "--empty-ns", "pid"}).find("only the network namespace"), std::string::npos);
  EXPECT_NE(bad({"restore", "--join-ns", "pid:1"}).find("nsenter --pid=FILE"), std::string::npos);
  EXPECT_NE(bad({"restore", "--join-ns", "user:1,0,0"}).find("nsenter --user=FILE"), std::string::npos);
  EXPECT_NE(bad({"restore", "--join-ns", "mnt:1"}).find("--root"), std::string::npos);
  EXPECT_NE(bad({"restore", "--join-ns", "cgroup:1"}).find("--cgroup-root"), std::string::npos);
  EXPECT_NE(bad({"restore", "--join-ns", "uts:"}).find("KIND:PID"), std::string::npos);
  EXPECT_NE(bad({"restore", "--join-ns", "uts:1", "--join-ns", "uts:2"}).find("already"), std::string::npos);
  EXPECT_NE(bad({"restore", "--join-ns", "other:1"}).find("net, uts, ipc and time"), std::string::npos);
  EXPECT_TRUE(good({"dump", "-t1", "--external", "pid[5]:shared"}).external.size() == 1);
  EXPECT_NE(bad({"dump", "-t1", "--external", "net[5]:"}).find("not implemented yet"), std::string::npos);
  EXPECT_EQ(good({"restore", "--external", "unix[]:connect"}).external, (std::vector<std::string>{"unix[]:connect"}));
}

TEST_F(Parse, ThingsThatDontFit) {
  EXPECT_NE(bad({"restore", "-S"}).find("--restore-sibling alone; add --restore-detached"), std::string::npos);
  EXPECT_NE(bad({"restore", "--status-fd", "777"}).find("Bad file descriptor"), std::string::npos);
  EXPECT_EQ(good({"restore", "--status-fd", "1"}).status_fd, 1);
}

TEST_F(Parse, EveryOptionNotBuiltIsRefusedByName) {
  int count = 0;
  for (const Option& o : option_table()) {
    if (o.state != State::kLater) continue;
    std::vector<std::string> words{"restore", std::string("--") + o.name};
    if (o.arg == Arg::kRequired) words.push_back("x");
    EXPECT_TRUE(
        bad(words).starts_with(std::string("cli: cannot take option --") + o.name + " (not implemented yet); "))
        << bad(words);
    EXPECT_STRNE(o.why, "");
    if (o.negatable) {
      EXPECT_EQ(bad({"restore", std::string("--no-") + o.name}), "accepted");
    }
    count++;
  }
  EXPECT_GT(count, 15);
}

TEST_F(Parse, OptionsWithoutEffectAreNoted) {
  Result<Invocation> r = parse({"dump", "-t1", "--deprecated", "--restore-detached"}, around_);
  ASSERT_TRUE(r.ok());
  ASSERT_EQ(r.value().notes.size(), 2u);
  EXPECT_EQ(r.value().notes[0], "Option --deprecated is accepted without effect: nothing here is deprecated");
  EXPECT_EQ(r.value().notes[1], "Option --restore-detached has no effect on dump");
  EXPECT_FALSE(r.value().options.restore_detached);
}

TEST_F(Parse, PluginDirectory) {
  EXPECT_EQ(bad({"restore", "--libdir", file("none")}), "accepted");
  write("plugins/readme", "");
  EXPECT_EQ(bad({"restore", "--libdir", file("plugins")}), "accepted");
  write("plugins/gpu.so", "");
  EXPECT_NE(bad({"restore", "--libdir", file("plugins")}).find("gpu.so"), std::string::npos);
}

TEST_F(Parse, Precedence) {
  EXPECT_EQ(good({"restore"}).timeout_s, 10u);
  write("system.conf", "ghost-limit 1\npidfile system\nlog-file system\nwork-dir system\nimages-dir system\n");
  write(".criu/default.conf", "pidfile home\nlog-file home\nwork-dir home\nimages-dir home\n");
  EXPECT_EQ(good({"dump", "-t1"}).ghost_limit.value, 1u);
  EXPECT_EQ(good({"restore"}).pidfile, file("home/home"));
  around_.env_config = write("env.conf", "log-file env\nwork-dir env\nimages-dir env\n");
  std::string config = write("named.conf", "work-dir named\nimages-dir named\n");
  Options o = good({"restore", "--config", config, "-D", "line"});
  EXPECT_EQ(o.images_dir, file("line"));
  EXPECT_EQ(o.work_dir, file("named"));
  EXPECT_EQ(o.log_file, file("named/env"));
  EXPECT_EQ(o.pidfile, file("named/home"));
  EXPECT_EQ(good({"restore", "--no-default-config"}).pidfile, "");
}

TEST_F(Parse, NegationAgainstAFile) {
  around_.env_config = write("env.conf", "shell-job\nverbosity 1\nleave-running\n");
  EXPECT_TRUE(good({"restore"}).shell_job);
  EXPECT_FALSE(good({"restore", "--no-shell-job"}).shell_job);
  EXPECT_EQ(good({"restore", "-v3"}).verbosity, 3);
  EXPECT_EQ(good({"dump", "-t1"}).final_state, FinalState::kRunning);
  EXPECT_EQ(good({"restore"}).final_state, FinalState::kDefault) << "not an option of restore";
  EXPECT_EQ(good({"dump", "-t1", "-s"}).final_state, FinalState::kStopped);
}

TEST_F(Parse, FilesMayServeOtherCommands) {
  around_.env_config = write("env.conf", "page-server\nport 99\n");
  EXPECT_EQ(bad({"restore"}), "accepted");
  EXPECT_EQ(bad({"dump", "-t1"}), "cli: cannot take option --page-server (" + file("env.conf") +
                                      " line 1) (not implemented yet); leave it out and write the images to a "
                                      "directory with -D");
}

TEST_F(Parse, FilesCantNameFiles) {
  around_.env_config = write("env.conf", "config other\n");
  EXPECT_NE(bad({"check"}).find("give it on the command line"), std::string::npos);
  around_.env_config = file("not there");
  EXPECT_NE(bad({"check"}).find("No such file"), std::string::npos);
}

TEST_F(Parse, TheFileOfARequestComesLastAndMayBeMissing) {
  around_.overriding_config = file("not there");
  EXPECT_EQ(bad({"check"}), "accepted");
  around_.overriding_config = write("runc.conf", "ghost-limit 7\n");
  EXPECT_EQ(good({"dump", "-t1", "--ghost-limit", "3"}).ghost_limit.value, 7u);
}

TEST(Table, NamesAndLettersAreUnique) {
  std::set<std::string> names;
  std::set<char> letters;
  for (const Option& o : option_table()) {
    EXPECT_TRUE(names.insert(o.name).second) << o.name;
    if (o.letter) {
      EXPECT_TRUE(letters.insert(o.letter).second) << o.name;
    }
    if (o.state == State::kBuilt) {
      EXPECT_NE(o.set, nullptr) << o.name;
    }
    EXPECT_FALSE(o.negatable && o.arg != Arg::kNone) << o.name;
  }
  EXPECT_EQ(names.size(), 85u + 4)
      << "those of the reference, --allow-lossy, --new-pidns, --snapshot and --store-once";
}

TEST(Help, NamesEveryOption) {
  std::string text = help_text(nullptr);
  for (const Option& o : option_table())
    if (o.state != State::kNoEffect) {
      EXPECT_NE(text.find(std::string("--") + o.name), std::string::npos) << o.name;
    }
  EXPECT_EQ(help_text(&kCommands[0]).find("--restore-detached"), std::string::npos);
  EXPECT_NE(help_text(&kCommands[0]).find("--leave-running"), std::string::npos);
}

std::string man_page() {
  std::ifstream in(CRENGINE_SOURCE_ROOT "/docs/man/crengine.8");
  return {std::istreambuf_iterator<char>(in), {}};
}

// What comes after a list without an end is not shown.
TEST(ManPage, EndsEveryList) {
  std::istringstream lines(man_page());
  int open = 0;
  for (std::string line; std::getline(lines, line);) {
    open += line.starts_with(".Bl ") - (line == ".El");
    EXPECT_TRUE(open == 0 || !(line.starts_with(".Sh ") || line.starts_with(".Ss ")))
        << "a list without an end before " << line;
  }
  EXPECT_EQ(open, 0);
}

TEST(ManPage, NamesEveryOption) {
  const std::string text = man_page();
  for (const Option& o : option_table()) {
    if (o.state == State::kLater) continue;
    EXPECT_NE(text.find(std::string("Fl -") + o.name), std::string::npos) << o.name;
  }
}

}  // namespace
}  // namespace cr::cli
