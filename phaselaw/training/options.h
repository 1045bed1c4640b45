// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/base/fields.h"

// Section [training]: how the loss is minimised.
//
// precision (docs/precision.md): parameters, gradients, optimiser state, norms, attention, softmax and loss are always
// float32; bfloat16 rounds the operands of the linear layers' products, forward and backward, and sums them in float32
// (numerics/gemm_bfloat16.h).
namespace phaselaw::training {

enum class OptimizerKind { gd, sgd, momentum, adamw };
enum class Schedule { constant, cosine, wsd };
enum class Precision { float32, bfloat16, bfloat16_emulated };

[[nodiscard]] base::EnumNames<OptimizerKind> enum_names(OptimizerKind);
[[nodiscard]] base::EnumNames<Schedule> enum_names(Schedule);
[[nodiscard]] base::EnumNames<Precision> enum_names(Precision);

// Sequences per step, and steps: their product, and that with the tokens of a sequence, is computed in double.
inline constexpr double kMostBatch = 1e9, kMostSteps = 1e15;

struct TrainingOptions {
  OptimizerKind optimizer = OptimizerKind::sgd;
  base::NumberOrWord<double> learning_rate{0.0, "auto", {"auto"}};
  double momentum = 0.9;
  double beta1 = 0.9, beta2 = 0.95, adam_eps = 1e-8;
  double weight_decay = 0.0;
  Schedule schedule = Schedule::constant;
  double warmup = 0.0, decay = 0.2, final_fraction = 0.0;
  std::int64_t batch = 16;
  std::int64_t steps = 1000;
  std::int64_t measurements_per_doubling = 4;
  double gradient_clip = 0.0;
  base::NumberOrWord<std::int64_t> microbatch{1, "auto", {"auto"}};
  Precision precision = Precision::float32;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least, base::between, base::half_open, base::positive;
    visit("optimizer", self.optimizer, anything(),
          "optimiser: gd (gradient descent on the whole training set), sgd, momentum or adamw");
    visit("learning_rate", self.learning_rate, positive(), "peak rate, or \"auto\" (training/learning_rate.h)");
    visit("momentum", self.momentum, half_open(0, 1), "with momentum: share of the previous velocity that is kept");
    visit("beta1", self.beta1, half_open(0, 1), "with adamw: decay of the running mean of the gradient");
    visit("beta2", self.beta2, half_open(0, 1), "with adamw: decay of the running mean of the squared gradient");
    visit("adam_eps", self.adam_eps, positive(), "with adamw: added to the square root of the mean squared gradient");
    visit("weight_decay", self.weight_decay, at_least(0),
          "weight decay; with adamw decoupled, otherwise added to the gradient as weight_decay theta");
    visit("schedule", self.schedule, anything(),
          "learning-rate schedule: constant, cosine, or wsd (warm-up, stable, decay)");
    visit("warmup", self.warmup, half_open(0, 1), "share of the steps, at the start, in which the rate rises linearly");
    visit("decay", self.decay, between(0, 1),
          "with wsd: share of the steps, at the end, in which the rate falls linearly");
    visit("final_fraction", self.final_fraction, between(0, 1),
          "with cosine or wsd: last rate as a fraction of the peak");
    visit("batch", self.batch, base::at_least(1).up_to(kMostBatch),
          "sequences per step; gd uses all, and no batch is larger than n_data");
    visit("steps", self.steps, base::at_least(1).up_to(kMostSteps), "updates");
    visit("measurements_per_doubling", self.measurements_per_doubling, base::at_least(1).up_to(1e4),
          "number of points on the curve for each doubling of the compute, after steps 0, 1, 2, 4, 8, 16");
    visit("gradient_clip", self.gradient_clip, at_least(0), "largest norm of the gradient; 0: no limit");
    visit("microbatch", self.microbatch, base::at_least(1).up_to(kMostBatch),
          "sequences per pass; \"auto\": as many as fit the L2 cache");
    visit(
        "precision", self.precision, anything(),
        "float32; bfloat16: round the operands of the linear layers' products to bfloat16 (needs AMX or AVX512-BF16); "
        "bfloat16-emulated: the same numbers on any processor, slowly");
  }
};

// Checks every domain, and warmup + decay <= 1 for wsd.
void validate(const TrainingOptions& options, const base::Location& where = {});

// InputError at "training.precision" if this processor does not support the precision, with what it lacks and what to
// do. Callers may check before they create files; training checks too.
void require_precision(Precision precision);

}  // namespace phaselaw::training
