// What an architecture has to provide. Each backend (arch/<name>/) is a set of headers that compile on every host,
// summed up in one traits struct that the static_asserts of its traits.h hold against these concepts.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace cr::arch {

/// Registers, extended state, the system call restart rule and the two ways of redirecting a stopped thread.
template <class A>
concept Arch = requires(typename A::Regs& r, const typename A::Regs& c, std::span<const std::uint64_t> args) {
  typename A::Regs;
  typename A::Xstate;
  { A::kName } -> std::convertible_to<const char*>;
  { A::kRedZone } -> std::convertible_to<std::uint64_t>;
  { A::kPageSize } -> std::convertible_to<std::uint64_t>;  ///< smallest page size of the ABI
  { A::ip(c) } -> std::same_as<std::uint64_t>;
  { A::sp(c) } -> std::same_as<std::uint64_t>;
  { A::syscall_nr(c) } -> std::same_as<long>;
  { A::return_value(c) } -> std::same_as<long>;
  { A::is_compat(c) } -> std::same_as<bool>;
  { A::for_sigreturn(c) } -> std::same_as<typename A::Regs>;
  { A::rewound(c) } -> std::same_as<typename A::Regs>;
  { A::at_entry(c, std::uint64_t{}, std::uint64_t{}, std::uint64_t{}) } -> std::same_as<typename A::Regs>;
  { A::at_sigreturn(c, std::uint64_t{}, std::uint64_t{}, std::uint64_t{}) } -> std::same_as<typename A::Regs>;
  { A::instead_of_sigreturn(c, std::uint64_t{}, long{}, args) } -> std::same_as<typename A::Regs>;
};

/// Has a signal frame builder, so that an injected thread heals itself.
template <class A>
concept HasSigframe = Arch<A> && requires {
  { A::sigframe_size(std::size_t{}) } -> std::same_as<std::size_t>;
};

/// Tasks of a second, narrower ABI exist: carried where kMapCompat is a flag of mmap(2), else refused by name.
template <class A>
concept HasCompat = Arch<A> && A::kHasCompat;

}  // namespace cr::arch
