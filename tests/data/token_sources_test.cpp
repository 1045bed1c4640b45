// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "data/chi_squared.h"
#include "data/token_models.h"
#include "phaselaw/data/associations.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/data/markov.h"
#include "phaselaw/data/sources.h"
#include "phaselaw/data/token_teacher.h"

namespace phaselaw::data {
namespace {

using phaselaw::testing::ChiSquared;
constexpr double kEps = std::numeric_limits<double>::epsilon();
constexpr Source kKnown[] = {Source::markov, Source::token_teacher, Source::associations};

TEST(DrawToken, InvertsTheDistribution) {
  const std::vector<double> p = {0.0, 0.25, 0.0, 0.75, 0.0};
  EXPECT_EQ(draw_token(p, 1e-16), 1);
  EXPECT_EQ(draw_token(p, 0.2499), 1);
  EXPECT_EQ(draw_token(p, 0.2501), 3);
  EXPECT_EQ(draw_token(p, 1 - 1e-16), 3);  // never a token of probability 0
}

TEST(TokenSources, HaveTheStatedShapesAndDistributions) {
  for (const Source source : kKnown) {
    const auto model = token_model(8, 5);
    const auto split = make_split(token_data(source, 20, 12), model, 3);
    EXPECT_EQ(split.train.tokens.size(), 100U);
    EXPECT_EQ(split.train.next_tokens.size(), 100U);
    EXPECT_TRUE(split.train.probabilities.empty());
    ASSERT_EQ(split.test.probabilities.size(), 12U * 5 * 8);
    double entropy = 0, scored = 0;
    for (std::size_t at = 0; at < split.test.tokens.size(); ++at) {
      double sum = 0, most = 0;
      for (std::size_t v = 0; v < 8; ++v) {
        const double p = split.test.probabilities[at * 8 + v];
        sum += p;
        most = std::max(most, p);
        if (p > 0) entropy -= p * std::log(p);
      }
      const bool target = split.test.next_tokens[at] != kNoTarget;
      EXPECT_NEAR(sum, target ? 1 : 0, 8 * kEps);
      scored += target ? 1 : 0;
    }
    EXPECT_NEAR(split.target_entropy, entropy / scored, 1000 * kEps);
    EXPECT_FALSE(split.target_known);
    EXPECT_EQ(split.target_power, 0);
  }
}

TEST(TokenSources, SmallerDataAreTheStartOfLargerData) {
  for (const Source source : kKnown) {
    const auto model = token_model(8, 5);
    auto options = token_data(source, 70, 12);
    options.token_noise = 0.3;
    const auto many = make_split(options, model, 3);
    options.n_data = 9;
    const auto few = make_split(options, model, 3);
    const auto start = [](const auto& a, const auto& b) { return std::equal(a.begin(), a.end(), b.begin()); };
    EXPECT_TRUE(start(few.train.tokens, many.train.tokens));
    EXPECT_TRUE(start(few.train.next_tokens, many.train.next_tokens));
    EXPECT_EQ(few.test.tokens, many.test.tokens);
    EXPECT_EQ(few.test.probabilities, many.test.probabilities);
    EXPECT_EQ(few.hash, make_split(options, model, 3).hash);
    EXPECT_NE(few.hash, make_split(options, model, 4).hash);
    EXPECT_NE(few.train.tokens, few.test.tokens);
  }
}

TEST(TokenSources, TheSeedOfTheSourceIsApartFromThatOfTheData) {
  auto options = token_data(Source::associations, 400, 64);
  options.associations_contexts = 4;
  options.teacher_seed = 9;
  const auto model = token_model(8, 2);
  const auto one = make_split(options, model, 1), two = make_split(options, model, 2);
  EXPECT_NE(one.train.tokens, two.train.tokens);
  const auto rows = [](const Split& split) {
    return std::set<double>(split.test.probabilities.begin(), split.test.probabilities.end());
  };
  EXPECT_EQ(rows(one), rows(two));
  options.teacher_seed = 10;
  EXPECT_NE(rows(make_split(options, model, 1)), rows(one));
}

TEST(Markov, TokensFollowTheRowsOfTheChain) {
  auto options = token_data(Source::markov, 2000, 1);
  options.markov_concentration = 5;
  const auto model = token_model(6, 12);
  const auto split = make_split(options, model, 4);
  MarkovChain chain(options, 6, 4), other(options, 6, 5);
  std::vector<std::vector<double>> counts(36, std::vector<double>(6));
  for (std::size_t i = 0; i < 2000; ++i)
    for (std::size_t l = 0; l < 12; ++l) {
      const std::size_t at = i * 12 + l;
      if (l == 0) {
        EXPECT_EQ(split.train.next_tokens[at], kNoTarget);
        continue;
      }
      if (l < 11) {
        ASSERT_EQ(split.train.next_tokens[at], split.train.tokens[at + 1]);
      }
      const auto context = static_cast<std::size_t>(split.train.tokens[at - 1] * 6 + split.train.tokens[at]);
      ++counts[context][static_cast<std::size_t>(split.train.next_tokens[at])];
    }
  ChiSquared right, wrong;
  for (std::size_t c = 0; c < 36; ++c) {
    right.add(counts[c], chain.row(c));
    wrong.add(counts[c], other.row(c));
  }
  EXPECT_GT(right.freedom(), 50);
  EXPECT_LT(right.score(), 5);
  EXPECT_GT(wrong.score(), 50);
}

// Rows of Dirichlet(a b): mean b, variance b (1 - b)/(a + 1). Over N rows the error of the mean is N(0, variance/N), and
// that of the variance below 3 variance/sqrt(N) for these parameters; 5 standard deviations.
TEST(Markov, RowsHaveTheMomentsOfTheDirichletDistribution) {
  auto options = token_data(Source::markov, 1, 1);
  options.markov_order = 4;
  options.markov_concentration = 6;
  options.markov_zipf = 0.7;
  MarkovChain chain(options, 6, 1);
  const double rows = static_cast<double>(chain.contexts());
  ASSERT_EQ(rows, 1296);
  for (std::size_t v = 0; v < 6; ++v) {
    const double b = chain.base()[v], variance = b * (1 - b) / 7;
    double mean = 0, square = 0;
    for (std::uint64_t c = 0; c < chain.contexts(); ++c) {
      mean += chain.row(c)[v] / rows;
      square += std::pow(chain.row(c)[v] - b, 2) / rows;
    }
    EXPECT_NEAR(mean, b, 5 * std::sqrt(variance / rows));
    EXPECT_NEAR(square, variance, 15 * variance / std::sqrt(rows));
  }
  EXPECT_NEAR(chain.base()[0] / chain.base()[1], std::pow(2, 0.7), 8 * kEps);
}

// The mean entropy of the test positions estimates the entropy rate; its standard error is at most ln V over the root of
// the number of independent sequences.
TEST(Markov, EntropyRateIsThatOfTheTestSet) {
  auto options = token_data(Source::markov, 1, 4000);
  const auto model = token_model(5, 6);
  MarkovChain chain(options, 5, 7);
  const double rate = entropy_rate(chain);
  EXPECT_NEAR(make_split(options, model, 7).target_entropy, rate, 5 * std::log(5) / std::sqrt(4000));
  EXPECT_GT(rate, 0);
  EXPECT_LT(rate, std::log(5));
}

TEST(Markov, TinyConcentrationsGiveProbabilitiesAndNotNaN) {
  auto options = token_data(Source::markov, 5, 50);
  options.markov_concentration = 1e-3;
  const auto split = make_split(options, token_model(8, 5), 1);
  for (const double p : split.test.probabilities) EXPECT_TRUE(p >= 0 && p <= 1);
  EXPECT_GE(split.target_entropy, 0);
}

TEST(TokenTeacher, TokensFollowItsDistribution) {
  auto options = token_data(Source::token_teacher, 3000, 10);
  options.teacher_temperature = 0.5;
  const auto model = token_model(6, 4);
  const auto split = make_split(options, model, 2);
  EXPECT_TRUE(split.train.scores_every_position());
  const auto p = token_teacher_probabilities(options, model, 2, split.train.tokens);
  auto warm = options;
  warm.teacher_temperature = 1;
  const auto q = token_teacher_probabilities(warm, model, 2, split.train.tokens);
  ChiSquared right, wrong;
  for (std::size_t l = 0; l < 4; ++l) {
    // Positions l in classes by their previous token: sums of independent, not identical, draws scatter less than a
    // multinomial, so the stated error rate is an upper bound.
    for (int before = 0; before < 6; ++before) {
      std::vector<double> counts(6), mean(6), other(6);
      double n = 0;
      for (std::size_t i = 0; i < 3000; ++i) {
        const std::size_t at = i * 4 + l;
        if (split.train.tokens[at] != before) continue;
        ++n;
        ++counts[static_cast<std::size_t>(split.train.next_tokens[at])];
        for (std::size_t v = 0; v < 6; ++v) mean[v] += p[at * 6 + v], other[v] += q[at * 6 + v];
      }
      for (std::size_t v = 0; v < 6; ++v) mean[v] /= n, other[v] /= n;
      right.add(counts, mean);
      wrong.add(counts, other);
    }
  }
  EXPECT_GT(right.freedom(), 50);
  EXPECT_LT(right.score(), 5);
  EXPECT_GT(wrong.score(), 10);
  const auto test = token_teacher_probabilities(options, model, 2, split.test.tokens);
  EXPECT_EQ(test, split.test.probabilities);
}

TEST(Associations, ContextsAndTargetsHaveTheirFrequencies) {
  const auto options = token_data(Source::associations, 20000, 10);
  const auto model = token_model(8, 3);
  const auto split = make_split(options, model, 6);
  Associations source(options, model, 6);
  EXPECT_EQ(source.digit_base(), 8);
  std::vector<std::vector<std::int32_t>> digits(512, std::vector<std::int32_t>(3));
  std::vector<std::int64_t> rank_of(512, -1);
  for (std::int64_t k = 0; k < 512; ++k) {
    auto& d = digits[static_cast<std::size_t>(k)];
    source.digits(k, d);
    auto& rank = rank_of[static_cast<std::size_t>(d[0] * 64 + d[1] * 8 + d[2])];
    EXPECT_EQ(rank, -1);  // every context has digits of its own
    rank = k;
  }
  std::vector<double> frequency(512), p(512);
  std::vector<std::vector<double>> counts(512, std::vector<double>(8));
  for (std::size_t i = 0; i < 20000; ++i) {
    const auto* t = &split.train.tokens[3 * i];
    EXPECT_EQ(split.train.next_tokens[3 * i], kNoTarget);
    EXPECT_EQ(split.train.next_tokens[3 * i + 1], kNoTarget);
    const auto k = static_cast<std::size_t>(rank_of[static_cast<std::size_t>(t[0] * 64 + t[1] * 8 + t[2])]);
    ++frequency[k];
    ++counts[k][static_cast<std::size_t>(split.train.next_tokens[3 * i + 2])];
  }
  double total = 0;
  for (std::size_t k = 0; k < 512; ++k) total += std::pow(static_cast<double>(k + 1), -1.5);
  ChiSquared contexts, targets, wrong;
  for (std::size_t k = 0; k < 512; ++k) {
    p[k] = std::pow(static_cast<double>(k + 1), -1.5) / total;
    EXPECT_NEAR(source.probability(static_cast<std::int64_t>(k)), p[k], 512 * kEps);
    targets.add(counts[k], source.row(static_cast<std::int64_t>(k)));
    wrong.add(counts[k], source.row(static_cast<std::int64_t>(511 - k)));
  }
  contexts.add(frequency, p);
  EXPECT_GT(contexts.freedom(), 50);
  EXPECT_LT(contexts.score(), 5);
  EXPECT_LT(targets.score(), 5);
  EXPECT_GT(wrong.score(), 50);
}

TEST(Associations, TestContextsDifferFromTheirExpectationByLessThanOne) {
  const auto options = token_data(Source::associations, 1, 1000);
  const auto model = token_model(8, 3);
  const auto split = make_split(options, model, 6);
  Associations source(options, model, 6);
  std::vector<std::int32_t> digits(3);
  for (std::int64_t k = 0; k < 512; ++k) {
    source.digits(k, digits);
    double count = 0;
    for (std::size_t i = 0; i < 1000; ++i)
      count += std::equal(digits.begin(), digits.end(), split.test.tokens.begin() + static_cast<std::int64_t>(3 * i))
                   ? 1
                   : 0;
    EXPECT_LT(std::abs(count - 1000 * source.probability(k)), 1 + 1e-9);
  }
}

TEST(TokenNoise, ReplacesTheStatedShareOfTargetsAndMixesTheDistribution) {
  for (const Source source : kKnown) {
    auto options = token_data(source, 6000, 8);
    const auto model = token_model(8, 3);
    const auto clean = make_split(options, model, 5);
    options.token_noise = 0.4;
    const auto noisy = make_split(options, model, 5);
    EXPECT_EQ(clean.train.tokens, noisy.train.tokens);
    double changed = 0, scored = 0;
    for (std::size_t at = 0; at < clean.train.next_tokens.size(); ++at) {
      const auto before = clean.train.next_tokens[at], after = noisy.train.next_tokens[at];
      EXPECT_EQ(before == kNoTarget, after == kNoTarget);
      scored += before == kNoTarget ? 0 : 1;
      changed += before == after ? 0 : 1;
    }
    const double share = 0.4 * 7 / 8;  // a uniform token is the old one with probability 1/8
    EXPECT_NEAR(changed / scored, share, 5 * std::sqrt(share * (1 - share) / scored));
    for (std::size_t i = 0; i < clean.test.probabilities.size(); ++i) {
      if (clean.test.next_tokens[i / 8] == kNoTarget) continue;
      EXPECT_NEAR(noisy.test.probabilities[i], 0.6 * clean.test.probabilities[i] + 0.05, 4 * kEps);
    }
    EXPECT_GT(noisy.target_entropy, clean.target_entropy);
  }
}

// Counts of targets with 1/2 added: the plain learner that stores each context it has seen.
class Counts {
 public:
  static constexpr std::int64_t kContexts = 1 << 18, kLength = 6, kMost = 1 << 16;
  static constexpr std::size_t kVocab = 16;

