// Folding (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", 2009) by vectors
// of 64 bytes: what stands in front of the message is multiplied to where its end is, until 256 bytes are left that
// have the checksum of all.
#include <immintrin.h>

#include "arch/x86_64/crc32c.h"

namespace cr::arch::x86_64 {

bool crc32c_fold_available() {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("vpclmulqdq");
}

__attribute__((target("avx512f,vpclmulqdq,sse4.2"))) std::uint32_t crc32c_fold(std::uint32_t state,
                                                                               const unsigned char* p,
                                                                               std::size_t size, std::uint64_t low,
                                                                               std::uint64_t high) {
  constexpr int kVectors = kCrc32cFold / sizeof(__m512i);
  if (size == 0) return state;
  const auto a = static_cast<long long>(low), b = static_cast<long long>(high);
  const __m512i keys = _mm512_set_epi64(b, a, b, a, b, a, b, a);
  __m512i sum[kVectors];
  for (int i = 0; i < kVectors; ++i) sum[i] = _mm512_loadu_si512(p + i * sizeof(__m512i));
  sum[0] = _mm512_xor_si512(sum[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state))));
  for (const unsigned char* end = p + size; (p += kCrc32cFold) != end;)
    for (int i = 0; i < kVectors; ++i) {
      const __m512i first = _mm512_clmulepi64_epi128(sum[i], keys, 0x00);
      const __m512i second = _mm512_clmulepi64_epi128(sum[i], keys, 0x11);
      constexpr int kXorOfThree = 0x96;
      sum[i] = _mm512_ternarylogic_epi64(first, second, _mm512_loadu_si512(p + i * sizeof(__m512i)), kXorOfThree);
    }
  unsigned char left[kCrc32cFold];
  for (int i = 0; i < kVectors; ++i) _mm512_storeu_si512(left + i * sizeof(__m512i), sum[i]);
  return crc32c_serial(0, left, sizeof left);
}

}  // namespace cr::arch::x86_64
