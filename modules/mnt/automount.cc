#include "mnt/automount.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/format.h"
#include "core/id_map.h"
#include "core/kernel_pipes.h"
#include "core/proc_text.h"
#include "files/files.h"
#include "mnt/bare.h"
#include "mnt/failed.h"
#include "mnt/fs_types.h"
#include "mnt/mnt.h"

namespace cr::mnt {
namespace {

Error refuse(const std::string& object, std::string why) { return Error{"mnt", "carry", object, 0, std::move(why)}; }

template <class F>
void each_option(std::string_view options, F f) {
  while (!options.empty()) {
    const std::size_t comma = std::min(options.find(','), options.size());
    f(options.substr(0, comma));
    options.remove_prefix(std::min(comma + 1, options.size()));
  }
}

bool has_flag(std::string_view options, std::string_view name) {
  bool found = false;
  each_option(options, [&](std::string_view o) { found = found || o == name; });
  return found;
}

Result<long> number_of(const Mount& m, std::string_view name) {
  const std::string_view text = option_value(m.options, name);
  const auto value = core::number(text);
  if (!value) return refuse(m.name(), format("its option {} is \"{}\", which is no number", name, text));
  return static_cast<long>(*value);
}

/// Looks at directories without asking the daemon, who stands still: O_PATH asks nobody, nor does what a link of
/// /proc leads to.
Result<> list_below(int directory, const std::string& path, const std::string& object, Automount& a) {
  std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(directory), closedir);
  if (!stream) return failed("list", object);
  std::vector<std::string> names;
  while (const dirent* d = readdir(stream.get()))
    if (const std::string_view name = d->d_name; name != "." && name != "..") names.emplace_back(name);
  for (const std::string& name : names) {
    const std::string below = path.empty() ? name : format("{}/{}", path, name);
    const UniqueFd place(openat(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat st;
    if (!place || fstat(place.get(), &st) != 0) return failed("look at", format("{} of {}", below, object));
    if (!S_ISDIR(st.st_mode)) return refuse(format("{} of {}", below, object), "it is no directory: remove it");
    a.directories.push_back({below, st.st_mode & 07777});
    UniqueFd opened(open(format("/proc/thread-self/fd/{}", place.get()).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened && errno == ENOENT) continue;  // an empty one says so to everybody but the daemon
    if (!opened) return failed("open", format("{} of {}", below, object));
    TRY(list_below(opened.release(), below, object, a));
  }
  return {};
}

Result<Automount> look_at(const Mount& m, HostPid member, const std::vector<Mount>& all) {
  Automount a;
  if (!has_flag(m.options, "indirect"))
    return refuse(m.name(), "it is not of the kind indirect, the only one that is carried: unmount it first");
  if (option_value(m.options, "pipe_ino").starts_with("-"))
    return refuse(m.name(), "its daemon has gone, so that it asks nobody any more: unmount it first");
  a.pipe = static_cast<std::uint64_t>(TRY(number_of(m, "pipe_ino")));
  a.group_outside = static_cast<int>(TRY(number_of(m, "pgrp")));
  a.timeout = TRY(number_of(m, "timeout"));
  a.minproto = static_cast<int>(TRY(number_of(m, "minproto")));
  a.maxproto = static_cast<int>(TRY(number_of(m, "maxproto")));
  a.write_number = static_cast<int>(TRY(number_of(m, "fd")));
  const auto copies = TRY(bare_copies(member, all, {m.dev}));
  UniqueFd root(openat(copies.at(m.dev).get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) return failed("open", m.name());
  TRY(list_below(root.release(), "", m.name(), a));
  return a;
}

/// The number of a descriptor of the task that belongs to one of these.
int number_in(const files::Model& model, const Task& t, const std::vector<std::uint32_t>& ids) {
  const auto table = model.tables.find(model.table_of[t.index]);
  if (table == model.tables.end()) return -1;
  for (const auto& [number, slot] : table->second.slots)
    if (std::find(ids.begin(), ids.end(), slot.id) != ids.end()) return number;
  return -1;
}

Result<> find_daemon(const DumpCtx& ctx, const Mount& m, Automount& a) {
  const auto& files = ctx.models.get<files::Model>();
  const core::KernelPipe& pipe = ctx.models.get<core::KernelPipes>().all.at(a.pipe);
  if (pipe.has_data)
    return refuse(m.name(), "its daemon has not answered yet what it was asked: try again when it has");
  for (const Task& t : ctx.tree.tasks) {
    if (!t.alive() || t.space != 0 || t.pgid.value == 0 || getpgid(t.host.value) != a.group_outside) continue;
    a.read_number = number_in(files, t, pipe.readers);
    if (a.read_number < 0) continue;
    a.group = t.pgid;
    const auto& slots = files.tables.at(files.table_of[t.index]).slots;
    const auto end = slots.find(a.write_number);
    a.own_end = end != slots.end() &&
                std::find(pipe.writers.begin(), pipe.writers.end(), end->second.id) != pipe.writers.end();
    return {};
  }
  return refuse(m.name(),
                format("a program serves it, but no task of the tree in process group {} reads the pipe {} by "
                       "which the kernel asks: dump the daemon too, or unmount it first",
                       a.group_outside, a.pipe));
}

/// The mount that stands for the file system.
const Mount* mount_of(const Namespace& ns, std::uint32_t dev) {
  for (const Mount& m : ns.mounts)
    if (m.dev == dev) return &m;
  return nullptr;
}

}  // namespace

std::string_view option_value(std::string_view options, std::string_view name) {
  std::string_view value;
  each_option(options, [&](std::string_view o) {
    if (o.size() > name.size() && o.starts_with(name) && o[name.size()] == '=') value = o.substr(name.size() + 1);
  });
  return value;
}

std::string lasting_options(std::string_view options) {
  constexpr std::string_view kOther[] = {"fd", "pgrp", "timeout", "pipe_ino"};
  std::string all;
  each_option(options, [&](std::string_view o) {
    const std::string_view name = o.substr(0, o.find('='));
    if (std::find(std::begin(kOther), std::end(kOther), name) == std::end(kOther))
      all.append(all.empty() ? "" : ",").append(o);
  });
  return all;
}

Result<> collect_automounts(DumpCtx& ctx, NsId id, const std::vector<Origin>& origins,
                            const std::vector<Mount>& all) {
  Namespace& ns = ctx.models.edit<Model>().namespaces.at(id);
  for (std::size_t i = 0; i < ns.mounts.size(); ++i) {
    const Mount& m = ns.mounts[i];
    if (m.fs_name != "autofs" || origins[i].kind != Origin::Kind::kNew) continue;
    if (ctx.models.get<core::TreeIds>().own || ctx.models.get<core::ChildIds>().owner_of(id) != 0)
      return refuse(m.name(), "a program serves it, and no user namespace may mount it again: unmount it first");
    if (ns.nested)
      return refuse(m.name(),
                    "a program serves it, in another mount namespace than that of the tree's root: unmount it first");
    const Automount& a = ns.automounts[m.dev] = TRY(look_at(m, ns.member, all));
    ctx.models.edit<core::KernelPipes>().all[a.pipe].holder = m.name();
  }
  return {};
}

Result<> settle_automounts(DumpCtx& ctx) {
  for (auto& [id, ns] : ctx.models.edit<Model>().namespaces)
    for (auto& [dev, a] : ns.automounts) TRY(find_daemon(ctx, *mount_of(ns, dev), a));
  return {};
}

Result<> plan_automounts(PlanCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  files::Model& files = ctx.models.edit<files::Model>();
  for (auto& [id, ns] : model.namespaces)
    for (auto& [dev, a] : ns.automounts) {
      for (const Task& t : ctx.tree.tasks) {
        const auto table =
            t.alive() && t.pgid == a.group ? files.tables.find(files.table_of[t.index]) : files.tables.end();
        if (table == files.tables.end() || !table->second.slots.contains(a.read_number)) continue;
        a.daemon = t.index;
        break;
      }
      if (a.daemon == kNoTask || ns.nested)
        return Error{
            "mnt", "restore", mount_of(ns, dev)->name(), 0,
            format("there is no task in process group {} with descriptor {}, or it is not of the first mount "
                   "namespace: the images are damaged",
                   a.group, a.read_number)};
      a.root_number = files::take_service_number(files);
      if (model.automount_control < 0) model.automount_control = files::take_service_number(files);
    }
  return {};
}

}  // namespace cr::mnt
