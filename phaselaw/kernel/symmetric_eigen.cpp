// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

// LAPACK's own names and conventions (column-major, 32-bit integers), from OpenBLAS.
extern "C" {
#define PHASELAW_LAPACK(T, p)                                                                                       \
  void p##sytrd_(const char* triangle, const int* n, T* a, const int* lda, T* d, T* e, T* tau, T* work,             \
                 const int* lwork, int* info);                                                                      \
  void p##stedc_(const char* job, const int* n, T* d, T* e, T* z, const int* ldz, T* work, const int* lwork,        \
                 int* iwork, const int* liwork, int* info);                                                         \
  void p##larft_(const char* direction, const char* storage, const int* n, const int* k, T* v, const int* ldv,      \
                 const T* tau, T* t, const int* ldt);                                                               \
  void p##larfb_(const char* side, const char* transpose, const char* direction, const char* storage, const int* m, \
                 const int* n, const int* k, const T* v, const int* ldv, const T* t, const int* ldt, T* c,          \
                 const int* ldc, T* work, const int* ldwork);
PHASELAW_LAPACK(float, s)
PHASELAW_LAPACK(double, d)
#undef PHASELAW_LAPACK
}

namespace phaselaw::kernel {

namespace {

template <class T>
struct Lapack;
template <>
struct Lapack<float> {
  static constexpr auto sytrd = &ssytrd_;
  static constexpr auto stedc = &sstedc_;
  static constexpr auto larft = &slarft_;
  static constexpr auto larfb = &slarfb_;
};
template <>
struct Lapack<double> {
  static constexpr auto sytrd = &dsytrd_;
  static constexpr auto stedc = &dstedc_;
  static constexpr auto larft = &dlarft_;
  static constexpr auto larfb = &dlarfb_;
};

constexpr int kReductionBlock = 64, kBlock = 128;

std::size_t area(int rows, int columns) { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }

// The factor that scales the largest entry so that no product under- or overflows; 1 if no scaling is needed.
template <class T>
T safe_scale(int n, const T* a) {
  T largest = 0;
  for (int j = 0; j < n; ++j)
    for (int i = 0; i <= j; ++i) largest = std::max(largest, std::abs(a[area(j, n) + static_cast<std::size_t>(i)]));
  const T low = std::sqrt(std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon());
  if (largest == 0 || (largest > low && largest < 1 / low)) return 1;
  // A representable factor: denormal entries would need more than the largest power of two.
  constexpr T kMost = std::numeric_limits<T>::max_exponent - 24;
  return std::exp2(std::clamp(-std::floor(std::log2(largest)), -kMost, kMost));
}

// z <- Q z with the n - 1 reflectors that sytrd left above the diagonal of a; the last ones are applied first.
template <class T>
void back_transform(int n, T* a, const T* tau, T* z) {
  std::vector<T> factor(area(kBlock, kBlock)), work(area(n, kBlock));
  T* reflectors = a + n;  // column 1
  for (int i = 0; i < n - 1; i += kBlock) {
    const int count = std::min(kBlock, n - 1 - i), length = i + count;
    T* v = reflectors + area(i, n);
    Lapack<T>::larft("B", "C", &length, &count, v, &n, tau + i, factor.data(), &kBlock);
    Lapack<T>::larfb("L", "N", "B", "C", &length, &n, &count, v, &n, factor.data(), &kBlock, z, &n, work.data(), &n);
  }
}

}  // namespace

template <class T>
int symmetric_eigen(int n, T* a, T* values) {
  if (n == 1) {
    values[0] = a[0];
    a[0] = 1;
    return 0;
  }
  const T scale = safe_scale(n, a);
  if (scale != 1)
    for (std::size_t i = 0; i < area(n, n); ++i) a[i] *= scale;
  const auto size = static_cast<std::size_t>(n);
  std::vector<T> off_diagonal(size), tau(size), z(area(n, n));
  int info = 0;
  {
    const int lwork = n * kReductionBlock;
    std::vector<T> work(static_cast<std::size_t>(lwork));
    Lapack<T>::sytrd("U", &n, a, &n, values, off_diagonal.data(), tau.data(), work.data(), &lwork, &info);
  }
  {
    const int lwork = 1 + 4 * n + n * n, liwork = 3 + 5 * n;
    std::vector<T> work(static_cast<std::size_t>(lwork));
    std::vector<int> integers(static_cast<std::size_t>(liwork));
    Lapack<T>::stedc("I", &n, values, off_diagonal.data(), z.data(), &n, work.data(), &lwork, integers.data(), &liwork,
                     &info);
  }
  if (info != 0) return info;
  back_transform(n, a, tau.data(), z.data());
  std::copy(z.begin(), z.end(), a);
  for (int i = 0; i < n; ++i) values[i] /= scale;
  return 0;
}

template int symmetric_eigen<float>(int, float*, float*);
template int symmetric_eigen<double>(int, double*, double*);

}  // namespace phaselaw::kernel
