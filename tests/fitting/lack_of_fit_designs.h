// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/tables/columns.h"

// Simulated tables of runs for the tests of lack of fit: with known truth, with and without a flaw that must be found.
namespace phaselaw::fitting::testing {

struct SimulatedTable {
  tables::Measurements data;
  std::vector<std::string> run;  // empty: no column of runs
};

struct TableDesign {
  std::string_view name;
  std::string_view what;
  bool sound = true;  // the law holds, and the noise is independent, even or as declared
};

inline constexpr TableDesign kTableDesigns[] = {
    {"random 12", "12 random runs, 0.5 % noise"},
    {"random 20", "20 random runs, 0.5 % noise"},
    {"random 40", "40 random runs, 0.5 % noise"},
    {"isoflop 5x6", "5 budgets of 6 sizes, 0.3 % noise"},
    {"ladder 4x5", "4 sizes with 5 numbers of tokens each, 0.3 % noise"},
    {"ratio 12", "12 runs at 20 tokens per parameter within 15 %, 0.3 % noise"},
    {"no floor", "30 random runs, the true floor is 0"},
    {"runs 12x10", "12 runs of 10 rows at a constant rate, with an error of each run of 0.5 %"},
    {"runs 5x10", "the same with 5 runs"},
    {"unnamed 12x10", "12 runs of 10 rows as above, without a column of runs"},
    {"seeds 10x3", "10 configurations with 3 seeds each, 0.4 % noise"},
    {"growing 30", "30 random runs, noise grows from 0.1 to 1.5 % with compute"},
    {"falling 30", "30 random runs, noise falls from 1.5 to 0.1 % with compute"},
    {"t3 30", "30 random runs, noise with 3 degrees of freedom", false},
    {"under-tuned 30", "30 random runs, 10 % of them 2 to 10 % too high", false},
    {"cosine 10x6, 3 %", "10 runs of 6 rows under one cosine schedule, early rows up to 3 % high", false},
    {"cosine 5x6, 3 %", "the same with 5 runs", false},
    {"cosine 10x6, 1 %", "10 runs, early rows up to 1 % high", false},
    {"unnamed cosine 10x6, 3 %", "10 runs, 3 %, without a column of runs", false},
    {"log^2 20", "20 random runs, the law times 1 + 0.004 ln(D/(20 N))^2, 0.3 % noise", false},
    {"log^2 30", "the same with 30 runs", false},
    {"log^2 60", "the same with 60 runs", false},
    {"bent 30", "30 random runs, the exponent of D falls beyond 4e10 tokens, 0.3 % noise", false},
};

// The law chinchilla with the parameters of Besiroglu et al. 2024.
inline double true_loss(double n, double d) {
  return 1.8172 + 482.01 * std::pow(n, -0.3478) + 2085.43 * std::pow(d, -0.3658);
}

class TableSimulator {
 public:
  TableSimulator(std::string_view design, std::uint64_t draw) : stream_(41, design, draw) {}

  void row(double n, double d, double log_loss, const std::string& run = "") {
    n_.push_back(n);
    d_.push_back(d);
    table_.data.output.push_back(std::exp(log_loss));
    if (!run.empty()) table_.run.push_back(run);
  }
  // Runs with sizes from 5e7 to 2e9 and 5 to 200 tokens per parameter; log_loss(n, d) without noise, sd(share of the
  // range of ln C).
  template <class LogLoss, class Noise>
  void random_runs(int count, LogLoss log_loss, Noise noise) {
    for (int i = 0; i < count; ++i) {
      const double n = std::exp(uniform(std::log(5e7), std::log(2e9)));
      const double d = n * std::exp(uniform(std::log(5.0), std::log(200.0)));
      row(n, d, log_loss(n, d) + noise(n, d));
    }
  }
  // Runs of several rows with an error `run_sd` of each and `row_sd` of every row; `extra(fraction)` above the law.
  template <class Extra>
  void long_runs(int runs, const std::vector<double>& tokens_per_param, double run_sd, double row_sd, bool named,
                 Extra extra) {
    for (int r = 0; r < runs; ++r) {
      const double n = 5e7 * std::pow(40.0, r / (runs - 1.0)), shared = run_sd * normal();
      for (const double ratio : tokens_per_param)
        row(n, n * ratio,
            std::log(true_loss(n, n * ratio)) + shared + row_sd * normal() + extra(ratio / tokens_per_param.back()),
            named ? "run " + std::to_string(r) : "");
    }
  }
  double normal() { return stream_.normal(); }
  double uniform(double lo, double hi) { return lo + (hi - lo) * stream_.uniform(); }
  SimulatedTable take() {
    table_.data.columns.add("n_params", n_);
    table_.data.columns.add("tokens", d_);
    return std::move(table_);
  }

