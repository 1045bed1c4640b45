// SPDX-License-Identifier: Apache-2.0
//
// Statistical tests state their error rate: a correct generator fails one of them with the probability that its bound
// gives. Seeds are fixed, so a test that passes once passes always; the rate says how much luck the seed needed.
#include "phaselaw/numerics/random.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace phaselaw::numerics {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Six standard deviations: 2e-9 for a normal statistic.
constexpr double kSigmas = 6;

// A chi-square statistic of `dof` degrees exceeds this with probability 1e-9 (Wilson-Hilferty: the cube root of
// chi-square / dof is close to normal with mean 1 - 2/(9 dof) and variance 2/(9 dof); z = 5.998).
double chi_square_bound(double dof) {
  const double variance = 2 / (9 * dof);
  return dof * std::pow(1 - variance + 5.998 * std::sqrt(variance), 3);
}

double chi_square(const std::vector<int>& counts) {
  const double expected = std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(counts.size());
  double sum = 0;
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// Largest distance between the empirical distribution and `cdf`. Dvoretzky-Kiefer-Wolfowitz with Massart's constant:
// P(D > sqrt(ln(2/p) / 2n)) <= p.
template <class Cdf>
double kolmogorov_distance(std::vector<double> sample, Cdf&& cdf) {
  std::sort(sample.begin(), sample.end());
  const double n = static_cast<double>(sample.size());
  double worst = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double p = cdf(sample[i]);
    worst = std::max({worst, std::abs(p - static_cast<double>(i) / n), std::abs(p - static_cast<double>(i + 1) / n)});
  }
  return worst;
}

double kolmogorov_bound(double n, double probability) { return std::sqrt(std::log(2 / probability) / (2 * n)); }

TEST(Philox, PublishedKnownAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),  // digits of pi
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, EveryInputBitFlipsAboutHalfOfTheOutput) {
  // 192 input bits x 64 blocks x 128 output bits; the share of flipped bits is 1/2 within six standard deviations.
  RandomStream random(1, "avalanche");
  double flips = 0, trials = 0;
  for (int block = 0; block < 64; ++block) {
    Words counter;
    std::array<std::uint32_t, 2> key;
    for (auto& word : counter) word = static_cast<std::uint32_t>(random.bits());
    for (auto& word : key) word = static_cast<std::uint32_t>(random.bits());
    const Words base = philox(counter, key);
    for (std::size_t bit = 0; bit < 192; ++bit) {
      auto other_counter = counter;
      auto other_key = key;
      (bit < 128 ? other_counter[bit / 32] : other_key[bit / 32 - 4]) ^= 1U << (bit % 32);
      const Words changed = philox(other_counter, other_key);
      for (std::size_t w = 0; w < 4; ++w) flips += std::popcount(base[w] ^ changed[w]);
      trials += 128;
    }
  }
  EXPECT_NEAR(flips / trials, 0.5, kSigmas * 0.5 / std::sqrt(trials));
}

TEST(RandomStreams, AreFunctionsOfTheirNameAlone) {
  RandomStream first(7, "weights", 3), other(7, "weights", 4), second(7, "weights", 3);
  std::vector<std::uint64_t> one, two;
  for (int i = 0; i < 100; ++i) {
    one.push_back(first.bits());
    (void)other.normal();  // work in between
  }
  for (int i = 0; i < 100; ++i) two.push_back(second.bits());
  EXPECT_EQ(one, two);
}

TEST(RandomStreams, AnyPartOfTheNameMakesAnotherStream) {
  std::set<std::uint64_t> seen;
  std::size_t drawn = 0;
  for (const std::uint64_t seed : {0ULL, 1ULL, 2ULL, 1ULL << 32, ~0ULL})
    for (const char* purpose : {"", "a", "b", "ab", "ba"})
      for (const std::uint64_t index : {0ULL, 1ULL, 1ULL << 32, ~0ULL}) {
        RandomStream random(seed, purpose, index);
        for (int i = 0; i < 8; ++i, ++drawn) seen.insert(random.bits());
      }
  EXPECT_EQ(seen.size(), drawn);  // 800 draws of 64 bits coincide with probability 2e-14
}

TEST(RandomStreams, NeighbouringStreamsAreUncorrelated) {
  constexpr int kDraws = 20000;
  for (std::uint64_t pair = 0; pair < 20; ++pair) {
    RandomStream a(11, "pair", pair), b(11, "pair", pair + 1);
    double sum = 0;
    for (int i = 0; i < kDraws; ++i) sum += a.normal() * b.normal();
    EXPECT_LT(std::abs(sum) / std::sqrt(kDraws), kSigmas) << pair;
  }
}

TEST(Uniform, MomentsAndDistribution) {
  constexpr int kDraws = 200000;
  RandomStream random(2, "uniform");
  std::vector<double> sample(kDraws);
  for (auto& x : sample) x = random.uniform();
  EXPECT_GT(*std::min_element(sample.begin(), sample.end()), 0.0);
  EXPECT_LT(*std::max_element(sample.begin(), sample.end()), 1.0);
  const double mean = std::accumulate(sample.begin(), sample.end(), 0.0) / kDraws;
  EXPECT_NEAR(mean, 0.5, kSigmas * std::sqrt(1.0 / 12 / kDraws));
  double second = 0;
  for (const double x : sample) second += (x - 0.5) * (x - 0.5) / kDraws;
  EXPECT_NEAR(second, 1.0 / 12, kSigmas * std::sqrt(1.0 / 180 / kDraws));  // the variance of (x - 1/2)^2 is 1/180
  EXPECT_LT(kolmogorov_distance(sample, [](double x) { return x; }), kolmogorov_bound(kDraws, 1e-9));
}

