// The four functions GCC may call on its own in freestanding code. Included once, by a blob's main.cc.
#pragma once

#include <cstddef>

extern "C" {

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void* memcpy(void* __restrict to,
                                                                           const void* __restrict from,
                                                                           std::size_t n) {
  auto* t = static_cast<char*>(to);
  auto* f = static_cast<const char*>(from);
  while (n--) *t++ = *f++;
  return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void* memmove(void* to, const void* from,
                                                                            std::size_t n) {
  auto* t = static_cast<char*>(to);
  auto* f = static_cast<const char*>(from);
  if (t <= f)
    while (n--) *t++ = *f++;
  else
    while (n--) t[n] = f[n];
  return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) void* memset(void* to, int byte, std::size_t n) {
  auto* t = static_cast<char*>(to);
  while (n--) *t++ = static_cast<char>(byte);
  return to;
}

__attribute__((optimize("no-tree-loop-distribute-patterns"))) int memcmp(const void* a, const void* b,
                                                                         std::size_t n) {
  auto* x = static_cast<const unsigned char*>(a);
  auto* y = static_cast<const unsigned char*>(b);
  for (; n--; ++x, ++y)
    if (*x != *y) return *x - *y;
  return 0;
}

}  // extern "C"
