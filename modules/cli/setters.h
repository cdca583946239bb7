// How the value of an option becomes a field. The general ones are templates over the field; the rest is in
// setters.cc.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

#include "cli/option_table.h"

namespace cr::cli {

/// The error for a value that can't be read: names option, value and what would be right.
Error bad_value(const Option&, std::string_view text, std::string expected);

/// A whole decimal number between low and high, nothing before or after it.
Result<long> parse_number(const Option&, std::string_view text, long low, long high);
/// A size with an optional suffix K, M or G (powers of 1024).
Result<Bytes> parse_size(const Option&, std::string_view text);

template <auto Field>
Result<> set_flag(Invocation& inv, const Option&, const char*, bool on) {
  inv.options.*Field = on;
  return {};
}

template <auto Field>
Result<> set_text(Invocation& inv, const Option& o, const char* text, bool) {
  if (*text == 0) return bad_value(o, text, "give it a name that is not empty");
  inv.options.*Field = text;
  return {};
}

template <auto Field>
Result<> append_text(Invocation& inv, const Option& o, const char* text, bool) {
  if (*text == 0) return bad_value(o, text, "give it a value that is not empty");
  (inv.options.*Field).push_back(text);
  return {};
}

template <FinalState kState>
Result<> set_final_state(Invocation& inv, const Option&, const char*, bool) {
  inv.options.final_state = kState;
  return {};
}

template <auto Field>
Result<> set_check(Invocation& inv, const Option&, const char*, bool on) {
  inv.options.check.*Field = on;
  return {};
}

template <auto Field>
Result<> set_own_flag(Invocation& inv, const Option&, const char*, bool on) {
  inv.*Field = on;
  return {};
}

Result<> set_pid(Invocation&, const Option&, const char*, bool);
Result<> set_network_lock(Invocation&, const Option&, const char*, bool);
Result<> set_timeout(Invocation&, const Option&, const char*, bool);
Result<> set_status_fd(Invocation&, const Option&, const char*, bool);
Result<> set_verbosity(Invocation&, const Option&, const char*, bool);
Result<> set_ghost_limit(Invocation&, const Option&, const char*, bool);
Result<> set_ext_unix_sk(Invocation&, const Option&, const char*, bool);
Result<> set_lsm_profile(Invocation&, const Option&, const char*, bool);
Result<> set_allow_lossy(Invocation&, const Option&, const char*, bool);
Result<> set_cpu_cap(Invocation&, const Option&, const char*, bool);
Result<> set_file_validation(Invocation&, const Option&, const char*, bool);
Result<> set_manage_cgroups(Invocation&, const Option&, const char*, bool);
Result<> set_empty_ns(Invocation&, const Option&, const char*, bool);
Result<> set_join_ns(Invocation&, const Option&, const char*, bool);
Result<> set_veth_pair(Invocation&, const Option&, const char*, bool);
Result<> set_external(Invocation&, const Option&, const char*, bool);
Result<> set_ext_mount_map(Invocation&, const Option&, const char*, bool);
Result<> set_enable_fs(Invocation&, const Option&, const char*, bool);
Result<> set_inherit_fd(Invocation&, const Option&, const char*, bool);
Result<> set_libdir(Invocation&, const Option&, const char*, bool);
Result<> set_close(Invocation&, const Option&, const char*, bool);
Result<> set_config(Invocation&, const Option&, const char*, bool);
Result<> set_feature(Invocation&, const Option&, const char*, bool);
Result<> set_check_all(Invocation&, const Option&, const char*, bool);

}  // namespace cr::cli
