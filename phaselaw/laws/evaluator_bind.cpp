// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "phaselaw/laws/evaluator.h"

namespace phaselaw::laws {

Evaluator::Evaluator(const Expression& expression, const tables::Columns& columns,
                     const std::vector<std::optional<double>>& fixed)
    : root_(expression.root()), n_rows_(columns.n_rows()) {
  std::vector<std::vector<double>> inputs;
  for (const std::string& name : expression.columns()) inputs.push_back(columns.get(name));
  for (std::size_t p = 0; p < expression.parameters().size(); ++p)
    if (fixed.empty() || !fixed[p]) free_.push_back(p);
  for (const Node& node : expression.nodes()) {
    add_step(node, inputs, fixed);
    fold(steps_.size() - 1);
    lay_out(steps_.size() - 1);
  }
}

void Evaluator::add_step(const Node& node, const std::vector<std::vector<double>>& columns,
                         const std::vector<std::optional<double>>& fixed) {
  Step step;
  step.op = node.op;
  step.left = node.left;
  step.right = node.right;
  for (const int child : {node.left, node.right}) {
    if (child < 0) continue;
    step.mask |= steps_[static_cast<std::size_t>(child)].mask;
    step.by_row |= steps_[static_cast<std::size_t>(child)].by_row;
  }
  if (node.op == Op::number) step.constant.assign(kBlock, node.number);
  if (node.op == Op::column) {
    step.by_row = true;
    step.constant = columns[node.index];
    step.constant.resize(padded(n_rows_), 1);
  }
  if (node.op == Op::parameter && !fixed.empty() && fixed[node.index]) {
    step.constant.assign(kBlock, *fixed[node.index]);
  } else if (node.op == Op::parameter) {
    step.parameter = static_cast<std::size_t>(std::find(free_.begin(), free_.end(), node.index) - free_.begin());
    step.mask = 1U << step.parameter;
  }
  steps_.push_back(std::move(step));
}

// Computes everything that does not depend on free parameters, once.
void Evaluator::fold(std::size_t i) {
  Step& step = steps_[i];
  if (step.mask == 0 && step.constant.empty()) {
    const std::size_t n = step.by_row ? padded(n_rows_) : kBlock;
    EvaluatorWorkspace at;
    at.value.resize(steps_.size());
    at.log.resize(steps_.size());
    reserve(at, 3 * n);
    std::vector<double> spread[2];
    for (const int child : {step.left, step.right}) {
      if (child < 0) continue;
      const Step& operand = steps_[static_cast<std::size_t>(child)];
      std::vector<double>& copy = spread[child == step.left ? 0 : 1];
      copy = operand.constant;
      if (!operand.by_row) copy.assign(n, operand.constant.front());
      at.value[static_cast<std::size_t>(child)] = copy.data();
    }
    compute(i, n, false, at);
    step.constant.assign(at.aligned, at.aligned + n);
  }
  if (step.op != Op::power || step.mask == 0) return;
  Step& base = steps_[static_cast<std::size_t>(step.left)];
  if (base.mask != 0 || !base.log.empty()) return;
  base.log.resize(base.constant.size());
  EvaluatorWorkspace at;
  reserve(at, base.log.size());
  logarithm(base.constant.data(), at.aligned, base.log.size());
  std::copy_n(at.aligned, base.log.size(), base.log.begin());
}

void Evaluator::lay_out(std::size_t i) {
  Step& step = steps_[i];
  step.value_at = workspace_size_;
  workspace_size_ += 3 * kBlock;
  step.dot_at.resize(free_.size());
  for (std::size_t p = 0; p < free_.size(); ++p) {
    if ((step.mask >> p & 1U) == 0) continue;
    step.dot_at[p] = workspace_size_;
    workspace_size_ += kBlock;
  }
}

}  // namespace phaselaw::laws
