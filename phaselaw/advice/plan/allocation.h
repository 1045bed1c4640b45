// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/plan/flop_convention.h"
#include "phaselaw/advice/plan/power_sum.h"
#include "phaselaw/laws/law.h"

// The best use of a compute under a law with given parameters: the lowest loss along the curve of equal compute.
//
//   minimise L(N, D)   subject to   c(N) D + (c(N)/3) T = C        c: training FLOP per token, by default 6 N
//                                                                 T: inference tokens expected over the model's life
// Accepts laws of n_params and tokens, and of columns that follow from these: compute, tokens_per_param, epochs (with
// unique_tokens given), n_layers and d_model (from the family of shapes). A law of compute alone leaves nothing to
// allocate; for a law of compute and n_data (the two-stage law) the best n_data is found. A law E + A N^-alpha +
// B D^-beta at a cost proportional to N D has a closed form (power_sum.h), and every other law is searched.
//
// Accuracy: ln N* to 1e-9 if the law is smooth along the curve, to 1e-3 if it has a kink at its minimum. Cost: 0.2 us
// per minimum in closed form, about 50 us by the search. Source: [T].
namespace phaselaw::advice {

struct Situation {
  FlopCost cost;
  std::map<std::string, double> at{};                        // other columns of the law: unique_tokens, ...
  std::optional<double> n_params, tokens, tokens_per_param;  // at most one is given; it is held, not optimised
  double inference_tokens = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::positive;
    visit("n_params", self.n_params, base::amounts().in("parameters"), "hold the number of parameters, such as 7B");
    visit("tokens", self.tokens, base::amounts().in("tokens"), "hold the number of training tokens, such as 300B");
    visit("tokens_per_param", self.tokens_per_param, base::amounts(),
          "hold the ratio of tokens to parameters, such as 320 for over-training");
    visit("inference_tokens", self.inference_tokens, base::at_least(0).up_to(1e40).in("tokens"),
          "tokens that the model will serve; the compute must also pay for their forward passes");
    visit("at", self.at, positive(),
          "name=value of a column that does not follow from the compute, such as unique_tokens=1e10");
    visit("flop_convention", self.cost.convention, anything(), "how training FLOP are counted");
    visit("vocab", self.cost.family.vocab, base::amounts(), "convention without-embeddings: size of the vocabulary");
    visit("seq_len", self.cost.family.seq_len, base::amounts(), "convention with-attention: sequence length");
    visit("flop_per_param", self.cost.family.flop_per_param, base::amounts(),
          "convention exact: training FLOP per parameter and token");
    visit("aspect_ratio", self.cost.family.aspect_ratio, base::amounts(), "d_model/n_layers of the planned models");
  }
};

// The best use of a compute as a function of the parameters: what exponents, elasticities and figures are computed from
// (quantities.h), whether one law is asked or several.
struct Allocation;
using Allocate = std::function<Allocation(std::span<const double> parameters, double compute)>;

struct Allocation {
  double compute = 0;               // total, inference included
  double n_params = 0, tokens = 0;  // NaN for a law without sizes
  double n_data = 0;                // NaN unless the law depends on it
  double loss = 0;
  int edge = 0;  // -1: the smallest model is best, 1: the largest; 0: an interior minimum, or nothing was optimised
};

class Allocator {
 public:
  // InputError: a law with no column that can be planned (its columns are named), a column that is not given (--at), a
  // value that is not positive, or more than one held size.
  Allocator(const laws::Law& law, Situation situation);

  [[nodiscard]] bool has_sizes() const { return kind_ == Kind::sizes; }
  [[nodiscard]] bool has_n_data() const { return kind_ == Kind::n_data; }
  [[nodiscard]] const Situation& situation() const { return situation_; }
  [[nodiscard]] const laws::Law& law() const { return law_; }

