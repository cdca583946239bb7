// The waist of the engine: every module keeps its Model here, on dump and on restore alike.
#pragma once

#include <map>
#include <memory>

namespace cr {

/// One object of each Model type, made on first use. A module fills its own Model through edit() and reads
/// those of the modules in its `needs` through get().
class Models {
 public:
  template <class T>
  T& edit() {
    auto& slot = slots_[&kKey<T>];
    if (!slot) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }
  template <class T>
  const T& get() const {
    static const T kEmpty{};
    auto it = slots_.find(&kKey<T>);
    return it == slots_.end() ? kEmpty : *static_cast<const T*>(it->second.get());
  }

 private:
  template <class T>
  static constexpr char kKey = 0;
  std::map<const void*, std::shared_ptr<void>> slots_;
};

}  // namespace cr
