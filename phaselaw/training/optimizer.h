// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/base/team.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/training/options.h"

// One update of the flat parameter buffer; blocks that are not trainable are never touched. With g the (clipped)
// gradient, eta the rate, f the block's sgd_factor or adam_factor (parametrisation), w = weight_decay [T]:
//
//   gd, sgd    theta -= eta f (g + w theta)
//   momentum   v = mu v + g + w theta;  theta -= eta f v                                (v_0 = 0)
//   adamw      m = b1 m + (1-b1) g;  s = b2 s + (1-b2) g^2;
//              theta -= eta ( f (m/(1-b1^k)) / (sqrt(s/(1-b2^k)) + eps) + w theta )      (k = 1, 2, ... counts updates)
//
// One pass over the buffers, shared among the team if there is one; state in T; update() allocates nothing. Source:
// heavy ball as in Polyak 1964 with eta outside the velocity; AdamW: Loshchilov and Hutter 2019 (the decay is not
// multiplied by f, so that it does not depend on width).
namespace phaselaw::training {

template <class T>
class Optimizer {
 public:
  Optimizer(const TrainingOptions& options, const model::ParameterTable& table);

  // g = gradient_scale * gradient.
  void update(std::span<T> theta, std::span<const T> gradient, double rate, double gradient_scale = 1.0,
              base::Team* team = nullptr);

  // The state that an update leaves for the next one; restoring it after `count` updates continues with the same bits.
  // The moments are empty if the rule has none. PHASELAW_CHECK: sizes.
  [[nodiscard]] std::span<const T> first_moment() const { return first_; }
  [[nodiscard]] std::span<const T> second_moment() const { return second_; }
  void restore(std::int64_t count, std::span<const T> first, std::span<const T> second);

 private:
  struct Range {
    std::size_t begin, end;
    double factor;
  };
  void update(const Range& range, T* w, const T* gradient, double rate, double gradient_scale);
  TrainingOptions options_;
  std::vector<Range> ranges_;  // trainable blocks; neighbours with the same factor are joined, long ones are split
  std::vector<T> first_, second_;
  std::int64_t count_ = 0;
};

// Norm of the gradient over the trainable blocks, summed in double.
template <class T>
[[nodiscard]] double gradient_norm(const model::ParameterTable& table, std::span<const T> gradient);

extern template class Optimizer<float>;
extern template class Optimizer<double>;
extern template double gradient_norm<float>(const model::ParameterTable&, std::span<const float>);
extern template double gradient_norm<double>(const model::ParameterTable&, std::span<const double>);

}  // namespace phaselaw::training
