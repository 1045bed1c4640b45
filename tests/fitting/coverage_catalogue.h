// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/fitting/coverage_designs.h"

// The designs on which intervals must hold (docs/laws.md has the measured coverage of each).
namespace phaselaw::fitting::testing {

// A law of two sizes with normal noise of `sd`.
inline Design sizes_design(std::string name, std::function<Sizes(numerics::RandomStream&)> sizes, double sd) {
  Design out;
  out.name = std::move(name);
  out.parameters = kSizesTruth;
  out.log_loss = [](double n, double d) { return std::log(chinchilla_loss(kSizesTruth, n, d)); };
  out.sizes = std::move(sizes);
  out.noise = independent(normal_noise(sd));
  out.noise_of_new_run = normal_noise(sd);
  return out;
}

// Independent runs with noise of another kind.
template <class Noise>
Design random_design(std::string name, Bar bar, std::size_t rows, Noise noise) {
  Design out = sizes_design(std::move(name), random_sizes(rows), 0);
  out.bar = bar;
  out.noise = independent(noise);
  out.noise_of_new_run = noise;
  return out;
}

inline Design uneven_design(std::string name, std::size_t rows, double first, double last) {
  Design out = random_design(std::move(name), Bar::dirty, rows, normal_noise(last));
  out.noise = noise_along_compute(first, last);
  return out;
}

inline Design power_design(std::string name, std::size_t rows, bool floor) {
  Design out;
  out.name = std::move(name);
  out.law = "power";
  out.parameters =
      floor ? Parameters{{"E", 1.7}, {"A", 1200}, {"alpha", 0.155}} : Parameters{{"E", 0}, {"A", 50}, {"alpha", 0.065}};
  if (!floor) out.fix = {{"E", 0}};
  out.log_loss = [p = out.parameters](double compute, double) {
    return std::log(p.at("E") + p.at("A") * std::pow(compute, -p.at("alpha")));
  };
  out.sizes = [rows](numerics::RandomStream& stream) {
    Sizes sizes;
    for (std::size_t i = 0; i < rows; ++i) sizes.compute.push_back(1e18 * std::pow(1e3, stream.uniform()));
    return sizes;
  };
  out.noise = independent(normal_noise(0.005));
  out.noise_of_new_run = normal_noise(0.005);
  return out;
}

// Ten checkpoints of each run, under a constant learning rate; the run's own error is larger than theirs.
inline Design checkpoint_design(std::string name, std::size_t runs, bool names_runs) {
  Design out = sizes_design(std::move(name),
                            grid_sizes(numerics::log_spaced(5e7, 2e9, runs), numerics::log_spaced(5, 100, 10)), 0);
  out.bar = Bar::dirty;
  out.noise = checkpoint_noise(0.005, 0.002, 0);
  out.noise_of_new_run = normal_noise(std::hypot(0.005, 0.002));
  out.names_runs = names_runs;
  return out;
}

// Six checkpoints of each of ten runs with a learning rate that decays as a cosine: early rows are up to 3 % above the loss of
// a run that ended there.
inline Design cosine_design(std::string name, bool names_runs) {
  Design out =
      sizes_design(std::move(name), grid_sizes(numerics::log_spaced(5e7, 2e9, 10), {20, 35, 50, 70, 85, 100}), 0);
  out.bar = Bar::misspecified;
  out.noise = checkpoint_noise(0.003, 0.001, 0.03);
  out.noise_of_new_run = normal_noise(std::hypot(0.003, 0.001));
  out.names_runs = names_runs;
  return out;
}

// The data term bends at 4e10 tokens, its exponent falling from 0.366 to 0.246.
inline Design broken_design() {
  Design out = random_design("broken-tokens-30", Bar::misspecified, 30, normal_noise(0.003));
  out.true_parameters = false;
  out.log_loss = [](double n, double d) {
    const Parameters& p = kSizesTruth;
    return std::log(p.at("E") + p.at("A") * std::pow(n, -p.at("alpha")) +
                    p.at("B") * std::pow(d, -p.at("beta")) * std::pow(1 + (d / 4e10) * (d / 4e10), 0.06));
  };
  return out;
}

// Both too few and too many tokens per parameter cost more than the law says.
inline Design log_squared_design() {
  Design out = random_design("log-squared-30", Bar::misspecified, 30, normal_noise(0.003));
  out.true_parameters = false;
  out.log_loss = [](double n, double d) {
    const double ratio = std::log(d / (20 * n));
    return std::log(chinchilla_loss(kSizesTruth, n, d) * (1 + 0.004 * ratio * ratio));
  };
  return out;
}

inline Design no_floor_design() {
  Design out = random_design("no-floor-30", Bar::boundary, 30, normal_noise(0.005));
  out.parameters = kNoFloorTruth;
  out.log_loss = [](double n, double d) { return std::log(chinchilla_loss(kNoFloorTruth, n, d)); };
  return out;
}

inline std::vector<Design> coverage_designs() {
  std::vector<Design> all;
  for (const std::size_t rows : {4, 6, 12, 40})
    all.push_back(power_design(fmt::format("power-E0-{}", rows), rows, false));
  for (const std::size_t rows : {4, 5, 6, 8, 12, 20, 40})
    all.push_back(power_design(fmt::format("power-{}", rows), rows, true));
  for (const std::size_t rows : {6, 8, 12, 20, 40})
    all.push_back(sizes_design(fmt::format("random-{}", rows), random_sizes(rows), 0.005));
  all.push_back(sizes_design("isoflop-5x6", isoflop_sizes(numerics::log_spaced(1e18, 3e20, 5), 6), 0.003));
  all.push_back(sizes_design("isoflop-3x4", isoflop_sizes(numerics::log_spaced(1e18, 1e20, 3), 4), 0.003));
  all.push_back(sizes_design("ladder-4x5", grid_sizes({1.9e8, 3.7e8, 7.6e8, 1.3e9}, {10, 20, 40, 100, 200}), 0.003));
  all.push_back(sizes_design("ratio-20", twenty_tokens_a_parameter(10, 0), 0.003));
  all.back().ratio = 20;
  all.push_back(sizes_design("ratio-20-jitter", twenty_tokens_a_parameter(12, 0.15), 0.003));
  all.push_back(random_design("t3-30", Bar::dirty, 30, t3_noise(0.005)));
  for (const std::size_t rows : {12, 30})
    all.push_back(random_design(fmt::format("under-tuned-{}", rows), Bar::dirty, rows, under_tuned_noise(0.003)));
  for (const std::size_t rows : {12, 20, 30}) {
    all.push_back(uneven_design(fmt::format("noise-grows-{}", rows), rows, 0.001, 0.015));
    all.push_back(uneven_design(fmt::format("noise-falls-{}", rows), rows, 0.015, 0.001));
  }
  all.push_back(random_design("two-decimals-30", Bar::dirty, 30, normal_noise(0.001)));
  all.back().resolution = 0.01;
  all.push_back(no_floor_design());
  for (const std::size_t runs : {12, 5})
    for (const bool named : {true, false})
      all.push_back(checkpoint_design(fmt::format("checkpoints-{}x10{}", runs, named ? "" : "-unnamed"), runs, named));
  all.push_back(cosine_design("cosine-10x6", true));
  all.push_back(cosine_design("cosine-10x6-unnamed", false));
  all.push_back(broken_design());
  all.push_back(log_squared_design());
  return all;
}

}  // namespace phaselaw::fitting::testing
