// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/arrays.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "data/scratch.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/log.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/reproduce/reproduce.h"

namespace phaselaw::reproduce {
namespace {

using Task = ArraysTask;
constexpr auto kRow = static_cast<std::size_t>(Task::kModel);
constexpr auto kOutRow = static_cast<std::size_t>(Task::kOut);
constexpr auto kLength = static_cast<std::size_t>(Task::kSeqLen);

// y - clean is normal with variance xi^2: the mean of N squares has standard error xi^2 sqrt(2/N).
TEST(Arrays, TheNoiseIsTheStatedOne) {
  const auto task = make_arrays();
  ASSERT_EQ(task.x.size(), static_cast<std::size_t>(Task::kSequences) * kLength * kRow);
  ASSERT_EQ(task.y.size(), static_cast<std::size_t>(Task::kSequences) * kLength * kOutRow);
  const double variance = Task::kNoise * Task::kNoise;
  for (const std::int64_t n : {Task::kSequences, Task::kTest}) {
    const double error = variance * std::sqrt(2.0 / static_cast<double>(n * Task::kSeqLen * Task::kOut));
    EXPECT_NEAR(noise_of_test(task, n), variance, 4 * error) << n;
  }
  double sum = 0;
  for (std::size_t i = 0; i < task.y.size(); ++i) sum += task.y[i] - task.clean[i];
  EXPECT_NEAR(sum / static_cast<double>(task.y.size()), 0,
              4 * Task::kNoise / std::sqrt(static_cast<double>(task.y.size())));
}

TEST(Arrays, RowsAreNormalisedAndMoreSequencesBeginWithTheSame) {
  const auto few = make_arrays(16), more = make_arrays(40);
  for (std::size_t row = 0; row < few.x.size(); row += kRow) {
    double square = 0;
    for (std::size_t k = 0; k < kRow; ++k) square += few.x[row + k] * few.x[row + k];
    EXPECT_NEAR(square, static_cast<double>(kRow), 1e-12);
  }
  EXPECT_TRUE(std::equal(few.x.begin(), few.x.end(), more.x.begin()));
  EXPECT_TRUE(std::equal(few.y.begin(), few.y.end(), more.y.begin()));
}

// A change of token t moves the targets of t, t+1 and t+2 of its own sequence, and no other.
TEST(Arrays, TargetsAreCausalAndSeeThreeTokens) {
  const auto task = make_arrays(3);
  for (const std::size_t token : {std::size_t{0}, std::size_t{4}, std::size_t{7}}) {
    auto x = task.x;
    for (std::size_t k = 0; k < kRow; ++k) x[(kLength + token) * kRow + k] += 0.5;
    const auto y = arrays_target(x);
    for (std::size_t row = 0; row < 3 * kLength; ++row) {
      const bool seen = row >= kLength + token && row < 2 * kLength && row <= kLength + token + 2;
      for (std::size_t o = 0; o < kOutRow; ++o)
        EXPECT_EQ(y[row * kOutRow + o] != task.clean[row * kOutRow + o], seen) << token << " " << row;
    }
  }
}

// Equal tokens: the mean of one, two or three of them is the same token.
TEST(Arrays, TheWindowIsAMeanAlsoAtTheStart) {
  std::vector<double> x;
  for (std::size_t row = 0; row < kLength; ++row)
    for (std::size_t k = 0; k < kRow; ++k) x.push_back(k % 2 == 0 ? 1 : -1);
  const auto y = arrays_target(x);
  for (std::size_t i = kOutRow; i < y.size(); ++i) EXPECT_NEAR(y[i], y[i % kOutRow], 1e-14);
}

TEST(Arrays, UsersFilesAreBothOrNeitherAndMustFit) {
  base::set_quiet(true);
  const Scratch scratch;
  ReproduceOptions options;
  options.only = {"E1.arrays"};
  options.text = std::string(PHASELAW_SOURCE_DIR) + "/README.md";
  options.out = scratch.path("out");
  options.made_by = base::Value::table();
  options.arrays_x = scratch.path("x.npy");
  EXPECT_THROW((void)reproduce(options), base::InputError);
  const auto task = make_arrays(40);
  data::write_npy(options.arrays_x, std::array<std::int64_t, 3>{40, Task::kSeqLen, Task::kModel}, task.x);
  options.arrays_y = scratch.path("y.npy");
  data::write_npy(options.arrays_y, std::array<std::int64_t, 3>{20, 2 * Task::kSeqLen, Task::kOut}, task.y);
  try {
    (void)reproduce(options);
    ADD_FAILURE() << "other sequences";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("expected shape (40, 8, d_out)"), std::string::npos) << error.what();
  }
  data::write_npy(options.arrays_y, std::array<std::int64_t, 3>{40, Task::kSeqLen, Task::kOut}, task.y);
  try {
    (void)reproduce(options);
    ADD_FAILURE() << "too few sequences";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("found 40"), std::string::npos) << error.what();
  }
  base::set_quiet(false);
}

}  // namespace
}  // namespace phaselaw::reproduce