 private:
  numerics::RandomStream stream_;
  SimulatedTable table_;
  std::vector<double> n_, d_;
};

// The law and the noise of the designs with runs of random size; false for other designs.
inline bool add_random_runs(std::string_view design, TableSimulator& s) {
  const auto starts = [&](std::string_view word) { return design.starts_with(word); };
  const int count =
      starts("no floor") ? 30 : std::atoi(std::string(design.substr(design.find_last_of(' ') + 1)).c_str());
  const auto log_true = [](double n, double d) { return std::log(true_loss(n, d)); };
  const auto even = [&](double sd) { return [&s, sd](double, double) { return sd * s.normal(); }; };
  if (starts("random")) {
    s.random_runs(count, log_true, even(0.005));
  } else if (starts("no floor")) {
    const auto law = [](double n, double d) { return std::log(30 * std::pow(n, -0.15) + 60 * std::pow(d, -0.17)); };
    s.random_runs(count, law, even(0.005));
  } else if (starts("growing") || starts("falling")) {
    s.random_runs(count, log_true, [&](double n, double d) {
      const double share = std::log(n * d / (5e7 * 2.5e8)) / std::log(64000.0);  // of the range of ln C
      return 0.001 * std::pow(15.0, starts("growing") ? share : 1 - share) * s.normal();
    });
  } else if (starts("t3")) {
    s.random_runs(count, log_true, [&](double, double) {
      double squares = 0;
      for (int k = 0; k < 3; ++k) squares += std::pow(s.normal(), 2);
      return 0.005 * s.normal() / std::sqrt(squares);
    });
  } else if (starts("under-tuned")) {
    s.random_runs(count, log_true, [&](double, double) {
      return 0.003 * s.normal() + (s.uniform(0, 1) < 0.1 ? std::log1p(s.uniform(0.02, 0.1)) : 0.0);
    });
  } else if (starts("log^2")) {
    const auto law = [&](double n, double d) {
      return log_true(n, d) + std::log1p(0.004 * std::pow(std::log(d / (20 * n)), 2));
    };
    s.random_runs(count, law, even(0.003));
  } else if (starts("bent")) {
    const auto law = [](double n, double d) {
      const double bend = std::pow(1 + std::pow(d / 4e10, 2), 0.06);
      return std::log(1.8172 + 482.01 * std::pow(n, -0.3478) + 2085.43 * std::pow(d, -0.3658) * bend);
    };
    s.random_runs(count, law, even(0.003));
  } else {
    return false;
  }
  return true;
}

inline SimulatedTable simulated_table(std::string_view design, std::uint64_t draw) {
  TableSimulator s(design, draw);
  if (add_random_runs(design, s)) return s.take();
  const auto starts = [&](std::string_view word) { return design.starts_with(word); };
  const auto noisy = [&](double n, double d, double sd) { s.row(n, d, std::log(true_loss(n, d)) + sd * s.normal()); };
  if (starts("isoflop")) {
    for (const double c : numerics::log_spaced(1e18, 3e20, 5))
      for (const double shift : numerics::log_spaced(0.25, 4, 6)) {
        const double n = shift * 0.1197 * std::pow(c / 6, 0.5126);  // around the best size
        noisy(n, c / 6 / n, 0.003);
      }
  } else if (starts("ladder")) {
    for (const double n : {1.9e8, 3.7e8, 7.6e8, 1.3e9})
      for (const double ratio : {10.0, 20.0, 40.0, 100.0, 200.0}) noisy(n, n * ratio, 0.003);
  } else if (starts("ratio")) {
    for (const double n : numerics::log_spaced(3e7, 3e9, 12))
      noisy(n, 20 * n * std::exp(s.uniform(-0.15, 0.15)), 0.003);
  } else if (starts("seeds")) {
    for (int i = 0; i < 10; ++i) {
      const double n = std::exp(s.uniform(std::log(5e7), std::log(2e9)));
      const double d = n * std::exp(s.uniform(std::log(5.0), std::log(200.0)));
      for (int k = 0; k < 3; ++k) noisy(n, d, 0.004);
    }
  } else if (starts("runs") || starts("unnamed 12")) {
    s.long_runs(starts("runs 5") ? 5 : 12, numerics::log_spaced(5, 100, 10), 0.005, 0.002, starts("runs"),
                [](double) { return 0.0; });
  } else {
    PHASELAW_CHECK(design.find("cosine") != std::string_view::npos);
    const double height = design.ends_with("3 %") ? 0.03 : 0.01;
    s.long_runs(starts("cosine 5") ? 5 : 10, {20, 35, 50, 70, 85, 100}, 0.003, 0.001, !starts("unnamed"),
                [&](double fraction) { return height * 0.5 * (1 + std::cos(M_PI * fraction)); });
  }
  return s.take();
}

}  // namespace phaselaw::fitting::testing
