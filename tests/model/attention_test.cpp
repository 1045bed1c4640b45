// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/attention.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <Eigen/Core>

#include "phaselaw/numerics/random.h"

namespace phaselaw::model {
namespace {

// Against the definition in long double. With |q|, |k| < 1 a score is wrong by at most delta = scale d (d + 3) eps, so
// a weight, relatively, by 2 delta and a few roundings of exp, sum and quotient; z is a sum of L such weights times v.
template <class T>
void expect_attention(const AttentionShape& s) {
  constexpr long double kEps = std::numeric_limits<T>::epsilon();
  const std::int64_t width = s.n_heads * s.d_head, rows = s.n * s.seq_len;
  std::vector<T> qkv(static_cast<std::size_t>(rows * 3 * width)), z(static_cast<std::size_t>(rows * width));
  std::vector<T> weights(static_cast<std::size_t>(rows * s.n_heads * s.seq_len), std::numeric_limits<T>::quiet_NaN());
  std::vector<T, Eigen::aligned_allocator<T>> scratch(static_cast<std::size_t>(attention_scratch(s)));
  numerics::RandomStream random(21, "attention", static_cast<std::uint64_t>(s.seq_len));
  for (T& x : qkv) x = static_cast<T>(2 * random.uniform() - 1);
  attention_forward(s, self_rows<const T>(s, qkv.data()), weights.data(), z.data(), scratch.data());
  const auto size = static_cast<long double>(s.d_head), scale = static_cast<long double>(s.scale);
  const long double delta = scale * size * (size + 3) * kEps,
                    relative = 2 * delta + (static_cast<long double>(s.seq_len) + 12) * kEps;
  const auto at = [&](std::int64_t row, std::int64_t part, std::int64_t h, std::int64_t c) {
    return static_cast<long double>(qkv[static_cast<std::size_t>(row * 3 * width + part * width + h * s.d_head + c)]);
  };
  for (std::int64_t i = 0; i < s.n; ++i)
    for (std::int64_t h = 0; h < s.n_heads; ++h)
      for (std::int64_t t = 0; t < s.seq_len; ++t) {
        const std::int64_t first = i * s.seq_len, visible = s.causal ? t + 1 : s.seq_len;
        std::vector<long double> expected(static_cast<std::size_t>(s.seq_len), 0.0L);
        long double total = 0;
        for (std::int64_t j = 0; j < visible; ++j) {
          long double score = 0;
          for (std::int64_t c = 0; c < s.d_head; ++c) score += at(first + t, 0, h, c) * at(first + j, 1, h, c);
          total += expected[static_cast<std::size_t>(j)] = std::exp(scale * score);
        }
        for (std::int64_t j = 0; j < s.seq_len; ++j) {
          const auto w = static_cast<long double>(
              weights[static_cast<std::size_t>(((i * s.n_heads + h) * s.seq_len + t) * s.seq_len + j)]);
          const long double exact = expected[static_cast<std::size_t>(j)] /= total;
          ASSERT_LE(std::abs(w - exact), relative * exact) << "L " << s.seq_len << " row " << t << ", " << j;
        }
        for (std::int64_t c = 0; c < s.d_head; ++c) {
          long double sum = 0, magnitude = 0;
          for (std::int64_t j = 0; j < visible; ++j) {
            sum += expected[static_cast<std::size_t>(j)] * at(first + j, 2, h, c);
            magnitude += expected[static_cast<std::size_t>(j)] * std::abs(at(first + j, 2, h, c));
          }
          const auto found =
              static_cast<long double>(z[static_cast<std::size_t>((first + t) * width + h * s.d_head + c)]);
          ASSERT_LE(std::abs(found - sum), (relative + (static_cast<long double>(s.seq_len) + 3) * kEps) * magnitude)
              << "L " << s.seq_len << " row " << t;
        }
      }
}

// Heads in lanes (up to 512 numbers) and in blocks, groups that fill the lanes and not, lengths of whole vectors and
// not.
TEST(Attention, EqualsItsDefinition) {
  for (const bool causal : {true, false})
    for (const std::int64_t length : {1, 7, 8, 9, 16, 33, 40, 64, 71})
      for (const std::int64_t d_head : {3, 8, 16, 32})
        for (const std::int64_t n : {1, 3}) {
          const AttentionShape shape{n, length, 4, d_head, causal, 1 / std::sqrt(static_cast<double>(d_head))};
          expect_attention<float>(shape);
          expect_attention<double>(shape);
          if (HasFatalFailure()) return;
        }
}

// A score that is not a number spoils its own row and nothing else.
TEST(Attention, NanStaysInItsRow) {
  const AttentionShape shape{1, 64, 1, 16, true, 0.25};
  std::vector<float> qkv(64 * 48, 0.5F), weights(64 * 64), z(64 * 16);
  qkv[30 * 48] = std::nanf("");  // q of token 30
  std::vector<float, Eigen::aligned_allocator<float>> scratch(static_cast<std::size_t>(attention_scratch(shape)));
  attention_forward(shape, self_rows<const float>(shape, qkv.data()), weights.data(), z.data(), scratch.data());
  for (std::size_t t = 0; t < 64; ++t)
    for (std::size_t j = 0; j < 64; ++j)
      EXPECT_EQ(std::isnan(weights[t * 64 + j]), t == 30 && j <= t) << t << ", " << j;
}

}  // namespace
}  // namespace phaselaw::model
