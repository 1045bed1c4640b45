// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "accuracy/rows.h"
#include "model/random_model.h"
#include "model/scalars.h"
#include "phaselaw/model/flops.h"

namespace phaselaw::accuracy {

namespace {

using namespace testing;
using Doubles = std::vector<double>;

constexpr std::uint64_t kCases = 160;
constexpr const char* kOver = "160 random models";
// A chain of products of inner size k <= 65, 3 layers deep: see tests/model.
constexpr double kChain = 200 * 9 * 2.3e-16;

struct Passes {
  Doubles outputs, gradient;
};

Passes plain_passes(const Case& c) {
  Passes p;
  p.gradient.assign(static_cast<std::size_t>(c.table.size()), 0.0);
  auto u = c.cotangent.begin();
  for (std::int64_t s = 0; s < c.n; ++s) {
    const auto sequence = c.sequence<double>(s);
    const auto trace = model::reference::forward(c.options, c.table, c.theta, sequence);
    model::reference::Rows<double> cotangent;
    for (const auto& row : trace.outputs) {
      p.outputs.insert(p.outputs.end(), row.begin(), row.end());
      cotangent.emplace_back(u, u + static_cast<std::ptrdiff_t>(row.size()));
      u += static_cast<std::ptrdiff_t>(row.size());
    }
    model::reference::backward(c.options, c.table, c.theta, sequence, trace, cotangent, p.gradient);
  }
  return p;
}

template <class T>
Passes fast_passes(const Case& c) {
  const std::vector<T> theta(c.theta.begin(), c.theta.end()), vectors(c.vectors.begin(), c.vectors.end()),
      cotangent(c.cotangent.begin(), c.cotangent.end());
  model::Inputs<T> in;
  in.n = c.n;
  c.options.reads_tokens() ? (void)(in.tokens = c.tokens.data()) : (void)(in.vectors = vectors.data());
  const model::Transformer<T> m(c.options);
  typename model::Transformer<T>::Workspace workspace(m, c.n);
  std::vector<T> outputs(cotangent.size()), gradient(theta.size(), T(0));
  m.forward(theta, in, workspace, outputs.data());
  m.backward(theta, in, workspace, cotangent.data(), gradient);
  return {{outputs.begin(), outputs.end()}, {gradient.begin(), gradient.end()}};
}

double relative(const Doubles& x, const Doubles& y) { return norm(y) > 0 ? distance(x, y) / norm(y) : norm(x); }

double dot(const Doubles& x, const Doubles& y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

// J v by the fast path, and by dual numbers through the definition.
std::pair<Doubles, Doubles> tangents(const Case& c, const Doubles& v) {
  const model::Transformer<double> m(c.options);
  model::Transformer<double>::Workspace workspace(m, c.n);
  model::Transformer<double>::TangentWorkspace tangent_workspace(m, c.n);
  (void)fast_forward(c, workspace, m, c.theta);
  Doubles fast(c.cotangent.size()), exact;
  m.jvp(c.theta, c.inputs(), workspace, tangent_workspace, v, fast.data());
  std::vector<Dual> theta;
  for (std::size_t p = 0; p < v.size(); ++p) theta.emplace_back(c.theta[p], v[p]);
  for (std::int64_t s = 0; s < c.n; ++s)
    for (const auto& row : model::reference::forward(c.options, c.table, theta, c.sequence<Dual>(s)).outputs)
      for (const auto& output : row) exact.push_back(output.slope);
  return {fast, exact};
}

double miscounted_flop(const Case& c) {
  const std::vector<Counted> theta(c.theta.begin(), c.theta.end());
  const auto sequence = c.sequence<Counted>(0);
  Counted::operations = 0;
  const auto trace = model::reference::forward(c.options, c.table, theta, sequence);
  std::vector<Counted> gradient(theta.size());
  model::reference::backward(c.options, c.table, theta, sequence, trace, trace.outputs, gradient);
  return std::abs(Counted::operations - model::sequence_cost(c.options).training_flop());
}

}  // namespace

std::vector<Row> model_rows() {
  const std::string norms = "difference / norm of the definition's";
  Row outputs{"outputs F, double", "the definition in plain loops", kOver, norms, kChain};
  Row gradient{"J^T u, double", "the definition in plain loops", kOver, norms, 10 * kChain};
  Row tangent{"J v, double", "dual numbers through the definition", kOver, norms, 2 * kChain};
  Row adjoint{"J v beside J^T u", "u . J v = J^T u . v", kOver, "difference / larger product of norms", 1e-12};
  Row single{"outputs F, float", "double", kOver, "difference / norm", 1e-4};
  Row single_gradient{"J^T u, float", "double", "those of them without relu", "difference / norm", 1e-4};
  Row flop{"FLOP of forward + backward", "the definition on numbers that count", kOver, "operations", 0};
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    const Passes plain = plain_passes(c), fast = fast_passes<double>(c), narrow = fast_passes<float>(c);
    outputs.see(relative(fast.outputs, plain.outputs));
    gradient.see(relative(fast.gradient, plain.gradient));
    single.see(relative(narrow.outputs, fast.outputs));
    if (c.options.activation != model::Activation::relu) single_gradient.see(relative(narrow.gradient, fast.gradient));
    numerics::RandomStream stream(i, "accuracy/tangent");
    Doubles v(c.theta.size());
    for (double& x : v) x = stream.normal();
    const auto [jv, exact] = tangents(c, v);
    tangent.see(relative(jv, exact));
    const double size = std::max(norm(jv) * norm(c.cotangent), norm(v) * norm(fast.gradient));
    const double difference = std::abs(dot(jv, c.cotangent) - dot(v, fast.gradient));
    adjoint.see(size > 0 ? difference / size : difference);  // 0: units that are all off
    flop.see(miscounted_flop(c));
  }
  return {outputs, gradient, tangent, adjoint, single, single_gradient, flop};
}

}  // namespace phaselaw::accuracy