TEST(Uniform, SuccessivePairsFillTheSquare) {
  constexpr std::size_t kSide = 32;
  RandomStream random(3, "square");
  std::vector<int> counts(kSide * kSide);
  for (int i = 0; i < 200000; ++i) {
    const auto x = static_cast<std::size_t>(random.uniform() * kSide),
               y = static_cast<std::size_t>(random.uniform() * kSide);
    ++counts[x * kSide + y];
  }
  EXPECT_LT(chi_square(counts), chi_square_bound(kSide * kSide - 1));
}

TEST(Normal, MomentsAndDistribution) {
  constexpr int kDraws = 200000;
  RandomStream random(4, "normal");
  std::vector<double> sample(kDraws);
  for (auto& x : sample) x = random.normal();
  const double factorial2[] = {1, 3, 15, 105, 945, 10395, 135135};  // E x^2k = (2k-1)!!
  for (int power = 1; power <= 6; ++power) {
    double moment = 0;
    for (const double x : sample) moment += std::pow(x, power) / kDraws;
    const double expected = power % 2 == 0 ? factorial2[power / 2 - 1] : 0;
    const double variance = factorial2[power - 1] - expected * expected;
    EXPECT_NEAR(moment, expected, kSigmas * std::sqrt(variance / kDraws)) << "moment " << power;
  }
  const auto cdf = [](double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); };
  EXPECT_LT(kolmogorov_distance(sample, cdf), kolmogorov_bound(kDraws, 1e-9));
}

TEST(Normal, TheTwoOfOneBoxMullerPairAreUncorrelated) {
  constexpr int kPairs = 100000;
  RandomStream random(5, "pairs");
  double product = 0, squares = 0;
  for (int i = 0; i < kPairs; ++i) {
    const double a = random.normal(), b = random.normal();
    product += a * b;
    squares += (a * a - 1) * (b * b - 1);  // variance 4
  }
  EXPECT_LT(std::abs(product) / std::sqrt(kPairs), kSigmas);
  EXPECT_LT(std::abs(squares) / std::sqrt(4.0 * kPairs), kSigmas);
}

TEST(Below, EveryValueAsOftenAsAnother) {
  for (const std::uint64_t bound : {1ULL, 2ULL, 3ULL, 7ULL, 10ULL, 100ULL}) {
    RandomStream random(6, "below", bound);
    std::vector<int> counts(bound);
    for (int i = 0; i < 100000; ++i) {
      const std::uint64_t x = random.below(bound);
      ASSERT_LT(x, bound);
      ++counts[x];
    }
    if (bound == 1) continue;  // nothing left to count
    EXPECT_LT(chi_square(counts), chi_square_bound(static_cast<double>(bound - 1))) << bound;
  }
}

TEST(Below, HasNoBiasWhereTheRemainderWouldShow) {
  // 2^64 mod 3 * 2^62 = 2^62: taking the remainder alone would give the lowest third half of all draws.
  constexpr std::uint64_t kBound = 3ULL << 62;
  RandomStream random(8, "bias");
  std::vector<int> thirds(3);
  for (int i = 0; i < 60000; ++i) ++thirds[random.below(kBound) >> 62];
  EXPECT_LT(chi_square(thirds), chi_square_bound(2));
  EXPECT_LT(random.below(~0ULL), ~0ULL);
}

TEST(BelowDeathTest, ZeroIsOurBug) {
  RandomStream random(1, "zero");
  EXPECT_DEATH((void)random.below(0), "bound >= 1");
}

TEST(Sign, IsFair) {
  constexpr int kDraws = 100000;
  RandomStream random(9, "sign");
  double sum = 0;
  for (int i = 0; i < kDraws; ++i) sum += random.sign();
  EXPECT_LT(std::abs(sum) / std::sqrt(kDraws), kSigmas);
}

TEST(Permutation, HoldsEachNumberOnce) {
  RandomStream random(10, "permutation");
  for (const std::int64_t n : {0, 1, 2, 10, 1000}) {
    auto order = random.permutation(n);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(static_cast<std::int64_t>(order.size()), n);
    for (std::int64_t i = 0; i < n; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  }
}

TEST(Permutation, EveryOrderIsAsLikelyAsAnother) {
  RandomStream random(12, "orders");
  std::vector<int> counts(24);  // 4! orders, numbered by their rank
  for (int trial = 0; trial < 48000; ++trial) {
    const auto order = random.permutation(4);
    std::size_t rank = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      std::size_t smaller = 0;
      for (std::size_t j = i + 1; j < 4; ++j) smaller += order[j] < order[i];
      rank = rank * (4 - i) + smaller;
    }
    ++counts[rank];
  }
  EXPECT_LT(chi_square(counts), chi_square_bound(23));
}

TEST(HashText, IsFnv1a) {
  EXPECT_EQ(hash_text(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(hash_text("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(hash_text("foobar"), 0x85944171f73967e8ULL);
  EXPECT_EQ(hash_text("bar", hash_text("foo")), hash_text("foobar"));
}

}  // namespace
}  // namespace phaselaw::numerics
