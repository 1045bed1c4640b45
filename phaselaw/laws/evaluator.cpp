// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/evaluator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <Eigen/Core>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::laws {

namespace {

using Array = Eigen::Map<Eigen::ArrayXd, Eigen::Aligned64>;  // so that no row needs scalar instructions
using ConstArray = Eigen::Map<const Eigen::ArrayXd>;
using base::kNaN;
constexpr double kLogOfZero = -1e12;  // finite, so that 0 times it is 0; its exponential is below 1e-308

ConstArray array(const double* x, std::size_t n) { return {x, static_cast<Eigen::Index>(n)}; }
Array array(double* x, std::size_t n) { return {x, static_cast<Eigen::Index>(n)}; }

bool small_integer(double e) { return std::abs(e) <= 64 && std::floor(e) == e; }

double lambert(double x) {
  if (std::isinf(x) && x > 0) return x;
  return x > 0 ? numerics::lambert_w0_of_exp(std::log(x)) : x == 0 ? 0 : kNaN;
}

}  // namespace

void Evaluator::logarithm(const double* x, double* out, std::size_t n) {
  array(out, n) = array(x, n).max(std::numeric_limits<double>::min()).log();
  for (std::size_t i = 0; i < n; ++i)
    if (!(x[i] > 0)) out[i] = x[i] == 0 ? kLogOfZero : kNaN;
}

void Evaluator::reserve(EvaluatorWorkspace& at, std::size_t numbers) {
  if (at.numbers.size() != numbers + kLanes) at.numbers.resize(numbers + kLanes);
  void* first = at.numbers.data();
  std::size_t room = at.numbers.size() * sizeof(double);
  at.aligned = static_cast<double*>(std::align(kLanes * sizeof(double), numbers * sizeof(double), first, room));
}

void Evaluator::compute(std::size_t i, std::size_t width, bool derivatives, EvaluatorWorkspace& at) const {
  const Step& step = steps_[i];
  const auto l = static_cast<std::size_t>(step.left), r = static_cast<std::size_t>(step.right);
  double* out = at.aligned + step.value_at;
  const std::size_t pitch = step.mask == 0 ? width : kBlock;  // constants are folded in one piece
  Array v = array(out, width), left_factor = array(out + pitch, width), right_factor = array(out + 2 * pitch, width);
  const ConstArray a = array(at.value[l], width);
  const ConstArray b = array(step.right >= 0 ? at.value[r] : at.value[l], width);
  // The value, and the factors of the operands' derivatives.
  switch (step.op) {
    case Op::add:
      v = a + b;
      left_factor.setConstant(1);
      right_factor.setConstant(1);
      break;
    case Op::subtract:
      v = a - b;
      left_factor.setConstant(1);
      right_factor.setConstant(-1);
      break;
    case Op::multiply:
      v = a * b;
      left_factor = b;
      right_factor = a;
      break;
    case Op::divide:
      left_factor = b.inverse();
      v = a * left_factor;
      right_factor = -v * left_factor;
      break;
    case Op::negate:
      v = -a;
      left_factor.setConstant(-1);
      break;
    case Op::power: {
      const Step& exponent = steps_[r];
      if (exponent.mask == 0 && !exponent.by_row && small_integer(exponent.constant.front())) {
        const double e = exponent.constant.front();
        for (std::size_t k = 0; k < width; ++k) {
          out[k] = std::pow(at.value[l][k], e);
          if (derivatives) out[pitch + k] = e == 0 ? 0 : e * std::pow(at.value[l][k], e - 1);
        }
        break;
      }
      if (at.log[l] == nullptr)
        logarithm(at.value[l], right_factor.data(), width);
      else
        right_factor = array(at.log[l], width);
      v = (b * right_factor).exp();
      if (derivatives) {
        left_factor = (a > 0).select(b * v / a, 0.0);
        right_factor *= v;
      }
      break;
    }
    case Op::exp:
      v = a.exp();
      left_factor = v;
      break;
    case Op::log:
      v = a.log();
      left_factor = a.inverse();
      break;
    case Op::sqrt:
      v = a.sqrt();
      left_factor = 0.5 * v.inverse();
      break;
    case Op::min:
    case Op::max:
      for (std::size_t k = 0; k < width; ++k) {
        const double x = at.value[l][k], y = at.value[r][k];
        const bool right = step.op == Op::min ? y < x : y > x;
        out[k] = right ? y : x;
        out[pitch + k] = right ? 0 : 1;
        out[2 * pitch + k] = right ? 1 : 0;
      }
      break;
    case Op::lambert_w:
      for (std::size_t k = 0; k < width; ++k) {
        out[k] = lambert(at.value[l][k]);
        out[pitch + k] = 1 / (at.value[l][k] + std::exp(out[k]));
      }
      break;
    default:
      PHASELAW_CHECK(false);
  }
  if (derivatives) differentiate(i, width, at);
}

void Evaluator::differentiate(std::size_t i, std::size_t width, EvaluatorWorkspace& at) const {
  const Step& step = steps_[i];
  const std::size_t k = free_.size(), l = static_cast<std::size_t>(step.left), r = static_cast<std::size_t>(step.right);
  const double* factors = at.aligned + step.value_at + kBlock;
  const ConstArray left_factor = array(factors, width), right_factor = array(factors + kBlock, width);
  for (std::size_t p = 0; p < k; ++p) {
    if ((step.mask >> p & 1U) == 0) continue;
    const bool from_left = (steps_[l].mask >> p & 1U) != 0;
    const bool from_right = step.right >= 0 && (steps_[r].mask >> p & 1U) != 0;
    if (step.op == Op::add && from_left != from_right) {
      at.dot[i * k + p] = at.dot[(from_left ? l : r) * k + p];
      continue;
    }
    double* out = at.aligned + step.dot_at[p];
    Array dot = array(out, width);
    if (from_left && from_right)
      dot = left_factor * array(at.dot[l * k + p], width) + right_factor * array(at.dot[r * k + p], width);
    else if (from_left)
      dot = left_factor * array(at.dot[l * k + p], width);
    else
      dot = right_factor * array(at.dot[r * k + p], width);
    at.dot[i * k + p] = out;
  }
}

