// SPDX-License-Identifier: Apache-2.0
//
// What does a certified fit cost? Five parameters on 240 rows, 4,000 case bootstraps of it on 1 .. K threads, and nine
// parameters on 770 rows (the size of the Gemstones table); Huber loss of the logarithm, delta 1e-3.
//
//   bench_laws_fit [--threads K] [--repeats R]
//
// The answer is checked first: the fit is certified, and the true exponents lie within five standard errors of the
// sandwich covariance. Medians of R runs, and the spread from the fastest to the slowest.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "phaselaw/laws/law_fit.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace {

using namespace phaselaw;

laws::Measurements measurements(const laws::Law& law, const std::vector<double>& truth, std::size_t n) {
  numerics::RandomStream stream(1, "bench_laws_fit");
  laws::Measurements data;
  std::vector<double> n_params, tokens, width, depth;
  for (std::size_t i = 0; i < n; ++i) {
    width.push_back(256 * std::pow(12, stream.uniform()));
    depth.push_back(std::round(3 * std::pow(27, stream.uniform())));
    n_params.push_back(12 * depth.back() * width.back() * width.back());
    tokens.push_back(1e9 * std::pow(100, stream.uniform()));
  }
  data.columns.add("n_params", n_params);
  data.columns.add("tokens", tokens);
  data.columns.add("d_model", width);
  data.columns.add("n_layers", depth);
  data.output = laws::evaluate(law, data.columns, truth);
  for (double& loss : data.output) loss *= std::exp(0.005 * stream.normal());
  return data;
}

bool near_truth(const laws::Law& law, const laws::Measurements& data, const std::vector<double>& truth) {
  laws::LawOptions options;
  options.fit.interval = laws::IntervalMethod::sandwich;
  options.fit.level = 1 - 6e-7;  // five standard errors
  const laws::LawFit fit = laws::fit_law(law, data, options);
  bool good = fit.convergence.certified;
  for (std::size_t p = 0; p < truth.size(); ++p) {
    const laws::Estimate& estimate = *fit.find(law.parameters[p].name);
    good = good && (!estimate.lo || *estimate.lo <= truth[p]) && (!estimate.hi || truth[p] <= *estimate.hi);
  }
  return good;
}

void report(const char* what, const laws::Law& law, const laws::Measurements& data, const laws::LawOptions& options,
            int repeats) {
  std::vector<double> seconds;
  for (int i = 0; i < repeats; ++i) seconds.push_back(laws::fit_law(law, data, options).seconds);
  const auto [fastest, slowest] = std::minmax_element(seconds.begin(), seconds.end());
  std::printf("%-44s %9.2f ms   (%.2f to %.2f)\n", what, 1e3 * numerics::median(seconds), 1e3 * *fastest,
              1e3 * *slowest);
}

}  // namespace

int main(int argc, char** argv) {
  int threads = 1, repeats = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--threads") threads = std::max(1, std::atoi(argv[i + 1]));
    if (std::string(argv[i]) == "--repeats") repeats = std::max(1, std::atoi(argv[i + 1]));
  }
  const laws::Law small = laws::law_from("E + A*N^-alpha + B*D^-beta");
  const laws::Law large = laws::law_from("width-depth-params-tokens");
  const std::vector<double> small_truth = {1.69, 406.4, 0.34, 410.7, 0.28};
  std::vector<double> large_truth(large.parameters.size());
  const std::vector<std::pair<const char*, double>> named = {{"E", 1.2},    {"A", 20},       {"B", 2},
                                                             {"G", 500},    {"F", 4e4},      {"alpha", 0.4},
                                                             {"beta", 0.5}, {"delta", 0.37}, {"gamma", 0.5}};
  for (const auto& [name, value] : named) large_truth[large.find(name)] = value;
  const laws::Measurements few = measurements(small, small_truth, 240), many = measurements(large, large_truth, 770);
  if (!near_truth(small, few, small_truth) || !near_truth(large, many, large_truth)) {
    std::printf("the fits do not find their truth; nothing timed\n");
    return 1;
  }
  laws::LawOptions options;
  options.fit.interval = laws::IntervalMethod::none;
  report("5 parameters, 240 rows, certified", small, few, options, repeats);
  report("9 parameters, 770 rows, certified", large, many, options, repeats);
  options.fit.interval = laws::IntervalMethod::bootstrap;
  options.fit.resamples = 4000;
  for (int k = 1; k <= threads; k *= 2) {
    options.fit.threads = k;
    report(("the first with 4000 bootstraps, threads " + std::to_string(k)).c_str(), small, few, options, repeats);
  }
  return 0;
}
