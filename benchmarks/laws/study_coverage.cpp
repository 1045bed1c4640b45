// SPDX-License-Identifier: Apache-2.0
//
// How often does a 95 % interval hold the truth? The table of docs/laws.md, one line or all of them.
//
//   bench_laws_study_coverage [--only ROW,ROW,...] [--draws D] [--resamples B] [--threads K]
//
// A draw: columns log-uniform and independent, the law at its true parameters (tests/laws/law_truths.h), log-normal
// noise of 1 %; fitted; which parameters' intervals hold the truth, and does the interval for one new run hold its
// measurement? `runs of 10`: rows come in runs, half of the noise's variance is the run's. `uneven`: the noise is that
// of a model of 3e8 parameters and falls with their cube root, from 3 % to 0.3 %. Draw d is the same at any number of
// threads. A share of 95 % over D draws has a standard error of 22/sqrt(D) points. Time of all rows with 1,000 draws:
// about 20 minutes of one core at 2.5 GHz.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/numerics/random.h"
#include "tests/laws/law_truths.h"

namespace {

using namespace phaselaw;
using fitting::IntervalMethod;
using fitting::Objective;

struct Row {
  const char* law;
  Objective objective;
  IntervalMethod method;
  std::size_t rows;
  std::size_t run_length = 1;
  bool uneven = false;
};
constexpr Row kTable[] = {
    {"power", Objective::l2, IntervalMethod::profile, 60},
    {"power", Objective::l2, IntervalMethod::bootstrap, 60},
    {"power", Objective::huber, IntervalMethod::bootstrap, 60},
    {"power", Objective::huber, IntervalMethod::profile, 60},
    {"chinchilla", Objective::l2, IntervalMethod::profile, 100},
    {"chinchilla", Objective::l2, IntervalMethod::sandwich, 100},
    {"chinchilla", Objective::l2, IntervalMethod::bootstrap, 100},
    {"chinchilla", Objective::l2, IntervalMethod::bca, 100},
    {"chinchilla", Objective::huber, IntervalMethod::bootstrap, 100},
    {"chinchilla", Objective::huber, IntervalMethod::profile, 100},
    {"chinchilla", Objective::huber, IntervalMethod::sandwich, 100},
    {"chinchilla", Objective::huber, IntervalMethod::bootstrap, 240},
    {"chinchilla", Objective::huber, IntervalMethod::bootstrap, 400, 10},
    {"chinchilla", Objective::huber, IntervalMethod::sandwich, 400, 10},
    {"chinchilla", Objective::huber, IntervalMethod::bootstrap, 100, 1, true},
    {"chinchilla", Objective::huber, IntervalMethod::profile, 100, 1, true},
    {"chinchilla", Objective::huber, IntervalMethod::sandwich, 100, 1, true},
    {"width-depth-params-tokens", Objective::l2, IntervalMethod::profile, 200},
    {"two-stage", Objective::l2, IntervalMethod::profile, 60},
    {"kaplan", Objective::l2, IntervalMethod::profile, 100},
    {"over-training", Objective::l2, IntervalMethod::profile, 100},
    {"repeated-data", Objective::l2, IntervalMethod::profile, 150},
};
constexpr double kNoise = 0.01;

struct Counts {
  std::vector<std::atomic<int>> held;  // by parameter, then the new run
  std::atomic<int> fitted = 0, uncertified = 0;
  std::atomic<double> log_width = 0;  // of all parameters with two positive ends
  std::atomic<int> widths = 0;
  explicit Counts(std::size_t k) : held(k + 1) {}
};

// `n` rows and one more, which the fit does not see.
tables::Measurements noisy(const laws::Law& law, const Row& row, std::uint64_t draw) {
  tables::Measurements data = laws::testing::exact_measurements(law, row.rows + 1, 1000 + draw);
  numerics::RandomStream stream(12, "study_coverage", draw);
  const std::vector<double> n_params = data.columns.get("n_params");
  double of_run = 0;
  for (std::size_t i = 0; i <= row.rows; ++i) {
    if (i % row.run_length == 0) of_run = stream.normal();
    const double share = row.run_length > 1 ? 0.5 : 0;
    const double size = row.uneven ? std::pow(n_params[i] / std::sqrt(1e7 * 1e10), -1 / 3.0) : 1;
    data.output[i] *= std::exp(size * kNoise * (std::sqrt(share) * of_run + std::sqrt(1 - share) * stream.normal()));
  }
  return data;
}

void look_at(const laws::Law& law, const Row& row, int resamples, std::uint64_t draw, Counts& counts) {
  const std::vector<double> truth = laws::testing::true_parameters(law);
  const tables::Measurements all = noisy(law, row, draw);
  std::vector<std::size_t> fitted;
  for (std::size_t i = 0; i < row.rows; ++i) fitted.push_back(i);
  const std::size_t last[] = {row.rows};
  const tables::Measurements data = all.rows(fitted), fresh = all.rows(last);
  fitting::FitOptions options;
  options.objective = row.objective;
  options.interval = row.method;
  options.resamples = resamples;
  options.seed = draw;
  for (std::size_t i = 0; row.run_length > 1 && i < row.rows; ++i)
    options.cluster.push_back(std::to_string(i / row.run_length));
  const fitting::Fit fit = fitting::fit_law(law, data, options);
  if (!fit.convergence.certified) {
    ++counts.uncertified;
    return;
  }
  ++counts.fitted;
  for (std::size_t p = 0; p < truth.size(); ++p) {
    const fitting::Estimate& estimate = *fit.find(law.parameters[p].name);
    if ((!estimate.lo || *estimate.lo <= truth[p]) && (!estimate.hi || truth[p] <= *estimate.hi)) ++counts.held[p];
    if (estimate.lo && estimate.hi && *estimate.lo > 0) {
      counts.log_width += std::log(*estimate.hi / *estimate.lo);
      ++counts.widths;
    }
  }
  const fitting::Prediction prediction = fitting::predict(fit, data, options, fresh.columns);
  if (prediction.run_lo[0] <= fresh.output[0] && fresh.output[0] <= prediction.run_hi[0]) ++counts.held[truth.size()];
}

void study(std::size_t index, int draws, int resamples, int threads) {
  const Row& row = kTable[index];
  const laws::Law law = laws::law_from(row.law);
  Counts counts(law.parameters.size());
  {
    std::vector<std::jthread> helpers;
    std::atomic<int> next = 0;
    for (int t = 0; t < threads; ++t)
      helpers.emplace_back([&] {
        for (int d = next++; d < draws; d = next++) look_at(law, row, resamples, static_cast<std::uint64_t>(d), counts);
      });
  }
  const auto percent = [&](int held) { return 100.0 * held / std::max(1, counts.fitted.load()); };
  std::string covered;
  for (std::size_t p = 0; p < law.parameters.size(); ++p) {
    char text[64];
    std::snprintf(text, sizeof text, "%s%s %.1f", p > 0 ? ", " : "", law.parameters[p].name.c_str(),
                  percent(counts.held[p]));
    covered += text;
  }
  std::string runs;
  if (row.run_length > 1) runs = fmt::format(", runs of {}", row.run_length);
  if (row.uneven) runs += ", uneven";
  std::printf("| %s | %s | %s | %zu%s | %s | %.1f |   row %zu, %d fits, %d not certified, mean ln(hi/lo) %.3f\n",
              row.law, std::string(base::enum_name(row.objective)).c_str(),
              std::string(base::enum_name(row.method)).c_str(), row.rows, runs.c_str(), covered.c_str(),
              percent(counts.held.back()), index, counts.fitted.load(), counts.uncertified.load(),
              counts.log_width / std::max(1, counts.widths.load()));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  int draws = 1000, resamples = 300, threads = 1;
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--draws") draws = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--resamples") resamples = std::max(2, std::atoi(argv[i + 1]));
    if (flag == "--threads") threads = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--only") only = fmt::format(",{},", argv[i + 1]);
  }
  std::printf(
      "| law | objective | interval | rows | covered, by parameter (%%) | new run (%%) |\n|---|---|---|---|---|---|\n");
  for (std::size_t row = 0; row < std::size(kTable); ++row)
    if (only.empty() || only.find(fmt::format(",{},", row)) != std::string::npos) study(row, draws, resamples, threads);
  return 0;
}
