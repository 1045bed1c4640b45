// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/tables/columns.h"

// Simulated tables of runs with a known truth, on which intervals are judged: the sizes that people train, and the ways
// in which real tables differ from independent rows of equal noise.
//
// A design is drawn from the stream (seed, "coverage/NAME", draw), so a draw depends on nothing else. Noise is of ln
// loss. Loss in nats per token, compute in FLOP (6 N D), sizes in parameters and tokens.
namespace phaselaw::fitting::testing {

enum class Bar {
  clean,         // the law is true, rows are independent and of equal normal noise
  dirty,         // the law is true, the noise is not
  boundary,      // the true floor is 0
  misspecified,  // the law is not true
};

struct Sizes {
  std::vector<double> n_params, tokens;  // of a law of two sizes
  std::vector<double> compute;           // of a law of compute
  std::vector<std::string> run;          // empty: every row is a run
};

struct Design {
  std::string name;
  Bar bar = Bar::clean;
  std::string law = "chinchilla";
  std::map<std::string, double> fix{};
  std::map<std::string, double> parameters{};  // of the law
  // The true expectation of ln loss of a finished run: of (n_params, tokens), or of (compute, unused).
  std::function<double(double, double)> log_loss;
  std::function<Sizes(numerics::RandomStream&)> sizes;
  std::function<std::vector<double>(const Sizes&, numerics::RandomStream&)> noise;
  std::function<double(numerics::RandomStream&)> noise_of_new_run;  // beyond the largest compute
  bool names_runs = false;                                          // the table has a column of runs
  double resolution = 0;                                            // losses are rounded to multiples of it
  double ratio = 0;             // > 0: the only tokens per parameter at which the rows allow predictions
  bool true_parameters = true;  // `parameters` are those of the truth
};

struct SimulatedTable {
  tables::Measurements data;
  std::vector<std::string> cluster;  // the run of each row if the table names runs
  double largest_compute = 0;
};

using Parameters = std::map<std::string, double>;

inline double chinchilla_loss(const Parameters& p, double n, double d) {
  return p.at("E") + p.at("A") * std::pow(n, -p.at("alpha")) + p.at("B") * std::pow(d, -p.at("beta"));
}

// ln N*(C) of the law: Hoffmann et al. 2022, eq. 4 [S].
inline double log_best_size(double A, double alpha, double B, double beta, double compute) {
  return (std::log(alpha * A / (beta * B)) + beta * std::log(compute / 6)) / (alpha + beta);
}

// ln N* of any true loss: golden section on the curve of equal compute, to 1e-9.
inline double log_best_size(const Design& design, double compute) {
  const double golden = (std::sqrt(5.0) - 1) / 2;
  double lo = std::log(1e3), hi = std::log(compute / 6e3);
  const auto at = [&](double u) { return design.log_loss(std::exp(u), compute / 6 / std::exp(u)); };
  while (hi - lo > 1e-9) {
    const double a = hi - golden * (hi - lo), b = lo + golden * (hi - lo);
    (at(a) < at(b) ? hi : lo) = at(a) < at(b) ? b : a;
  }
  return 0.5 * (lo + hi);
}

inline SimulatedTable simulate(const Design& design, numerics::RandomStream& stream) {
  const Sizes sizes = design.sizes(stream);
  SimulatedTable table;
  const bool of_compute = !sizes.compute.empty();
  const std::size_t rows = of_compute ? sizes.compute.size() : sizes.n_params.size();
  const std::vector<double> noise = design.noise(sizes, stream);
  for (std::size_t i = 0; i < rows; ++i) {
    const double a = of_compute ? sizes.compute[i] : sizes.n_params[i], b = of_compute ? 0 : sizes.tokens[i];
    double loss = std::exp(design.log_loss(a, b) + noise[i]);
    if (design.resolution > 0) loss = design.resolution * std::round(loss / design.resolution);
    table.data.output.push_back(loss);
    table.largest_compute = std::max(table.largest_compute, of_compute ? a : 6 * a * b);
  }
  if (of_compute) {
    table.data.columns.add("compute", sizes.compute);
  } else {
    table.data.columns.add("n_params", sizes.n_params);
    table.data.columns.add("tokens", sizes.tokens);
  }
  if (design.names_runs) table.cluster = sizes.run;
  return table;
}

// --- The parts of designs ---

inline const Parameters kSizesTruth = {
    {"E", 1.8172}, {"A", 482.01}, {"alpha", 0.3478}, {"B", 2085.43}, {"beta", 0.3658}};
inline const Parameters kNoFloorTruth = {{"E", 0}, {"A", 30}, {"alpha", 0.15}, {"B", 60}, {"beta", 0.17}};

// Independent sizes: 5e7 to 2e9 parameters, 5 to 200 tokens for each, both log-uniform.
inline auto random_sizes(std::size_t rows) {
  return [rows](numerics::RandomStream& stream) {
    Sizes out;
    for (std::size_t i = 0; i < rows; ++i) {
      out.n_params.push_back(5e7 * std::pow(40, stream.uniform()));
      out.tokens.push_back(out.n_params.back() * 5 * std::pow(40, stream.uniform()));
    }
    return out;
  };
}

// Sizes from a quarter of the best one to four times it, at each budget.
inline auto isoflop_sizes(std::vector<double> budgets, std::size_t points) {
  return [budgets = std::move(budgets), points](numerics::RandomStream&) {
    Sizes out;
    const Parameters& p = kSizesTruth;
    for (const double compute : budgets) {
      const double best = std::exp(log_best_size(p.at("A"), p.at("alpha"), p.at("B"), p.at("beta"), compute));
      for (const double factor : numerics::log_spaced(0.25, 4, points)) {
        out.n_params.push_back(best * factor);
        out.tokens.push_back(compute / 6 / out.n_params.back());
      }
    }
    return out;
  };
}

// Every size with every number of tokens per parameter. A size is a run if `ratios` are its checkpoints.
inline auto grid_sizes(std::vector<double> n_params, std::vector<double> ratios) {
  return [n_params = std::move(n_params), ratios = std::move(ratios)](numerics::RandomStream&) {
    Sizes out;
    for (std::size_t i = 0; i < n_params.size(); ++i)
      for (const double ratio : ratios) {
        out.n_params.push_back(n_params[i]);
        out.tokens.push_back(ratio * n_params[i]);
        out.run.push_back(fmt::format("run {}", i));
      }
    return out;
  };
}

inline auto twenty_tokens_a_parameter(std::size_t rows, double jitter) {
  return [rows, jitter](numerics::RandomStream& stream) {
    Sizes out;
    for (const double n : numerics::log_spaced(3e7, 3e9, rows)) {
      out.n_params.push_back(n);
      out.tokens.push_back(20 * n * std::exp(jitter * (2 * stream.uniform() - 1)));
    }
    return out;
  };
}

// One number for each row from a draw of one.
template <class Draw>
auto independent(Draw draw) {
  return [draw](const Sizes& sizes, numerics::RandomStream& stream) {
    std::vector<double> out;
    for (std::size_t i = 0; i < std::max(sizes.n_params.size(), sizes.compute.size()); ++i) out.push_back(draw(stream));
    return out;
  };
}

inline auto normal_noise(double sd) {
  return [sd](numerics::RandomStream& stream) { return sd * stream.normal(); };
}

// Student's t with 3 degrees of freedom, of standard deviation `sd`.
inline auto t3_noise(double sd) {
  return [sd](numerics::RandomStream& stream) {
    const double top = stream.normal(), a = stream.normal(), b = stream.normal(), c = stream.normal();
    return sd * top / std::sqrt(a * a + b * b + c * c);
  };
}

// One run in ten ends 2 to 10 % above the loss that it could have reached.
inline auto under_tuned_noise(double sd) {
  return [sd](numerics::RandomStream& stream) {
    const double normal = sd * stream.normal(), chance = stream.uniform(),
                 excess = std::log1p(0.02 + 0.08 * stream.uniform());
    return normal + (chance < 0.1 ? excess : 0);
  };
}

// The standard deviation goes from `first` at the smallest compute to `last` at the largest, as a power of compute.
inline auto noise_along_compute(double first, double last) {
  return [first, last](const Sizes& sizes, numerics::RandomStream& stream) {
    std::vector<double> log_compute, out;
    for (std::size_t i = 0; i < sizes.n_params.size(); ++i)
      log_compute.push_back(std::log(sizes.n_params[i] * sizes.tokens[i]));
    const auto [lo, hi] = std::minmax_element(log_compute.begin(), log_compute.end());
    for (const double x : log_compute)
      out.push_back(first * std::pow(last / first, (x - *lo) / (*hi - *lo)) * stream.normal());
    return out;
  };
}

// Noise `of_run` that the rows of a run share, and noise of each row; `above` times a cosine's share of the peak learning
// rate is what a row lies above a finished run.
inline auto checkpoint_noise(double of_run, double of_row, double above) {
  return [=](const Sizes& sizes, numerics::RandomStream& stream) {
    std::map<std::string, double> last, shared;
    for (std::size_t i = 0; i < sizes.run.size(); ++i) {
      double& tokens = last[sizes.run[i]];
      tokens = std::max(tokens, sizes.tokens[i]);
    }
    for (std::size_t i = 0; i < sizes.run.size(); ++i)
      if (!shared.contains(sizes.run[i])) shared[sizes.run[i]] = of_run * stream.normal();
    std::vector<double> out;
    for (std::size_t i = 0; i < sizes.run.size(); ++i) {
      const double rate = 0.5 * (1 + std::cos(3.14159265358979323846 * sizes.tokens[i] / last[sizes.run[i]]));
      out.push_back(shared[sizes.run[i]] + of_row * stream.normal() + above * rate);
    }
    return out;
  };
}

}  // namespace phaselaw::fitting::testing
