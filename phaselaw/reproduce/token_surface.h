// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/random_effect.h"
#include "phaselaw/reproduce/surface.h"
#include "phaselaw/reproduce/surface_study.h"

// The excess-risk surface of token sources of which p* is known (E1.markov, E1.associations).
//
// Grid: decoder-only transformers of one layer and four widths, each trained for four or five durations with a decayed end,
// every sequence used once. So data D (tokens) and time T = D/batch are the same axis, and a run is charged C = M D. Risk: KL(p*
// || p) in nats per token. A seed is a new source with its data and initialisation.
//
//   isolated      a: minus the slope of ln risk on ln M at the longest duration of all sizes; b: on ln D for the largest
//                 M, over the durations of all sizes
//   sum           A M^-alpha + B D^-beta fitted to all averaged points (there is no floor: it is an excess risk)
//   implied       1/(1/alpha + 1/beta), the minimum of the sum at M D = C
//   envelope      the lowest of all sizes at equal charge, where that size is neither the smallest nor the largest
//
// Data and time apart: one width trained on n sequences again and again; best time and best risk as for vectors
// (surface.h), charged in steps of a fixed batch.
//
// Known exponents of `associations` [T] (data/associations.h): (alpha - 1)/alpha in data for a learner that stores what
// it has seen, alpha - 1 in stored contexts. Counting and the closed form are computed beside the networks.
namespace phaselaw::reproduce {

struct TokenSource {
  std::string name;                                                // "markov", "associations"
  double data_exponent = base::kNaN, model_exponent = base::kNaN;  // known ones of a memoriser
};
[[nodiscard]] const std::vector<TokenSource>& token_sources();

struct GridNumbers {
  double model = 0, data = 0;                       // a, b
  double sum_model = 0, sum_data = 0, implied = 0;  // alpha, beta, 1/(1/alpha + 1/beta)
  double envelope = 0;                              // q
  double params_of_charge = 0;                      // M ~ C^.
  double time_by_size = 0;  // slope of the exponent in D on ln M: how much steeper larger models learn
  static constexpr std::size_t kCount = 8;
  [[nodiscard]] std::vector<double> list() const;
};
// Cells of one size each, n_params ascending; `steps` are the durations in tokens, of which the shortest are the same.
[[nodiscard]] GridNumbers measure_grid(const std::vector<SurfaceCell>& sizes, Teachers teachers);
// The part of the envelope that measure_grid() uses; C = n_params tokens.
[[nodiscard]] Envelope grid_envelope(const std::vector<SurfaceCell>& sizes, Teachers teachers);

struct TokenSurface {
  TokenSource source;
  std::vector<SurfaceCell> sizes;
  Effect model, data, sum_model, sum_data, implied, envelope, params_of_charge, time_by_size;
  Effect log_ratio;         // ln of the envelope's exponent over the implied one
  SurfaceRow data_limited;  // one width on n sequences, charged steps
  Effect counts, stored;    // associations only: exponents of counting and of stored contexts
  std::vector<std::pair<std::string, std::string>> configurations;
  double cost_flop = 0;
};
[[nodiscard]] TokenSurface token_surface(const Context& context, const TokenSource& source);

// The excess risk of counting D sequences of `associations` with `pseudo` counts for each token, exact over all contexts.
// And that of storing the M most frequent contexts, with uniform tokens for the others.
struct CountingTask {
  std::int64_t contexts = 32768, vocab = 32, seq_len = 3;
  double exponent = 1.5, logit_std = 1.5;
};
[[nodiscard]] std::vector<double> counting_risk(const CountingTask& task, const std::vector<std::int64_t>& n_data,
                                                double pseudo, std::uint64_t seed);
[[nodiscard]] std::vector<double> stored_risk(const CountingTask& task, const std::vector<std::int64_t>& stored,
                                              std::uint64_t seed);

[[nodiscard]] std::vector<report::Claim> claims_of(const TokenSurface& surface);
[[nodiscard]] std::vector<report::Figure> figures_of(const TokenSurface& surface);
[[nodiscard]] std::vector<report::Table> tables_of(const TokenSurface& surface);

[[nodiscard]] Finding markov_surface(const Context& context);
[[nodiscard]] Finding associations_surface(const Context& context);

}  // namespace phaselaw::reproduce
