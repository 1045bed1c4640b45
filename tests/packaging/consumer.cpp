// SPDX-License-Identifier: Apache-2.0
// Uses the installed library as a stranger would: one tangent kernel, one fit, each with a known answer.
#include <cmath>
#include <cstdio>
#include <vector>

#include <phaselaw/fitting/fit.h>
#include <phaselaw/kernel/kernel.h>
#include <phaselaw/model/transformer.h>

int main() {
  using namespace phaselaw;
  model::ModelOptions options;
  options.n_layers = 1;
  options.seq_len = 3;
  options.d_model = options.d_hidden = 4;
  options.n_heads = 1;
  options.d_head = 4;
  const model::Transformer<double> transformer(options);
  const auto theta = model::initialise<double>(transformer.table(), 1);
  std::vector<double> x(2 * 3 * 4);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<double>(i));
  model::Inputs<double> inputs;
  inputs.n = 2;
  inputs.vectors = x.data();
  const auto kernel = kernel::dense_kernel<double>(transformer, theta, inputs);
  // The trace is the squared norm of the Jacobian: one row of it at a time, by vector-Jacobian products.
  model::Transformer<double>::Workspace workspace(transformer, 2);
  std::vector<double> outputs(x.size()), gradient(theta.size());
  transformer.forward(theta, inputs, workspace, outputs.data());
  double trace = 0, squares = 0;
  for (std::size_t row = 0; row < outputs.size(); ++row) {
    trace += kernel.total(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(row));
    std::vector<double> cotangent(outputs.size());
    cotangent[row] = 1;
    gradient.assign(gradient.size(), 0);
    transformer.backward(theta, inputs, workspace, cotangent.data(), gradient);
    for (const double g : gradient) squares += g * g;
  }
  std::printf("trace %.15g, squared norm of the Jacobian %.15g\n", trace, squares);

  tables::Measurements data;
  std::vector<double> compute;
  for (double c = 1; c < 1e6; c *= 2) {
    compute.push_back(c);
    data.output.push_back(3 * std::pow(c, -0.25));
  }
  data.columns.add("compute", compute);
  fitting::FitOptions law_options;
  law_options.interval = fitting::IntervalMethod::none;
  const auto fit = fitting::fit_law(laws::law_from("A * C^-q"), data, law_options);
  const double q = fit.find("q")->value;
  std::printf("q %.12f\n", q);
  return std::abs(trace - squares) <= 1e-10 * squares && std::abs(q - 0.25) < 1e-8 ? 0 : 1;
}
