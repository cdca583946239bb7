#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/format.h"
#include "core/id_map.h"
#include "core/proc_text.h"
#include "infect/parasite_session.h"
#include "security/creds.h"
#include "security/keys.h"

namespace cr::security {

Result<Key> parse_description(std::string_view text) {
  Key k;
  std::uint32_t numbers[3] = {};
  const Error bad{"security", "read", format("the description of a key, {}", text), 0, ""};
  std::string_view rest = text;
  auto next = [&]() -> std::optional<std::string_view> {
    const auto end = rest.find(';');
    if (end == std::string_view::npos) return std::nullopt;
    const auto word = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return word;
  };
  const auto type = next();
  if (!type) return bad;
  for (std::size_t i = 0; i < std::size(numbers); ++i) {
    const auto value = core::number(next().value_or(""), i == 2 ? 16 : 10);
    if (!value) return bad;
    numbers[i] = static_cast<std::uint32_t>(*value);
  }
  k.type = *type;
  k.uid = numbers[0], k.gid = numbers[1], k.permissions = numbers[2];
  k.description = rest;
  return k;
}

namespace {

/// Takes the next line off a text of /proc/keys, as words: serial, flags, usage, time left, permissions, uid, gid,
/// type, description.
std::vector<std::string_view> next_key(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto words = core::words(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return words;
}

}  // namespace

std::optional<bool> is_permanent(std::string_view proc_keys, std::int32_t serial) {
  const std::string wanted = format("{:08x}", static_cast<std::uint32_t>(serial));
  while (!proc_keys.empty()) {
    const auto words = next_key(proc_keys);
    if (words.size() > 3 && words[0] == wanted) return words[3] == "perm";
  }
  return std::nullopt;
}

std::size_t count_kernel_made(std::string_view proc_keys, std::uint32_t uid) {
  const std::string owner = std::to_string(uid);
  std::size_t count = 0;
  while (!proc_keys.empty()) {
    const auto words = next_key(proc_keys);
    if (words.size() < 9 || words[5] != owner || words[7] != kKeyring) continue;
    const bool counts = words[1].find('Q') != std::string_view::npos;
    for (std::string_view name : {"_uid.", "_uid_ses.", ".user_reg:"}) count += counts && words[8].starts_with(name);
  }
  return count;
}

namespace keys {
namespace {

using Serial = std::int32_t;

/// What is remembered from one task to the next.
struct Seen {
  std::map<NsPid, Serial> session{};            ///< of each task, as in Serials
  std::map<Serial, NsPid> taken{};              ///< keys that are in the record of that task
  std::map<std::uint32_t, std::string> text{};  ///< /proc/keys as that user sees it
  bool nobody = false;                          ///< no user has a key beside the two keyrings that the kernel makes
};

/// Each user sees his own keys in /proc/keys.
Result<std::string_view> proc_keys_as(Seen& seen, std::uint32_t user) {
  auto it = seen.text.find(user);
  if (it == seen.text.end()) {
    const int own = setfsuid(user);
    auto text = core::read_text("/proc/keys");
    setfsuid(static_cast<uid_t>(own));
    it = seen.text.emplace(user, TRY(std::move(text))).first;
  }
  return std::string_view(it->second);
}

/// Asks a thread about keys. An empty answer of `describe` or a negative one of the others: the kernel refused.
class Asker {
 public:
  Asker(infect::SeizedThread& thread, infect::ParasiteSession& session) : thread_(thread), session_(session) {}

  /// Serial number of one of its own keyrings; 0: it has none.
  Result<Serial> keyring(SpecialKeyring which) {
    const SysResult r =
        TRY(session_.remote_syscall(thread_, SYS_keyctl, kGetKeyringId, static_cast<long>(which), 0, 0, 0));
    return r.ok() ? static_cast<Serial>(r.raw()) : 0;
  }
  Result<std::string> describe(Serial key) { return ask(kDescribe, key); }
  Result<std::string> read(Serial key) { return ask(kRead, key); }
  /// Why the last question was not answered.
  int err() const { return err_; }

 private:
  Result<std::string> ask(Keyctl what, Serial key) {
    const SysResult size = TRY(session_.remote_syscall(thread_, SYS_keyctl, what, key, 0, 0, 0));
    err_ = size.ok() ? 0 : size.err();
    if (!size.ok() || size.raw() == 0) return std::string();
    session_.reset_arena();
    const auto room = TRY(session_.reserve<char>(static_cast<std::size_t>(size.raw())));
    const SysResult r = TRY(session_.remote_syscall(thread_, SYS_keyctl, what, key,
                                                    session_.address_of(room.offset).value, size.raw(), 0));
    err_ = r.ok() ? 0 : r.err();
    std::string text;
    if (r.ok()) text.assign(session_.view(room).data(), static_cast<std::size_t>(std::min(r.raw(), size.raw())));
    session_.reset_arena();
    return text;
  }