  explicit Counts(std::uint64_t seed) : source_(options(), token_model(kVocab, kLength), seed), rank_of_(kContexts) {
    split_ = make_split(options(), token_model(kVocab, kLength), seed);
    std::vector<std::int32_t> digits(kLength);
    for (std::int64_t k = 0; k < kContexts; ++k) {
      source_.digits(k, digits);
      rank_of_[code(digits.data())] = k;
    }
  }
  // The exact excess risk after the first n sequences.
  double risk(std::size_t n) {
    std::vector<double> counts(kContexts * kVocab, 0.5);
    for (std::size_t i = 0; i < n; ++i)
      ++counts[static_cast<std::size_t>(rank_of_[code(&split_.train.tokens[i * kLength])]) * kVocab +
               static_cast<std::size_t>(split_.train.next_tokens[(i + 1) * kLength - 1])];
    double risk = 0;
    for (std::int64_t k = 0; k < kContexts; ++k) {
      const double* c = &counts[static_cast<std::size_t>(k) * kVocab];
      double total = 0;
      for (std::size_t v = 0; v < kVocab; ++v) total += c[v];
      const auto p = source_.row(k);
      for (std::size_t v = 0; v < kVocab; ++v) risk += source_.probability(k) * p[v] * std::log(p[v] * total / c[v]);
    }
    return risk;
  }
  // That of a learner that knows the `stored` most frequent contexts and predicts uniform tokens for the others.
  double risk_of_stored(std::int64_t stored) {
    double risk = 0;
    for (std::int64_t k = stored; k < kContexts; ++k)
      for (const double p : source_.row(k)) risk += source_.probability(k) * p * std::log(p * kVocab);
    return risk;
  }