  // InputError if the compute is too small for the held sizes (less than one token or one parameter remains).
  [[nodiscard]] Allocation best(std::span<const double> parameters, double compute) const;
  // The same without the closed form.
  [[nodiscard]] Allocation search(std::span<const double> parameters, double compute) const;

  // Whether sizes or data are chosen here, because none of them is held.
  [[nodiscard]] bool chooses_sizes() const { return kind_ == Kind::sizes && !holds_a_size(); }

  // The law at given sizes. For a law of compute, n_params is ignored and `tokens` is the compute.
  [[nodiscard]] double loss(std::span<const double> parameters, double n_params, double tokens) const;

  // The inputs of the law at these sizes, as one row.
  [[nodiscard]] tables::Columns columns(double n_params, double tokens) const;

  // The least compute with best loss `loss`; unset if no compute up to kLargestCompute reaches it. `guess` is where
  // the search starts.
  [[nodiscard]] std::optional<double> compute_for(std::span<const double> parameters, double loss,
                                                  std::optional<double> guess = {}) const;

  // The limit of the best loss as the compute grows, with no size held and `at` unchanged.
  //
  // A law that reads no compute is taken at unlimited values of all its inputs, and one that reads it at the best sizes
  // of ever larger computes, because its inputs limit one another: E + A N^-a + B (C/(6N))^-b tends to E only if N and
  // C/N grow together. The limit is that of Aitken's rule through three values far out, which is exact for a power
  // [T: Aitken 1926]. Limits below 1e-9 are returned as 0. Cost: three evaluations, or three searches.
  [[nodiscard]] double floor(std::span<const double> parameters) const;

  // Total compute of a run: training and the expected inference.
  [[nodiscard]] double compute(double n_params, double tokens) const;
  [[nodiscard]] double tokens_for(double n_params, double compute) const;  // negative if inference alone costs more

  // The law at several sizes at once.
  [[nodiscard]] std::vector<double> losses(std::span<const double> parameters, std::span<const double> n_params,
                                           std::span<const double> tokens) const;

  static constexpr double kLargestCompute = 1e60;

 private:
  enum class Kind { sizes, compute_only, n_data };
  [[nodiscard]] tables::Columns inputs(std::span<const double> n_params, std::span<const double> tokens,
                                       std::span<const double> compute, std::span<const double> n_data) const;
  [[nodiscard]] std::vector<double> of_columns(std::span<const double> parameters, std::span<const double> n_params,
                                               std::span<const double> tokens, std::span<const double> compute,
                                               std::span<const double> n_data) const;
  [[nodiscard]] Allocation held(std::span<const double> parameters, double compute) const;
  [[nodiscard]] Allocation free_sizes(std::span<const double> parameters, double compute, double most) const;
  [[nodiscard]] Allocation free_data(std::span<const double> parameters, double compute, double most) const;
  [[nodiscard]] bool holds_a_size() const {
    return situation_.n_params || situation_.tokens || situation_.tokens_per_param;
  }
  [[nodiscard]] std::optional<Allocation> in_closed_form(std::span<const double> parameters, double compute) const;
  [[nodiscard]] double far_out(std::span<const double> parameters, double log_compute) const;

  const laws::Law& law_;
  Situation situation_;
  Kind kind_ = Kind::sizes;
  std::optional<PowerSum> closed_;  // with the FLOP of one parameter and token
  double flop_per_pair_ = 0;
};

// The minimum of f on [lo, hi]: the least value on a grid, then refined. `f` takes many points at once. `edge` as in
// Allocation.
struct LineMinimum {
  double x = 0;
  int edge = 0;
};
using BatchFunction = std::function<std::vector<double>(std::span<const double>)>;
[[nodiscard]] LineMinimum minimise_on_line(const BatchFunction& f, double lo, double hi);

// The root of a function with f(lo) > 0 > f(hi), to 1e-13 of the interval or until f is 0.
[[nodiscard]] double root_between(const std::function<double(double)>& f, double lo, double hi);

}  // namespace phaselaw::advice
