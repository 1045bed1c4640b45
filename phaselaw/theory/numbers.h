// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/theory/resource_laws.h"
#include "phaselaw/theory/two_stage.h"

// All inputs of the theory, with domain and meaning: the inputs of evaluate.h and the flags of `phaselaw theory`
// (n_layers is --n-layers). Unset means unknown; results that need it are then unset.
namespace phaselaw::theory {

struct TheoryNumbers {
  std::string edition = "v1";
  std::optional<double> p, r;
  double a = 1;
  std::optional<double> p_model, p_data, p_time;

  std::optional<ResourceLaw> law;
  std::optional<double> law_lo, law_hi;

  std::optional<double> compute, n_data, n_params, time;
  double noise = 1, noise_exponent = 0;

  std::optional<double> n_layers, seq_len, d_model, d_out, d_hidden;
  double data_bound = 1, failure_prob = 0.05, lambda_min = 1;
  std::optional<double> branch_scale, rate, lambda_max, condition_number;
  double depth_growth = 0, trajectory_constant = 1, perturbation_constant = 1;
  double initial_risk = 1, c_model = 1, c_xi = 1, d_eff = 1;
  double c_omega = 1, c_m = 1, c_d = 1, c_lambda = 1;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::at_least, base::anything, base::positive, base::strictly_between;
    visit("edition", self.edition, anything(),
          "edition of the law: v1 (exponent 1/6), v3 (1/7), predecessor (1/8) or free");
    visit("p", self.p, positive(), "with edition free: compute grows as n^p (default: p_model + p_data + p_time)");
    visit("r", self.r, positive(), "with edition free: risk falls as n^-r (default: 1)");
    visit("a", self.a, positive(), "constant of the compute accounting C = a n^p log(n/xi^2)/xi^2");
    visit("p_model", self.p_model, at_least(0), "your own accounting: the model grows as M ~ n^p_model");
    visit("p_data", self.p_data, at_least(0),
          "your own accounting: a step costs n^p_data; 1: all sequences, 0: a batch of fixed size");
    visit("p_time", self.p_time, at_least(0), "your own accounting: the number of steps grows as n^p_time");
    visit("law", self.law, anything(),
          "prints one isolated law over its resource, in which the other resources are the floor");
    visit("law_lo", self.law_lo, positive(), "smallest resource in the table of the law (default: chosen by the law)");
    visit("law_hi", self.law_hi, positive(), "largest resource in the table of the law (default: chosen by the law)");
    visit("compute", self.compute, positive(),
          "compute in the units of a, in the paper parameters x sequences x steps (default: the threshold of n_data)");
    visit("n_data", self.n_data, at_least(1), "number of training sequences n (default: the best n for the compute)");
    visit("n_params", self.n_params, positive(),
          "number of trainable parameters M; adds the approximation term c_model/M");
    visit("time", self.time, positive(), "training time T (default: compute/(n_params n_data))");
    visit("noise", self.noise, positive(),
          "label noise xi per output coordinate; if it grows with n, its value at n = 1");
    visit("noise_exponent", self.noise_exponent, anything(), "s: noise grows with the data, xi = noise n^s");
    visit("n_layers", self.n_layers, at_least(1), "depth: number of attention + MLP layers");
    visit("seq_len", self.seq_len, at_least(1), "sequence length in tokens");
    visit("d_model", self.d_model, at_least(1), "width of the residual stream");
    visit("d_out", self.d_out, at_least(1), "output coordinates per token (default: d_model)");
    visit("d_hidden", self.d_hidden, at_least(1),
          "hidden width of the MLP, which is compared with the prescribed width");
    visit("data_bound", self.data_bound, positive(), "B: high-probability bound on Gaussian data and weights");
    visit("failure_prob", self.failure_prob, strictly_between(0, 1),
          "delta: probability with which the bounds may fail");
    visit("lambda_min", self.lambda_min, positive(), "smallest eigenvalue of the layers' kernels, without omega^2");
    visit("branch_scale", self.branch_scale, positive(), "omega (default: the value prescribed by Definition 5.2)");
    visit("rate", self.rate, positive(), "convergence rate alpha of the training loss (default: that of Lemma 5.3)");
    visit("lambda_max", self.lambda_max, positive(), "largest eigenvalue, in the units of lambda_min");
    visit("condition_number", self.condition_number, at_least(1), "lambda_max/lambda_min of the kernel");
    visit("depth_growth", self.depth_growth, base::Domain{-1, base::positive().hi, true},
          "c: each layer multiplies gradients by 1 + c; 0: the rate is linear in depth");
    visit("trajectory_constant", self.trajectory_constant, positive(), "A of the trajectory radius");
    visit("perturbation_constant", self.perturbation_constant, positive(), "K of the kernel perturbation");
    visit("initial_risk", self.initial_risk, positive(), "R0: excess risk at initialisation");
    visit("c_model", self.c_model, positive(), "c_M of the approximation term c_M/M");
    visit("c_xi", self.c_xi, positive(), "constant of the estimation term c_xi xi^2 d_eff/n");
    visit("d_eff", self.d_eff, positive(), "effective dimension of the estimation term");
    visit("c_omega", self.c_omega, positive(), "constant of the branch scale");
    visit("c_m", self.c_m, positive(), "constant of the width condition");
    visit("c_d", self.c_d, positive(), "c of exp(c d) in the width condition");
    visit("c_lambda", self.c_lambda, positive(), "constant of the trace bound on lambda_max");
  }
};

// Checks every number against its domain, and the constraints between numbers; InputError otherwise. evaluate() calls
// it.
void check(const TheoryNumbers& numbers);

// The edition these numbers name; InputError lists the known ones.
[[nodiscard]] Edition edition_of(const TheoryNumbers& numbers);

// The splits of the exponent p: the user's own, if it is given, otherwise those of the edition, the more likely first.
// InputError if it is given in part, or if its sum is not the edition's p.
[[nodiscard]] std::vector<ComputeAccounting> accountings_of(const TheoryNumbers& numbers);

}  // namespace phaselaw::theory
