// SysResult: what a system call returned, as the kernel says it. For blobs and remote calls; freestanding.
#pragma once

namespace cr {

/// A non-negative value or -errno, in one register.
class [[nodiscard]] SysResult {
 public:
  constexpr SysResult(long raw) : raw_(raw) {}
  /// The kernel keeps the top 4095 values for errors (include/linux/err.h).
  constexpr bool ok() const { return static_cast<unsigned long>(raw_) < static_cast<unsigned long>(-4095L); }
  constexpr long take() const { return raw_; }
  constexpr SysResult take_error() const { return *this; }
  constexpr long raw() const { return raw_; }
  constexpr int err() const { return ok() ? 0 : static_cast<int>(-raw_); }

 private:
  long raw_;
};

}  // namespace cr
