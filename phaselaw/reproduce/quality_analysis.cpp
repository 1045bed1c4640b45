// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/quality.h"
#include "phaselaw/reproduce/risk_curves.h"

// What follows from the curves of the experiment on data quality (quality.h).
namespace phaselaw::reproduce {

namespace {

using analysis::LinearErrors;
using Teachers = std::span<const std::size_t>;

double risk_of(const QualityStudy& study, std::size_t cell, Teachers teachers, StopAt stop) {
  std::vector<std::vector<double>> curves;
  for (const auto& teacher : study.teachers) curves.push_back(teacher.risk[cell]);
  const auto mean = mean_curve(curves, teachers);
  return stop == StopAt::best ? best_of(mean).risk : mean.back();
}

double base_risk(const QualityStudy& study, Teachers teachers, StopAt stop) {
  for (std::size_t cell = 0; cell < study.cells.size(); ++cell)
    if (study.cells[cell].kind == SampleKind::distinct && study.cells[cell].n == study.clean)
      return risk_of(study, cell, teachers, stop);
  PHASELAW_CHECK(false);
  return base::kNaN;
}

double trained_threshold(const QualityStudy& study, std::int64_t added, Teachers teachers, StopAt stop) {
  const double base = base_risk(study, teachers, stop);
  std::vector<double> noise, ratio;
  for (std::size_t cell = 0; cell < study.cells.size(); ++cell) {
    const auto& c = study.cells[cell];
    if (c.kind != SampleKind::added || c.n != study.clean + added) continue;
    noise.push_back(c.noise_ratio);
    ratio.push_back(risk_of(study, cell, teachers, stop) / base);
  }
  return threshold(noise, ratio);
}

std::vector<LinearErrors> mean_errors(const QualityStudy& study, std::size_t set, Teachers teachers) {
  std::vector<LinearErrors> mean(study.teachers[teachers.front()].linear[set].size());
  const double share = 1 / static_cast<double>(teachers.size());
  for (const std::size_t teacher : teachers)
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const auto& e = study.teachers[teacher].linear[set][i];
      mean[i].bias += share * e.bias;
      mean[i].clean += share * e.clean;
      mean[i].added += share * e.added;
    }
  return mean;
}

double useful_of_draws(const QualityStudy& study, std::int64_t draws, Teachers teachers) {
  std::vector<double> sizes, risks;
  double risk = base::kNaN;
  for (std::size_t cell = 0; cell < study.cells.size(); ++cell) {
    const auto& c = study.cells[cell];
    if (c.kind == SampleKind::distinct) {
      sizes.push_back(static_cast<double>(c.n));
      risks.push_back(risk_of(study, cell, teachers, StopAt::best));
    } else if (c.kind == SampleKind::drawn && c.n == draws) {
      risk = risk_of(study, cell, teachers, StopAt::best);
    }
  }
  return useful_size(sizes, risks, risk);
}

// exp of a jackknife of the logarithm.
Effect log_effect(const QualityStudy& study, const std::function<double(Teachers)>& statistic) {
  return exponential(jackknife(
      study.teachers.size(), [&](Teachers teachers) { return std::vector<double>{std::log(statistic(teachers))}; })[0]);
}

std::vector<std::int64_t> draws_of(const QualityStudy& study) {
  std::vector<std::int64_t> draws;
  for (const auto& c : study.cells)
    if (c.kind == SampleKind::drawn) draws.push_back(c.n);
  return draws;
}

}  // namespace

QualityResults analyse(const QualityStudy& study) {
  PHASELAW_CHECK(!study.teachers.empty());
  QualityResults results;
  const double clean = static_cast<double>(study.clean);
  const auto linear = [&](std::size_t i, double xi, Teachers teachers) {
    return linear_threshold(mean_errors(study, 0, teachers), mean_errors(study, 1 + i, teachers), xi, StopAt::best);
  };
  for (std::size_t i = 0; i < study.added.size(); ++i) {
    const std::int64_t m = study.added[i];
    Threshold t;
    t.added_over_clean = static_cast<double>(m) / clean;
    t.best = log_effect(study, [&](Teachers some) { return trained_threshold(study, m, some, StopAt::best); });
    t.end = log_effect(study, [&](Teachers some) { return trained_threshold(study, m, some, StopAt::end); });
    for (const double xi : study.linear_noise)
      t.linear.push_back(log_effect(study, [&](Teachers some) { return linear(i, xi, some); }));
    results.thresholds.push_back(std::move(t));
  }
  const auto logs_of_trained = [&](Teachers some) {
    std::vector<double> logs;
    for (const auto m : study.added) logs.push_back(std::log(trained_threshold(study, m, some, StopAt::best)));
    return logs;
  };
  std::vector<double> log_ideal;
  for (const auto& t : results.thresholds) log_ideal.push_back(std::log(ideal_threshold(t.added_over_clean)));
  results.to_ideal = log_effect(study, [&](Teachers some) {
    return std::exp(numerics::mean(logs_of_trained(some)) - numerics::mean(log_ideal));
  });
  results.growth = jackknife(study.teachers.size(), [&](Teachers some) {
    return std::vector<double>{numerics::least_squares_line(log_ideal, logs_of_trained(some)).slope};
  })[0];
  for (const double xi : study.linear_noise)
    results.linear_to_ideal.push_back(log_effect(study, [&](Teachers some) {
      std::vector<double> logs;
      for (std::size_t i = 0; i < study.added.size(); ++i)
        logs.push_back(std::log(linear(i, xi, some) / ideal_threshold(static_cast<double>(study.added[i]) / clean)));
      return std::exp(numerics::mean(logs));
    }));
  const auto draws = draws_of(study);
  for (const auto n : draws)
    results.draws.push_back(
        {static_cast<double>(n), log_effect(study, [&](Teachers some) { return useful_of_draws(study, n, some); })});
  if (draws.empty()) return results;
  results.useful_to_distinct =
      log_effect(study, [&](Teachers some) { return useful_of_draws(study, draws.back(), some) / clean; });
  results.useful_to_formula = log_effect(study, [&](Teachers some) {
    std::vector<double> logs;
    for (const auto n : draws)
      logs.push_back(std::log(useful_of_draws(study, n, some) / useful_size_of_draws(static_cast<double>(n), clean)));
    return std::exp(numerics::mean(logs));
  });
  return results;
}

}  // namespace phaselaw::reproduce
