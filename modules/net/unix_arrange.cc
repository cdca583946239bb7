#include "net/unix_arrange.h"

#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/format.h"
#include "base/log.h"
#include "files/description.h"
#include "net/unix_diag.h"

namespace cr::net {
namespace {

constexpr FileId kFirstStandIn = 0x80000000;

Error unfit(FileId id, std::string what) {
  return Error{"net", "restore", format("unix socket {} of the images", id), 0, std::move(what)};
}

class Arranger {
 public:
  explicit Arranger(ReadCtx& ctx) : ctx_(ctx), model_(ctx.models.edit<UnixModel>()) {}

  Result<> run() {
    std::vector<FileId> all;
    for (auto& [id, s] : model_.sockets) {
      all.push_back(id);
      take_inherited(s);
    }
    for (FileId id : all) TRY(arrange(id));
    order_pending(all);
    order_datagrams(all);
    return {};
  }

 private:
  void take_inherited(UnixSocket& s) {
    const std::string name = format("socket:[{}]", s.ino);
    s.inherited = std::any_of(ctx_.opt.inherit_fds.begin(), ctx_.opt.inherit_fds.end(),
                              [&](const InheritFd& fd) { return fd.resource == name; });
  }

  Result<> arrange(FileId id) {
    UnixSocket& s = model_.sockets.at(id);
    if (s.external() || s.listening() || s.inherited) return {};
    if (s.peer == 0) {
      if (s.peer_closed && is_connection(s)) TRY(connection(id, 0));
      return {};
    }
    const auto it = model_.by_inode.find(s.peer);
    if (it == model_.by_inode.end())
      return unfit(id, format("its peer {} is not in the images: give a descriptor for it with --inherit-fd "
                              "fd[N]:socket:[{}]",
                              s.peer, s.ino));
    const UnixSocket& other = model_.sockets.at(it->second);
    if (s.datagram()) {
      // CRIU notes no SO_PEERCRED; without names only socketpair(2) can have connected them.
      const bool mutual = other.peer == s.ino && !other.external();
      if (mutual && (s.peer_cred || (s.name.bytes.empty() && other.name.bytes.empty())) && id < it->second)
        TRY(connection(id, it->second));
      return {};
    }
    if (other.listening()) {
      s.listener = it->second;
      s.is_client = true;
    } else if (other.peer != s.ino) {
      return unfit(id, "its peer is connected to another one: the image is unfit");
    } else if (id < it->second) {
      TRY(connection(id, it->second));
    }
    return {};
  }

  /// Of a and b; b is 0 when it is gone.
  Result<> connection(FileId a, FileId b) {
    UnixSocket& s = model_.sockets.at(a);
    UnixSocket* other = b == 0 ? nullptr : &model_.sockets.at(b);
    s.partner = b;
    if (other != nullptr) other->partner = a;
    const std::string& name_a = s.name.bytes;
    const std::string& name_b = other != nullptr ? other->name.bytes : s.peer_name;
    if (s.datagram() || (name_a.empty() && name_b.empty())) return {};
    // The end that was accepted has the name of its listener.
    const bool a_accepted =
        name_b.empty() || (!name_a.empty() && (has_listener(s, name_a) || !has_listener(s, name_b)));
    const UnixSocket* client = a_accepted ? other : &s;
    // Nobody can have the name of the former listener while another one does; it ends as a nameless pair then.
    if (!a_accepted && other == nullptr && !has_listener(s, name_b) && name_b[0] == '\0' &&
        TRY(is_taken(s, name_b))) {
      log::warn("unix socket {}: its peer, which is gone, had a name that another socket has now", a);
      return {};
    }
    const FileId listener =
        TRY(listener_for(s, a_accepted ? name_a : name_b, client == nullptr ? std::nullopt : client->peer_cred));
    s.listener = listener;
    s.is_client = !a_accepted;
    if (other != nullptr) {
      other->listener = listener;
      other->is_client = a_accepted;
    }
    ++model_.joins;
    return {};
  }

  bool is_listener(const UnixSocket& l, const UnixSocket& like, const std::string& name) const {
    return l.listening() && l.type == like.type && l.net_ns == like.net_ns && l.name.bytes == name;
  }
  bool has_listener(const UnixSocket& like, const std::string& name) const {
    return std::any_of(model_.sockets.begin(), model_.sockets.end(),
                       [&](const auto& x) { return is_listener(x.second, like, name); });
  }

  Result<bool> is_taken(const UnixSocket& like, const std::string& name) {
    if (!all_) all_ = TRY(ask_all_unix());
    return std::any_of(all_->begin(), all_->end(),
                       [&](const UnixDiag& d) { return d.type == like.type && d.name == name; });
  }

  /// One of that name; where another process was noted as the one that listens, one that stands in for it, as long as
  /// two can have the name at a time.
  Result<FileId> listener_for(const UnixSocket& like, const std::string& name,
                              const std::optional<UnixCreds>& creds) {
    for (const auto& [id, l] : model_.sockets)
      if (is_listener(l, like, name) && (!creds || l.peer_cred == creds || name[0] == '\0')) return id;
    const FileId id = kFirstStandIn + stand_ins_++;
    TRY(files::add_description(ctx_, id, kUnixKind, O_RDWR, 0, FileOwner{}));
    files::Description& d = ctx_.models.edit<files::Model>().descriptions.at(id);
    d.wanted = true;
    UnixSocket l;
    l.type = like.type;
    l.state = kUnixListening;
    l.backlog = 1;
    l.net_ns = like.net_ns;
    l.name.bytes = name;
    l.name.deleted = true;
    l.peer_cred = creds;
    d.object = format("a listener in place of the former one at {}", l.name.text());
    model_.sockets[id] = std::move(l);
    return id;
  }

  void order_pending(const std::vector<FileId>& all) {
    std::set<FileId> known;
    for (FileId id : all)
      for (std::uint32_t ino : model_.sockets.at(id).pending) {
        const auto it = model_.by_inode.find(ino);
        const FileId client = ino == 0 || it == model_.by_inode.end() ? 0 : it->second;
        model_.pending.push_back({client, id});
        known.insert(client);
      }
    for (FileId id : all)  // CRIU does not tell the order
      if (const UnixSocket& s = model_.sockets.at(id); is_pending(s) && !known.contains(id))
        model_.pending.push_back({id, s.listener});
  }

  /// A datagram socket that is connected takes messages, and connections, from its peer alone: who is connected to it
  /// otherwise came first.
  void order_datagrams(const std::vector<FileId>& all) {
    std::set<FileId> seen;
    const std::function<void(FileId)> add = [&](FileId id) {
      const UnixSocket& s = model_.sockets.at(id);
      if (!s.datagram() || s.external() || s.inherited || is_connection(s) || !seen.insert(id).second) return;
      if (s.peer != 0 || s.peer_closed)
        for (FileId other : all)
          if (model_.sockets.at(other).peer == s.ino) add(other);
      model_.lone_datagrams.push_back(id);
    };
    for (FileId id : all) add(id);
  }

  ReadCtx& ctx_;
  UnixModel& model_;
  FileId stand_ins_ = 0;
  std::optional<std::vector<UnixDiag>> all_{};  ///< asked for when first needed
};

}  // namespace

Result<> arrange_unix(ReadCtx& ctx) { return Arranger(ctx).run(); }

}  // namespace cr::net