  infect::SeizedThread& thread_;
  infect::ParasiteSession& session_;
  int err_ = 0;
};

Error refuse(std::string object, const std::string& why) {
  return Error{"security", "dump", std::move(object), 0,
               format("{}; --allow-lossy {} restores the process without its keys", why, kLossyKeyrings)};
}

/// Reads the keyrings of one task into its record.
class Reader {
 public:
  Reader(Seen& seen, const Task& task, Asker asker) : seen_(seen), task_(task), asker_(asker) {}

  Result<std::uint32_t> ring(Serial serial) {
    const std::uint32_t place = TRY(add(serial));
    if (rings.keys[place].type != kKeyring) return refuse(serial, "it is no keyring");
    return place;
  }

  Keyrings rings{};

 private:
  Error refuse(Serial serial, const std::string& why) const {
    return keys::refuse(format("key {:#x} of pid {}", static_cast<std::uint32_t>(serial), task_.host), why);
  }

  Result<std::uint32_t> add(Serial serial) {
    if (auto it = places_.find(serial); it != places_.end()) return it->second;
    std::string text = TRY(asker_.describe(serial));
    if (asker_.err() != 0)
      return refuse(serial, format("the kernel does not describe it ({})", strerror(asker_.err())));
    if (!text.empty() && text.back() == '\0') text.pop_back();
    Key k = TRY(parse_description(text));
    k.of_user = k.type == kKeyring && k.description.starts_with("_uid.");
    const auto place = static_cast<std::uint32_t>(rings.keys.size());
    places_[serial] = place;
    rings.keys.push_back(k);
    if (k.of_user) return place;
    TRY(check(serial, k));
    if (k.type == kKeyring) {
      TRY(add_links(serial, place));
      return place;
    }
    rings.keys[place].payload = TRY(asker_.read(serial));
    if (asker_.err() != 0) return refuse(serial, format("the kernel does not show it ({})", strerror(asker_.err())));
    return place;
  }

  Result<> check(Serial serial, const Key& k) {
    if (k.type != kKeyring && k.type != "user" && k.type != "big_key")
      return refuse(serial, format("the kernel does not show what a key of type {} holds", k.type));
    const auto [it, fresh] = seen_.taken.emplace(serial, task_.pid);
    if (!fresh && it->second != task_.pid)
      return refuse(serial, format("{} {} is in a keyring of pid {} too, which it is not inherited from", k.type,
                                   k.description, it->second));
    if (!TRY(is_forever(serial)))
      return refuse(serial,
                    format("{} {} ends by itself, and the kernel does not show exactly when", k.type, k.description));
    return {};
  }

  /// As those see it who may see the keys of the task: itself, by any of its ids, and root.
  Result<bool> is_forever(Serial serial) {
    if (users_.empty()) {
      const Ids ids = TRY(parse_status(TRY(core::read_proc(task_.live, "status")))).uid;
      users_ = {ids.fs, ids.real, ids.effective, ids.saved, 0};
    }
    for (std::uint32_t user : users_)
      if (auto known = is_permanent(TRY(proc_keys_as(seen_, user)), serial)) return *known;
    return false;
  }

  Result<> add_links(Serial ring, std::uint32_t place) {
    const std::string bytes = TRY(asker_.read(ring));
    if (asker_.err() != 0) return refuse(ring, format("the kernel does not show it ({})", strerror(asker_.err())));
    std::vector<Serial> members(bytes.size() / sizeof(Serial));
    std::memcpy(members.data(), bytes.data(), members.size() * sizeof(Serial));
    for (Serial member : members) {
      const std::uint32_t link = TRY(add(member));
      rings.keys[place].links.push_back(link);
    }
    return {};
  }

