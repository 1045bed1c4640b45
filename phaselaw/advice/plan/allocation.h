// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/plan/flop_convention.h"
#include "phaselaw/laws/law.h"

// What a compute is best spent on under a law with given parameters: the lowest loss on the curve of equal compute.
//
//   minimise L(N, D)   subject to   c(N) D + (c(N)/3) T = C        c: training FLOP per token, 6 N unless said
//                                                                 T: tokens of inference expected over the model's life
// Laws of n_params and tokens, and of whatever follows from these: compute, tokens_per_param, epochs (with
// unique_tokens given), n_layers and d_model (from the family of shapes). A law of compute alone has nothing to
// allocate; of compute and n_data the best n_data is found (the two-stage law). Chinchilla's closed form, with a =
// beta/ (alpha + beta) and G = (alpha A/(beta B))^(1/(alpha + beta)): N* = G (C/6)^a, D* = (C/6)^(1-a)/G [S: Hoffmann
// et al. 2022, eq. 4] is what this finds numerically.
//
// Accuracy: ln N* to 1e-9 where the law is smooth along the curve, to 1e-3 where it has a kink at its minimum. Cost:
// some 50 us a minimum. Source: [T].
namespace phaselaw::advice {

struct Situation {
  FlopCost cost;
  std::map<std::string, double> at{};                        // other columns of the law: unique_tokens, ...
  std::optional<double> n_params, tokens, tokens_per_param;  // at most one: held, not optimised
  double inference_tokens = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least, base::positive;
    visit("n_params", self.n_params, positive().in("parameters"), "hold the number of parameters: 7B");
    visit("tokens", self.tokens, positive().in("tokens"), "hold the number of training tokens: 300B");
    visit("tokens_per_param", self.tokens_per_param, positive(), "hold their ratio, for over-training: 320");
    visit("inference_tokens", self.inference_tokens, at_least(0).in("tokens"),
          "tokens that the model will serve; their forward passes count against the compute");
    visit("at", self.at, positive(), "name=value of a column that the compute does not determine: unique_tokens=1e10");
    visit("flop_convention", self.cost.convention, anything(), "how training FLOP are counted");
    visit("vocab", self.cost.family.vocab, positive(), "without-embeddings: size of the vocabulary");
    visit("seq_len", self.cost.family.seq_len, positive(), "with-attention: tokens in a sequence");
    visit("flop_per_param", self.cost.family.flop_per_param, positive(),
          "exact: training FLOP per parameter and token");
    visit("aspect_ratio", self.cost.family.aspect_ratio, positive(), "d_model/n_layers of the models to come");
  }
};

struct Allocation {
  double compute = 0;               // all of it, inference included
  double n_params = 0, tokens = 0;  // NaN for a law without sizes
  double n_data = 0;                // NaN but for a law of it
  double loss = 0;
  int edge = 0;  // -1: the fewest parameters are best, 1: the most; 0: a minimum inside, or nothing was optimised
};

class Allocator {
 public:
  // InputError: a law whose columns leave nothing to plan (names them), a column not given (--at), values that are not
  // positive, more than one size held.
  Allocator(const laws::Law& law, Situation situation);

  [[nodiscard]] bool has_sizes() const { return kind_ == Kind::sizes; }
  [[nodiscard]] bool has_n_data() const { return kind_ == Kind::n_data; }
  [[nodiscard]] const Situation& situation() const { return situation_; }
  [[nodiscard]] const laws::Law& law() const { return law_; }

  // InputError where the compute is too small for what is held (no token left, less than one parameter).
  [[nodiscard]] Allocation best(std::span<const double> parameters, double compute) const;

  // The law at sizes. For a law of compute: n_params is ignored and `tokens` is the compute.
  [[nodiscard]] double loss(std::span<const double> parameters, double n_params, double tokens) const;

  // The least compute whose best loss is `loss`; unset when none of up to kLargestCompute has it.
  // `guess`: where to look first.
  [[nodiscard]] std::optional<double> compute_for(std::span<const double> parameters, double loss,
                                                  std::optional<double> guess = {}) const;

  // The loss that no size and no compute goes below: the law at 1e140 of everything, held sizes too; `at` stays.
  // Below 1e-9 it is 0.
  [[nodiscard]] double floor(std::span<const double> parameters) const;

  // Compute of a run, all of it: training and the inference expected.
  [[nodiscard]] double compute(double n_params, double tokens) const;
  [[nodiscard]] double tokens_for(double n_params, double compute) const;  // may be negative: inference costs too much

  // The law at several sizes at once.
  [[nodiscard]] std::vector<double> losses(std::span<const double> parameters, std::span<const double> n_params,
                                           std::span<const double> tokens) const;

  static constexpr double kLargestCompute = 1e60;

 private:
  enum class Kind { sizes, compute_only, n_data };
  [[nodiscard]] std::vector<double> of_columns(std::span<const double> parameters, std::span<const double> n_params,
                                               std::span<const double> tokens, std::span<const double> compute,
                                               std::span<const double> n_data) const;
  [[nodiscard]] Allocation held(std::span<const double> parameters, double compute) const;

  const laws::Law& law_;
  Situation situation_;
  Kind kind_ = Kind::sizes;
};

// The minimum of f on [lo, hi]: the least of a grid, refined; `f` takes many points at once. `edge` as in Allocation.
struct LineMinimum {
  double x = 0;
  int edge = 0;
};
using BatchFunction = std::function<std::vector<double>(std::span<const double>)>;
[[nodiscard]] LineMinimum minimise_on_line(const BatchFunction& f, double lo, double hi);

// The root of a function that falls from f(lo) > 0 to f(hi) < 0, to 1e-13 of the interval or where f is 0.
[[nodiscard]] double root_between(const std::function<double(double)>& f, double lo, double hi);

}  // namespace phaselaw::advice
