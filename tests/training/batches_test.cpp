// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/batches.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace phaselaw::training {
namespace {

std::vector<std::int64_t> draw(Batches& batches, int count) {
  std::vector<std::int64_t> drawn;
  for (int k = 0; k < count; ++k) {
    const auto batch = batches.next();
    drawn.insert(drawn.end(), batch.begin(), batch.end());
  }
  return drawn;
}

TEST(Batches, EveryEpochSeesEverySequenceOnce) {
  Batches batches(3, 10, 4);
  EXPECT_EQ(batches.size(), 4);
  const auto drawn = draw(batches, 15);  // 6 epochs
  std::vector<std::int64_t> all(10);
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::vector<std::int64_t>> epochs;
  for (auto at = drawn.begin(); at != drawn.end(); at += 10) {
    epochs.emplace_back(at, at + 10);
    EXPECT_TRUE(std::is_permutation(at, at + 10, all.begin()));
  }
  EXPECT_NE(epochs[0], epochs[1]);
}

TEST(Batches, DependOnTheSeedAlone) {
  Batches a(3, 100, 7), b(3, 100, 7), c(4, 100, 7);
  const auto first = draw(a, 40);
  EXPECT_EQ(first, draw(b, 40));
  EXPECT_NE(first, draw(c, 40));
}

TEST(Batches, SkippingIsDrawing) {
  for (const std::int64_t batch : {1, 4, 5, 9, 10}) {
    Batches drawn(3, 10, batch);
    for (std::int64_t count = 0; count < 25; ++count) {
      Batches skipped(3, 10, batch);
      skipped.skip_to(count);
      const auto next = skipped.next();
      const auto expected = drawn.next();
      EXPECT_TRUE(std::equal(next.begin(), next.end(), expected.begin(), expected.end())) << batch << " " << count;
    }
  }
}

TEST(Batches, WholeSetInItsOrderWhenTheBatchHoldsIt) {
  for (const std::int64_t batch : {5, 6, 1000}) {
    Batches batches(3, 5, batch);
    EXPECT_EQ(batches.size(), 5);
    EXPECT_EQ(draw(batches, 2), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 0, 1, 2, 3, 4}));
  }
}

}  // namespace
}  // namespace phaselaw::training