// Parameters and expressions of parameters alone: computed once, then copied to a block.
void Evaluator::place_parameters(std::span<const double> parameters, std::size_t width, bool derivatives,
                                 EvaluatorWorkspace& at) const {
  const std::size_t k = free_.size();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    double* value = at.aligned + step.value_at;
    at.log[i] = nullptr;
    if (step.mask == 0 && !step.by_row) {
      at.value[i] = step.constant.data();
      if (!step.log.empty()) at.log[i] = step.log.data();
    }
    if (step.mask == 0) continue;
    at.value[i] = value;
    if (step.by_row) continue;
    if (step.op == Op::parameter) {
      double* one = at.aligned + step.dot_at[step.parameter];
      std::fill(value, value + kLanes, parameters[step.parameter]);
      std::fill(one, one + kLanes, 1.0);
      at.dot[i * k + step.parameter] = one;
    } else {
      compute(i, kLanes, derivatives, at);
    }
    std::fill(value, value + width, *value);
    if (!derivatives) continue;
    for (std::size_t p = 0; p < k; ++p) {
      if ((step.mask >> p & 1U) == 0) continue;
      double* dot = at.aligned + step.dot_at[p];
      if (at.dot[i * k + p] == dot) std::fill(dot, dot + width, *dot);
    }
  }
}

void Evaluator::place_constants(std::span<const std::size_t> rows, std::size_t begin, std::size_t width,
                                EvaluatorWorkspace& at) const {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.mask != 0 || !step.by_row) continue;
    if (rows.empty()) {
      at.value[i] = step.constant.data() + begin;
      if (!step.log.empty()) at.log[i] = step.log.data() + begin;
      continue;
    }
    double* gathered = at.aligned + step.value_at;
    at.value[i] = gathered;
    for (std::size_t k = 0; k < width; ++k) gathered[k] = step.constant[rows[begin + k]];
    std::fill(gathered + width, gathered + padded(width), 1.0);
    if (step.log.empty()) continue;
    at.log[i] = gathered + kBlock;
    for (std::size_t k = 0; k < width; ++k) gathered[kBlock + k] = step.log[rows[begin + k]];
    std::fill(gathered + kBlock + width, gathered + kBlock + padded(width), 0.0);
  }
}

template <class Emit>
void Evaluator::for_blocks(std::span<const std::size_t> rows, std::span<const double> parameters, bool derivatives,
                           EvaluatorWorkspace& workspace, const Emit& emit) const {
  const std::size_t n = rows.empty() ? n_rows_ : rows.size(), k = free_.size();
  PHASELAW_CHECK_EQ(parameters.size(), k);
  reserve(workspace, workspace_size_ + kBlock);
  workspace.value.resize(steps_.size());
  workspace.log.resize(steps_.size());
  workspace.dot.resize(steps_.size() * k);
  place_parameters(parameters, padded(std::min(n, kBlock)), derivatives, workspace);
  for (std::size_t begin = 0; begin < n; begin += kBlock) {
    const std::size_t width = std::min(kBlock, n - begin);
    place_constants(rows, begin, width, workspace);
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (steps_[i].mask != 0 && steps_[i].by_row) compute(i, padded(width), derivatives, workspace);
    emit(begin, width, workspace.value[root_]);
  }
}

void Evaluator::evaluate(std::span<const std::size_t> rows, std::span<const double> parameters, std::span<double> value,
                         std::span<double> derivative, EvaluatorWorkspace& workspace) const {
  const std::size_t k = free_.size();
  for_blocks(rows, parameters, !derivative.empty(), workspace,
             [&](std::size_t begin, std::size_t width, const double* root) {
               std::copy_n(root, width, value.begin() + static_cast<std::ptrdiff_t>(begin));
               for (std::size_t p = 0; p < k && !derivative.empty(); ++p) {
                 const bool depends = (steps_[root_].mask >> p & 1U) != 0;
                 for (std::size_t j = 0; j < width; ++j)
                   derivative[(begin + j) * k + p] = depends ? workspace.dot[root_ * k + p][j] : 0;
               }
             });
}

void Evaluator::evaluate_log(std::span<const std::size_t> rows, std::span<const double> parameters,
                             std::span<const double> chain, std::span<double> value, std::span<double> derivative,
                             EvaluatorWorkspace& workspace) const {
  const std::size_t k = free_.size();
  for_blocks(rows, parameters, !derivative.empty(), workspace,
             [&](std::size_t begin, std::size_t width, const double* root) {
               double* work = workspace.aligned + workspace_size_;
               Array block = array(work, padded(width));
               block = array(root, padded(width)).log();
               std::copy_n(work, width, value.begin() + static_cast<std::ptrdiff_t>(begin));
               if (derivative.empty()) return;
               block = array(root, padded(width)).inverse();
               for (std::size_t p = 0; p < k; ++p) {
                 double* out = derivative.data() + begin * k + p;
                 const double* dot = workspace.dot[root_ * k + p];
                 const bool depends = (steps_[root_].mask >> p & 1U) != 0;
                 for (std::size_t j = 0; j < width; ++j) out[j * k] = depends ? chain[p] * dot[j] * work[j] : 0;
               }
             });
}

}  // namespace phaselaw::laws