 private:
  static DataOptions options() {
    auto options = token_data(Source::associations, kMost, 1);
    options.associations_contexts = kContexts;
    return options;
  }
  static std::size_t code(const std::int32_t* digits) {
    std::size_t value = 0;
    for (std::int64_t l = 0; l < kLength; ++l) value = value * 8 + static_cast<std::size_t>(digits[l]);
    return value;
  }
  Associations source_;
  Split split_;
  std::vector<std::int64_t> rank_of_;
};

// The excess risk falls as D^-(alpha-1)/alpha = D^-1/3, and as M^-(alpha-1) = M^-1/2. Margins: 10 %. The slope of one
// seed scatters by 0.01, so the mean of two is within the margin by 4 standard deviations.
TEST(Associations, KnownExponentsOfCountsAndOfStoredContexts) {
  double in_data = 0, in_contexts = 0;
  for (const std::uint64_t seed : {1, 2}) {
    Counts counts(seed);
    in_data += std::log(counts.risk(1 << 12) / counts.risk(1 << 16)) / std::log(16.0) / 2;
    in_contexts += std::log(counts.risk_of_stored(64) / counts.risk_of_stored(1024)) / std::log(16.0) / 2;
  }
  EXPECT_NEAR(in_data, 1.0 / 3, 0.1 / 3);
  EXPECT_NEAR(in_contexts, 0.5, 0.05);
}

}  // namespace
}  // namespace phaselaw::data
