// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/gemm_bfloat16.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

TrainingOptions in_precision(Precision precision, std::int64_t steps) {
  auto options = small_training(OptimizerKind::adamw, 1e-3, steps);
  options.precision = precision;
  return options;
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Precision, HardwareIsRefusedWhereItIsMissing) {
  const auto said = refusal([] { require_precision(Precision::bfloat16); });
  EXPECT_EQ(said.empty(), numerics::bfloat16_missing().empty());
  if (said.empty()) GTEST_SKIP() << "this processor has bfloat16";
  const std::string missing = numerics::bfloat16_missing();
  for (const std::string& part : {std::string("training.precision"), std::string("cannot multiply bfloat16"), missing,
                                  std::string("\"float32\""), std::string("\"bfloat16-emulated\"")})
    EXPECT_NE(said.find(part), std::string::npos) << said;
  const auto trained = refusal([] {
    static_cast<void>(
        run<float>(small_model(), teacher_split(small_model(), 8, 4, 0.1), in_precision(Precision::bfloat16, 2)));
  });
  EXPECT_EQ(trained, said);
  EXPECT_EQ(refusal([] {
              require_precision(Precision::float32);
              require_precision(Precision::bfloat16_emulated);
            }),
            "");
}

TEST(Precision, DoubleTrainingRefusesBfloat16) {
  const auto said = refusal([] {
    static_cast<void>(run<double>(small_model(), teacher_split(small_model(), 8, 4, 0.1),
                                  in_precision(Precision::bfloat16_emulated, 2)));
  });
  EXPECT_NE(said.find("\"bfloat16-emulated\""), std::string::npos) << said;
  EXPECT_NE(said.find("double precision"), std::string::npos) << said;
}

// Rounding moves every loss, by no more than its own size: 4 N + 1 products follow each other, each off by at most
// 2^-7 of its magnitude. What a step costs is the same.
TEST(Precision, EmulatedRoundsAndStaysNear) {
  for (const bool tokens : {false, true}) {
    const auto model = tokens ? token_model() : small_model();
    const auto data = tokens ? token_split(model, 12) : teacher_split(model, 12, 8, 0.1);
    const auto plain = run<float>(model, data, in_precision(Precision::float32, 30));
    const auto rounded = run<float>(model, data, in_precision(Precision::bfloat16_emulated, 30));
    ASSERT_EQ(plain.curve.size(), rounded.curve.size());
    EXPECT_EQ(plain.compute_flop, rounded.compute_flop);
    EXPECT_EQ(plain.microbatch, rounded.microbatch);
    for (std::size_t i = 0; i < plain.curve.size(); ++i) {
      const double difference = std::abs(rounded.curve[i].train_loss - plain.curve[i].train_loss);
      EXPECT_GT(difference, 0) << i;
      EXPECT_LT(difference, 2 * (4 * static_cast<double>(model.n_layers) + 1) * 0x1p-7 * plain.curve[i].train_loss)
          << i;
    }
  }
}

// Master weights and optimiser state are float32: updates far below a weight's bfloat16 spacing still add up.
TEST(Precision, SmallUpdatesAreNotLost) {
  const auto model = small_model();
  const auto data = teacher_split(model, 12, 8, 0.1);
  auto options = in_precision(Precision::bfloat16_emulated, 400);
  options.learning_rate = 1e-6;  // weights are about 1: their spacing is 2^-8
  const auto result = run<float>(model, data, options);
  const auto start = model::initialise<float>(model::ParameterTable(model), 5);
  double moved = 0;
  for (std::size_t i = 0; i < start.size(); ++i)
    moved = std::max(moved, std::abs(static_cast<double>(result.theta[i]) - static_cast<double>(start[i])));
  EXPECT_GT(moved, 1e-4);
  EXPECT_LT(moved, 0x1p-9);
}

}  // namespace
}  // namespace phaselaw::training
