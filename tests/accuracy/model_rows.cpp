// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "accuracy/rows.h"
#include "model/passes.h"
#include "phaselaw/model/flops.h"

namespace phaselaw::accuracy {

namespace {

using namespace testing;
using Doubles = std::vector<double>;

constexpr std::uint64_t kCases = 160;
constexpr const char* kOver = "160 random models";

double relative(const Doubles& x, const Doubles& y) { return norm(y) > 0 ? distance(x, y) / norm(y) : norm(x); }

Doubles fast_tangent(const Case& c, const Doubles& v) {
  const model::Transformer<double> m(c.options);
  model::Transformer<double>::Workspace workspace(m, c.n);
  model::Transformer<double>::TangentWorkspace tangents(m, c.n);
  (void)fast_forward(c, workspace, m, c.theta);
  Doubles jv(c.cotangent.size());
  m.jvp(c.theta, c.inputs(), workspace, tangents, v, jv.data());
  return jv;
}

}  // namespace

std::vector<Row> model_rows() {
  const std::string norms = "difference / norm of the definition's";
  Row outputs{"outputs F, double", "the definition in plain loops", kOver, norms, kDoubleTolerance};
  Row gradient{"J^T u, double", "the definition in plain loops", kOver, norms, 10 * kDoubleTolerance};
  Row tangent{"J v, double", "dual numbers through the definition", kOver, norms, 2 * kDoubleTolerance};
  Row adjoint{"J v beside J^T u", "u . J v = J^T u . v", kOver, "difference / larger product of norms", 1e-12};
  Row single{"outputs F, float", "double", kOver, "difference / norm", 1e-4};
  Row single_gradient{"J^T u, float", "double", "those of them without relu", "difference / norm", 1e-4};
  Row flop{"FLOP of forward + backward", "the definition on numbers that count", kOver, "operations", 0};
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    const Passes plain = reference_passes(c), fast = fast_passes<double>(c), narrow = fast_passes<float>(c);
    outputs.see(relative(fast.outputs, plain.outputs));
    gradient.see(relative(fast.gradient, plain.gradient));
    single.see(relative(narrow.outputs, fast.outputs));
    if (c.options.activation != model::Activation::relu) single_gradient.see(relative(narrow.gradient, fast.gradient));
    numerics::RandomStream stream(i, "accuracy/tangent");
    Doubles v(c.theta.size());
    for (double& x : v) x = stream.normal();
    const Doubles jv = fast_tangent(c, v);
    tangent.see(relative(jv, reference_tangent(c, v)));
    const double size = std::max(norm(jv) * norm(c.cotangent), norm(v) * norm(fast.gradient));
    const double difference = std::abs(dot(jv, c.cotangent) - dot(v, fast.gradient));
    adjoint.see(size > 0 ? difference / size : difference);  // 0: units that are all off
    const CountedFlop counted = counted_flop(c);
    flop.see(std::abs(counted.forward + counted.backward - model::sequence_cost(c.options).training_flop()));
  }
  return {outputs, gradient, tangent, adjoint, single, single_gradient, flop};
}

}  // namespace phaselaw::accuracy
