// tty_file_entry of files.img; tty-info.img, tty-data.img.
#include <algorithm>

#include "base/format.h"
#include "core/image_dir.h"
#include "files/description.h"
#include "files/fdinfo.pb.h"
#include "tty/node.h"
#include "tty/tty.h"

namespace cr::tty {
namespace {

void put_settings(const Settings& s, pb::termios_entry& e) {
  e.set_c_iflag(s.iflag);
  e.set_c_oflag(s.oflag);
  e.set_c_cflag(s.cflag);
  e.set_c_lflag(s.lflag);
  e.set_c_line(s.line);
  e.set_c_ispeed(s.ispeed);
  e.set_c_ospeed(s.ospeed);
  for (std::uint8_t c : s.cc) e.add_c_cc(c);
}

Settings get_settings(const pb::termios_entry& e) {
  Settings s{e.c_iflag(), e.c_oflag(), e.c_cflag(), e.c_lflag(), e.c_line(), e.c_ispeed(), e.c_ospeed()};
  for (int i = 0; i < std::min<int>(e.c_cc_size(), static_cast<int>(s.cc.size())); ++i)
    s.cc[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(e.c_cc(i));
  return s;
}

void put_ours(const Terminal& t, pb::tty_info_entry& e) {
  if (t.mode) e.set_cr_mode(*t.mode);
  if (t.was_open) e.set_cr_was_open(true);
  if (t.stopped) e.set_cr_stopped(true);
  for (NsPid pid : t.without) e.add_cr_without(static_cast<std::uint32_t>(pid.value));
  if (t.real != 0) e.set_cr_real(t.real);
}

void put_terminal(const Terminal& t, pb::tty_info_entry& e) {
  e.Clear();
  e.set_id(t.id);
  e.set_type(static_cast<pb::TtyType>(t.type));
  e.set_locked(t.locked);
  e.set_exclusive(t.exclusive);
  e.set_packet_mode(t.packet_mode);
  e.set_sid(static_cast<std::uint32_t>(t.sid.value));
  e.set_pgrp(static_cast<std::uint32_t>(t.pgrp.value));
  e.set_rdev(t.rdev);
  e.set_dev(t.dev);
  if (t.type == Type::kPty) {
    e.mutable_pty()->set_index(t.index);
    e.set_uid(t.uid);
    e.set_gid(t.gid);
  }
  if (t.settings) put_settings(*t.settings, *e.mutable_termios());
  if (t.locked_settings) put_settings(*t.locked_settings, *e.mutable_termios_locked());
  if (t.window) {
    pb::winsize_entry& w = *e.mutable_winsize();
    w.set_ws_row(t.window->rows);
    w.set_ws_col(t.window->columns);
    w.set_ws_xpixel(t.window->xpixel);
    w.set_ws_ypixel(t.window->ypixel);
  }
  put_ours(t, e);
}

Error damaged(std::string object, std::string what) {
  return fail("use", std::move(object), 0, std::move(what) + ": the image is damaged");
}

Terminal get_terminal(const pb::tty_info_entry& e) {
  Terminal t;
  t.id = e.id();
  t.type = static_cast<Type>(e.type());
  t.locked = e.locked();
  t.exclusive = e.exclusive();
  t.packet_mode = e.packet_mode();
  t.sid = NsPid{static_cast<int>(e.sid())};
  t.pgrp = NsPid{static_cast<int>(e.pgrp())};
  t.rdev = e.rdev();
  t.dev = e.dev();
  t.index = e.pty().index();
  t.master = t.type == Type::kPty && is_master_node(t.rdev);
  t.uid = e.uid();
  t.gid = e.gid();
  if (e.has_termios()) t.settings = get_settings(e.termios());
  if (e.has_termios_locked()) t.locked_settings = get_settings(e.termios_locked());
  if (e.has_winsize()) {
    const pb::winsize_entry& w = e.winsize();
    t.window = WindowSize{static_cast<std::uint16_t>(w.ws_row()), static_cast<std::uint16_t>(w.ws_col()),
                          static_cast<std::uint16_t>(w.ws_xpixel()), static_cast<std::uint16_t>(w.ws_ypixel())};
  }
  if (e.has_cr_mode()) t.mode = e.cr_mode();
  t.was_open = e.cr_was_open();
  t.stopped = e.cr_stopped();
  for (std::uint32_t pid : e.cr_without()) t.without.push_back(NsPid{static_cast<int>(pid)});
  t.real = e.cr_real();
  t.object = t.type == Type::kPty ? format("terminal /dev/pts/{}", t.index) : format("terminal {:x}", t.rdev);
  return t;
}

/// Puts an end into its pair.
Result<> add_to_pair(Model& model, const Terminal& t) {
  if (t.type != Type::kPty) return {};
  Pair& pair = model.pairs[{t.dev, t.index}];
  TerminalId& slot = t.master ? pair.master : t.hung_up() ? pair.hung_up : pair.slave;
  if (slot != 0) return damaged(t.object, "tty-info.img has it twice");
  slot = t.id;
  return {};
}

Result<> read_infos(ReadCtx& ctx, Model& model) {
  auto image = TRY(ctx.images.optional_image(core::ImageType::kTtyInfo));
  if (!image) return {};
  pb::tty_info_entry e;
  while (TRY(image->next(e))) {
    Terminal t = get_terminal(e);
    TRY(add_to_pair(model, t));
    const std::string object = t.object;
    if (t.id == 0 || !model.terminals.emplace(t.id, std::move(t)).second)
      return damaged(object, "tty-info.img has its id twice");
  }
  // The other writer of the format tells of a /dev/tty only the session.
  for (auto& [id, t] : model.terminals) {
    if (t.type != Type::kCtty || t.real != 0 || t.sid == NsPid{}) continue;
    for (const auto& [other, real] : model.terminals)
      if (real.type != Type::kCtty && !real.master && real.sid == t.sid) t.real = other;
  }
  return {};
}

Result<> check_input(const Terminal& t) {
  const Input& in = t.input;
  const bool sorted = std::is_sorted(in.ends.begin(), in.ends.end());
  if (sorted && in.unfinished <= in.bytes.size() && (in.ends.empty() || in.ends.back() <= in.bytes.size())) return {};
  return damaged(t.object, "tty-data.img has an end of file behind the end");
}

Result<> read_inputs(ReadCtx& ctx, Model& model) {
  auto image = TRY(ctx.images.optional_image(core::ImageType::kTtyData));
  if (!image) return {};
  pb::tty_data_entry e;
  while (TRY(image->next(e))) {
    auto it = model.terminals.find(e.tty_id());
    if (it == model.terminals.end()) return damaged(format("tty-data.img of {}", e.tty_id()), "it has no terminal");
    it->second.input = Input{e.data(), {e.cr_ends().begin(), e.cr_ends().end()}, e.cr_unfinished()};
    TRY(check_input(it->second));
  }
  return {};
}

}  // namespace

Result<> write_open(const DumpCtx& ctx, FileId id, pb::file_entry& entry) {
  const OpenTerminal& open = ctx.models.get<Model>().opens.at(id);
  const files::Description& d = files::description(ctx.models, id);
  pb::tty_file_entry& e = *entry.mutable_tty();
  e.set_id(id);
  e.set_tty_info_id(open.terminal);
  e.set_flags(d.flags);
  e.set_regf_id(open.path_id);
  files::put_owner(d.owner, *e.mutable_fown());
  return {};
}

Result<> write_terminals(DumpCtx& ctx) {
  const Model& model = ctx.models.get<Model>();
  if (model.terminals.empty()) return {};
  core::ImageWriter infos = TRY(ctx.images.create(core::ImageType::kTtyInfo));
  core::ImageWriter inputs = TRY(ctx.images.create(core::ImageType::kTtyData));
  pb::tty_info_entry info;
  for (const auto& [id, t] : model.terminals) {
    put_terminal(t, info);
    TRY(infos.write(info));
    if (t.input.empty()) continue;
    pb::tty_data_entry data;
    data.set_tty_id(id);
    data.set_data(t.input.bytes);
    for (std::uint32_t end : t.input.ends) data.add_cr_ends(end);
    if (t.input.unfinished != 0) data.set_cr_unfinished(t.input.unfinished);
    TRY(inputs.write(data));
  }
  TRY(inputs.close());
  return infos.close();
}

Result<> read_open(ReadCtx& ctx, const pb::file_entry& entry) {
  const pb::tty_file_entry& e = entry.tty();
  TRY(files::add_description(ctx, e.id(), kKind, e.flags(), 0, files::get_owner(e.fown())));
  ctx.models.edit<Model>().opens[e.id()] = OpenTerminal{.terminal = e.tty_info_id(), .path_id = e.regf_id()};
  return {};
}

Result<> read_terminals(ReadCtx& ctx) {
  Model& model = ctx.models.edit<Model>();
  TRY(read_infos(ctx, model));
  TRY(read_inputs(ctx, model));
  for (auto& [id, open] : model.opens) {
    const std::string object = format("file {} (terminal)", id);
    if (!model.terminals.contains(open.terminal)) return damaged(object, "tty-info.img has no such terminal");
    if (open.path_id != 0) open.path = TRY(files::take_path(ctx, open.path_id));
  }
  for (const auto& [id, t] : model.terminals)
    if (t.real != 0 && !model.terminals.contains(t.real)) return damaged(t.object, "its real terminal is not there");
  return {};
}

}  // namespace cr::tty