  Seen& seen_;
  const Task& task_;
  Asker asker_;
  std::vector<std::uint32_t> users_{};
  std::map<Serial, std::uint32_t> places_{};
};

/// That of every user (_uid_ses.N), which the kernel gives to who asks and has none, and the engine's own: the
/// restored tree finds others like them.
Result<bool> is_outside(Serial session, Asker& asker) {
  static const auto engines = static_cast<Serial>(syscall(SYS_keyctl, kGetKeyringId, long{kSessionKeyring}, 0, 0, 0));
  if (session == 0 || session == engines) return true;
  return TRY(asker.describe(session)).find(";_uid_ses.") != std::string::npos;
}

/// 0: it has none; `session`: none, or one from outside.
struct Serials {
  Serial thread = 0, process = 0, session = 0;
};

Result<Serials> ask_serials(Asker& asker) {
  Serials s;
  s.thread = TRY(asker.keyring(kThreadKeyring));
  s.process = TRY(asker.keyring(kProcessKeyring));
  const Serial session = TRY(asker.keyring(kSessionKeyring));
  if (!TRY(is_outside(session, asker))) s.session = session;
  return s;
}

/// In /proc/key-users each line is "0:     9 8/8 3/1000000 40/25000000"; the third word counts what the user has
/// made, with what the kernel has made for him.
Result<bool> nobody_has_keys(Seen& seen) {
  const auto text = core::read_text("/proc/key-users");
  if (!text.ok()) return false;
  const auto words = core::words(text.value());
  if (words.size() % 5 != 0) return false;
  for (std::size_t i = 0; i < words.size(); i += 5) {
    const auto user = core::number(words[i].substr(0, words[i].find(':')));
    const auto made = core::number(words[i + 3].substr(0, words[i + 3].find('/')));
    if (!user || !made) return false;
    const auto uid = static_cast<std::uint32_t>(*user);
    if (*made > 0 && *made != count_kernel_made(TRY(proc_keys_as(seen, uid)), uid)) return false;
  }
  return true;
}

/// Threads have what their process has: the same two keyrings, and nothing in one of their own.
Result<> check_threads(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session, const Serials& main) {
  auto& threads = ctx.seized[task.index].threads();
  for (std::size_t i = 1; i < threads.size(); ++i) {
    Asker asker(threads[i], session);
    const Serials own = TRY(ask_serials(asker));
    const bool holds = own.thread != 0 && !TRY(asker.read(own.thread)).empty();
    if (!holds && own.process == main.process && own.session == main.session) continue;
    return refuse(format("thread {} of pid {}", threads[i].tid, task.host),
                  format("it has another {} keyring than its process", holds                         ? "thread"
                                                                       : own.process != main.process ? "process"
                                                                                                     : "session"));
  }
  return {};
}

bool shares_memory(const DumpCtx& ctx, const Task& task) {
  const auto& of = ctx.models.get<KobjModel>().of;
  return std::any_of(of.begin(), of.end(), [&](const auto& other) {
    return other.first != task.pid && other.second.vm == of.at(task.pid).vm;
  });
}

Result<Keyrings> look_at(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  auto& seen = ctx.models.edit<Seen>();
  Asker asker(ctx.seized[task.index].threads().front(), session);
  const Serials main = TRY(ask_serials(asker));
  seen.session[task.pid] = main.session;
  TRY(check_threads(ctx, task, session, main));

  const Serial inherited = task.parent == kNoTask ? 0 : seen.session[ctx.tree.tasks[task.parent].pid];
  const bool inherits = main.session == inherited;
  Reader reader(seen, task, asker);
  if (!inherits && main.session == 0) {
    // Its parent has one of its own since it was made. A new one that holds nothing does for it.
    reader.rings.session = 0;
    reader.rings.keys.push_back({kKeyring, "_ses", 0, 0, 0x3f030000});
  } else if (!inherits) {
    reader.rings.session = TRY(reader.ring(main.session));
  }
  if (main.process != 0) reader.rings.process = TRY(reader.ring(main.process));
  if (main.thread != 0) reader.rings.thread = TRY(reader.ring(main.thread));
  if (reader.rings.keys.empty()) return Keyrings{};
  const std::string object = format("pid {}", task.host);
  if (core::child_space(ctx.models, task.pid) != nullptr)
    return refuse(object, "it lives in a user namespace below that of the tree and has keyrings of its own");
  if (shares_memory(ctx, task))
    return refuse(object, "it shares its memory with another process and has keyrings of its own");
  return std::move(reader.rings);
}

}  // namespace

Result<> interrogate(DumpCtx& ctx, const Task& task, infect::ParasiteSession& session) {
  auto& seen = ctx.models.edit<Seen>();
  if (task.parent == kNoTask) seen.nobody = TRY(nobody_has_keys(seen));
  if (seen.nobody) return {};
  auto rings = look_at(ctx, task, session);
  if (!rings.ok()) {
    if (!ctx.opt.allows_lossy(kLossyKeyrings)) return rings.take_error();
    ctx.losses.push_back(format("{}: pid {}", kLossyKeyrings, task.host));
    return {};
  }
  if (!rings.value().keys.empty()) ctx.models.edit<KeysModel>().of.emplace(task.pid, std::move(rings.value()));
  return {};
}

}  // namespace keys
}  // namespace cr::security
