// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <gtest/gtest.h>

#include "count_allocations.h"
#include "phaselaw/training/trainer.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

class AllocationCounter : public Observer<float> {
 public:
  explicit AllocationCounter(std::size_t steps) : at_(steps) {}
  void on_step(std::int64_t step, std::span<const float>, std::span<const float>, double) override {
    at_[static_cast<std::size_t>(step)] = allocations.load();
  }
  std::vector<long> at_;
};

TEST(Steps, AllocateNothingAfterTheFirst) {
  constexpr std::size_t kSteps = 40;
  auto offset_model = small_model();
  offset_model.init_scale = 0;
  const struct {
    model::ModelOptions model;
    data::Split data;
  } cases[] = {{small_model(), teacher_split(small_model(), 10, 8, 0.1)},
               {offset_model, teacher_split(offset_model, 10, 8, 0.1)},
               {token_model(), token_split(token_model(), 10)}};
  for (const auto& [model, data] : cases)
    for (const auto kind : {OptimizerKind::gd, OptimizerKind::sgd, OptimizerKind::momentum, OptimizerKind::adamw}) {
      for (const auto precision : {Precision::float32, Precision::bfloat16_emulated}) {
        AllocationCounter counter(kSteps);
        auto options = small_training(kind, 1e-3, kSteps);
        options.precision = precision;
        static_cast<void>(run<float>(model, data, options, {&counter}));
        ASSERT_GT(counter.at_[0], 0) << "the counter does not count";
        EXPECT_EQ(counter.at_[kSteps - 1], counter.at_[0]) << base::enum_to_text(kind);  // measurements included
      }
    }
}

}  // namespace
}  // namespace phaselaw::training
