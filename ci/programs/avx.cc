// Four threads that keep a computation in vector registers all the time: AVX (and AVX-512 where the processor has
// it), x87 and the rounding mode of each thread. A register that a dump or restore loses or mixes up changes the
// sums.
#include <immintrin.h>

#include <cfenv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <thread>

namespace {

constexpr int kThreads = 4;
constexpr long kRounds = 500'000'000;

struct Result {
  std::uint64_t words[8];
};

// x = x * a + b in eight double lanes, kept near 1 by a and b; the loop touches no memory.
__attribute__((target("avx2,fma"))) Result run_avx(double seed) {
  __m256d low = _mm256_set_pd(seed, seed + 1, seed + 2, seed + 3);
  __m256d high = _mm256_set_pd(seed + 4, seed + 5, seed + 6, seed + 7);
  const __m256d a = _mm256_set1_pd(0.999999), b = _mm256_set1_pd(0.000001 * seed);
  for (long i = 0; i < kRounds; i++) {
    low = _mm256_fmadd_pd(low, a, b);
    high = _mm256_fmadd_pd(high, a, low);
    high = _mm256_mul_pd(high, _mm256_set1_pd(0.5));
  }
  Result r;
  std::memcpy(&r.words[0], &low, sizeof low);
  std::memcpy(&r.words[4], &high, sizeof high);
  return r;
}

__attribute__((target("avx512f"))) Result run_avx512(double seed) {
  __m512d x = _mm512_set_pd(seed, seed + 1, seed + 2, seed + 3, seed + 4, seed + 5, seed + 6, seed + 7);
  const __m512d a = _mm512_set1_pd(0.999999), b = _mm512_set1_pd(0.000001 * seed);
  __mmask8 odd = 0x55;
  for (long i = 0; i < kRounds; i++) {
    x = _mm512_fmadd_pd(x, a, b);
    x = _mm512_mask_sub_pd(x, odd, x, b);
  }
  Result r;
  std::memcpy(r.words, &x, sizeof x);
  return r;
}

long double run_x87(long double seed) {
  long double x = seed;
  for (long i = 0; i < kRounds / 4; i++) x = x * 0.99999999L + 0.00000001L * seed;
  return x;
}

void run_thread(int number, Result* out, long double* out_x87) {
  constexpr int kModes[kThreads] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  std::fesetround(kModes[number]);
  bool wide = number % 2 == 1 && __builtin_cpu_supports("avx512f");
  *out = wide ? run_avx512(number + 1) : run_avx(number + 1);
  *out_x87 = run_x87(number + 1);
}

}  // namespace

int main() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    std::puts("skip: the processor has no AVX2");
    return 0;
  }
  Result results[kThreads];
  long double x87[kThreads] = {};
  std::thread threads[kThreads];
  for (int i = 0; i < kThreads; i++) threads[i] = std::thread(run_thread, i, &results[i], &x87[i]);
  for (std::thread& t : threads) t.join();
  for (int i = 0; i < kThreads; i++) {
    for (std::uint64_t word : results[i].words) std::printf("%016lx ", word);
    std::printf("%.21Lg\n", x87[i]);
  }
}
