// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/evaluator.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/operations.h"

namespace phaselaw::laws {

namespace {

using operations::array;
using operations::Array;

bool small_integer(double e) { return std::abs(e) <= 64 && std::floor(e) == e; }

}  // namespace

void Evaluator::reserve(EvaluatorWorkspace& at, std::size_t numbers) {
  if (at.numbers.size() != numbers + kLanes) at.numbers.resize(numbers + kLanes);
  void* first = at.numbers.data();
  std::size_t room = at.numbers.size() * sizeof(double);
  at.aligned = static_cast<double*>(std::align(kLanes * sizeof(double), numbers * sizeof(double), first, room));
}

void Evaluator::compute(std::size_t i, std::size_t width, bool derivatives, EvaluatorWorkspace& at) const {
  const Step& step = steps_[i];
  const auto l = static_cast<std::size_t>(step.left), r = static_cast<std::size_t>(step.right);
  double* const value = at.aligned + step.value_at;
  const std::size_t pitch = step.mask == 0 ? width : kBlock;  // constants are folded in one piece
  operations::Block block{array(value, width), array(value + pitch, width), array(value + 2 * pitch, width),
                          array(at.value[l], width), array(step.right >= 0 ? at.value[r] : at.value[l], width)};
  switch (step.op) {
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::negate:
      operations::arithmetic(step.op, block);
      break;
    case Op::power: {
      const Step& exponent = steps_[r];
      if (exponent.mask == 0 && !exponent.by_row && small_integer(exponent.constant.front()))
        operations::integer_power(exponent.constant.front(), derivatives, block);
      else
        operations::power(at.log[l], derivatives, block);
      break;
    }
    case Op::min:
    case Op::max:
      operations::choose(step.op, block);
      break;
    default:
      operations::function_of_one(step.op, block);
  }
  if (derivatives) differentiate(i, width, at);
}

void Evaluator::differentiate(std::size_t i, std::size_t width, EvaluatorWorkspace& at) const {
  const Step& step = steps_[i];
  const std::size_t k = free_.size(), l = static_cast<std::size_t>(step.left), r = static_cast<std::size_t>(step.right);
  const double* factors = at.aligned + step.value_at + kBlock;
  for (std::size_t p = 0; p < k; ++p) {
    if ((step.mask >> p & 1U) == 0) continue;
    const bool from_left = (steps_[l].mask >> p & 1U) != 0;
    const bool from_right = step.right >= 0 && (steps_[r].mask >> p & 1U) != 0;
    if (step.op == Op::add && from_left != from_right) {
      at.dot[i * k + p] = at.dot[(from_left ? l : r) * k + p];
      continue;
    }
    double* out = at.aligned + step.dot_at[p];
    if (from_left && from_right)
      operations::add_products(factors, at.dot[l * k + p], factors + kBlock, at.dot[r * k + p], out, width);
    else if (from_left)
      operations::multiply(factors, at.dot[l * k + p], out, width);
    else
      operations::multiply(factors + kBlock, at.dot[r * k + p], out, width);
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
    operations::fill(*value, value, width);
    if (!derivatives) continue;
    for (std::size_t p = 0; p < k; ++p) {
      if ((step.mask >> p & 1U) == 0) continue;
      double* dot = at.aligned + step.dot_at[p];
      if (at.dot[i * k + p] == dot) operations::fill(*dot, dot, width);
    }
  }
}

void Evaluator::place_constants(const Chosen& rows, std::size_t begin, std::size_t width,
                                EvaluatorWorkspace& at) const {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.mask != 0 || !step.by_row) continue;
    if (rows.list.empty()) {
      at.value[i] = step.constant.data() + rows.first + begin;
      if (!step.log.empty()) at.log[i] = step.log.data() + rows.first + begin;
      continue;
    }
    double* gathered = at.aligned + step.value_at;
    at.value[i] = gathered;
    for (std::size_t k = 0; k < width; ++k) gathered[k] = step.constant[rows.list[begin + k]];
    std::fill(gathered + width, gathered + padded(width), 1.0);
    if (step.log.empty()) continue;
    at.log[i] = gathered + kBlock;
    for (std::size_t k = 0; k < width; ++k) gathered[kBlock + k] = step.log[rows.list[begin + k]];
    std::fill(gathered + kBlock + width, gathered + kBlock + padded(width), 0.0);
  }
}

template <class Emit>
void Evaluator::for_blocks(const Chosen& rows, std::span<const double> parameters, bool derivatives,
                           EvaluatorWorkspace& workspace, const Emit& emit) const {
  const std::size_t n = rows.n, k = free_.size();
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
  for_blocks(chosen(rows), parameters, !derivative.empty(), workspace,
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
  logs_at(chosen(rows), parameters, chain, value, derivative, workspace);
}

void Evaluator::evaluate_log_from(std::size_t first, std::span<const double> parameters, std::span<const double> chain,
                                  std::span<double> value, std::span<double> derivative,
                                  EvaluatorWorkspace& workspace) const {
  PHASELAW_CHECK(first % kLanes == 0 && first + value.size() <= n_rows_);
  logs_at({{}, first, value.size()}, parameters, chain, value, derivative, workspace);
}

void Evaluator::logs_at(const Chosen& rows, std::span<const double> parameters, std::span<const double> chain,
                        std::span<double> value, std::span<double> derivative, EvaluatorWorkspace& workspace) const {
  const std::size_t k = free_.size();
  for_blocks(rows, parameters, !derivative.empty(), workspace,
             [&](std::size_t begin, std::size_t width, const double* root) {
               double* work = workspace.aligned + workspace_size_;
               Array block = array(work, padded(width));
               operations::plain_logarithm(root, work, padded(width));
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
