#include "mnt/outside.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/format.h"

namespace cr::mnt {
namespace {

/// "mnt[KEY]:VALUE" without the kind: KEY and VALUE. The value may be missing.
struct Word {
  std::string key, value;
  bool has_value = false;
};

Result<Word> take_word(std::string_view text, std::string_view kind) {
  const std::string_view rest = text.substr(kind.size());
  const std::size_t close = rest.rfind("]:");
  Word w;
  if (close != std::string_view::npos) {
    w = {std::string(rest.substr(0, close)), std::string(rest.substr(close + 2)), true};
  } else if (rest.ends_with("]")) {
    w.key = rest.substr(0, rest.size() - 1);
  } else {
    return Error{"mnt", "understand", format("--external {}", text), 0, format("write {}KEY]:VALUE", kind)};
  }
  return w;
}

Result<> take_mount(std::string_view text, Outside& out) {
  Word w = TRY(take_word(text, "mnt["));
  if (!w.key.empty()) {
    out.mounts[w.key] = w.has_value ? w.value : w.key;
    return {};
  }
  out.automatic = true;
  for (char c : w.value) {
    if (c == 'm')
      out.masters = true;
    else if (c == 's')
      out.sharing = true;
    else
      return Error{"mnt", "understand", format("--external {}", text), 0, "behind mnt[]: only m and s may stand"};
  }
  return {};
}

}  // namespace

Result<Outside> outside_of(const Options& opt) {
  Outside out;
  out.sharing = opt.external_sharing;
  out.masters = opt.external_masters;
  for (const std::string& e : opt.external) {
    if (e.starts_with("mnt[")) TRY(take_mount(e, out));
    if (!e.starts_with("dev[")) continue;
    const Word w = TRY(take_word(e, "dev["));
    if (w.key.empty() || !w.has_value)
      return Error{"mnt", "understand", format("--external {}", e), 0, "write dev[MAJOR/MINOR]:KEY, dev[KEY]:PATH"};
    out.devices[w.key] = w.value;
  }
  return out;
}

/// Whether a path leads to that mount, and not to one that hides it.
static bool leads_to(const std::string& path, const Mount& mount) {
  struct statx st;
  return statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID,
               &st) == 0 &&
         st.stx_mnt_id == mount.id;
}

std::string path_outside(const std::vector<Mount>& theirs, const Mount& mount) {
  const Mount* best = nullptr;
  std::string found;
  for (const Mount& t : theirs) {
    if (t.dev != mount.dev || t.deleted || !is_below(mount.root, t.root)) continue;
    // A mount that belongs to the same group is where the bind was made from; else the nearest one.
    auto rank = [&](const Mount& m) {
      const bool related = m.shared != 0 && (m.shared == mount.shared || m.shared == mount.master);
      return std::make_pair(related, m.root.size());
    };
    if (best != nullptr && rank(t) <= rank(*best)) continue;
    std::string path = join(t.point, below(mount.root, t.root));
    if (!leads_to(path, t)) continue;
    best = &t;
    found = std::move(path);
  }
  return found;
}

Result<> name_hidden(const std::vector<Mount>& theirs, Mount& mount) {
  const auto shows = [&](const Mount& t) { return t.dev == mount.dev && t.root == "/" && !t.deleted; };
  const auto it = std::find_if(theirs.begin(), theirs.end(), shows);
  if (it == theirs.end()) return {};
  const bool shares = std::any_of(theirs.begin(), theirs.end(), [&](const Mount& t) {
    return t.shared != 0 && (t.shared == mount.shared || t.shared == mount.master);
  });
  if (shares || (it->flags & MS_UNBINDABLE) != 0 || mount.root != "/")
    return Error{
        "mnt", "carry", mount.name(), 0,
        format("others hide it in the mount namespace of the tree's root, and it {}: leave it out by --skip-mnt "
               "{}",
               shares ? "shares mounts with that" : "can't be bound from there", mount.point)};
  mount.key = kAutoKey;
  mount.source = it->point;
  mount.hidden = 1 + static_cast<std::uint32_t>(
                         std::count_if(theirs.begin(), it, [&](const Mount& t) { return t.point == it->point; }));
  return {};
}

Result<const Mount*> find_hidden(const std::vector<Mount>& theirs, const Mount& mount) {
  std::uint32_t left = mount.hidden;
  for (const Mount& t : theirs)
    if (t.point == mount.source && --left == 0 && t.fs_name == mount.fs_name && t.root == "/") return &t;
  return Error{"mnt", "restore", mount.name(), 0,
               format("it came from mount {} at {}, which others hid; there is none of that kind now", mount.hidden,
                      mount.source)};
}

}  // namespace cr::mnt
