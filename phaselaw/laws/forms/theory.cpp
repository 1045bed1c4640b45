// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/forms/forms.h"

namespace phaselaw::laws::forms {

namespace {
constexpr auto kFloor = ParameterDomain::non_negative;
const char* const kSource = "Yang, arXiv 2512.22088";
}  // namespace

std::vector<Law> theory_laws() {
  const std::string source = kSource;
  const Parameter floor{"E", kFloor, "loss", "floor: entropy of the data, 0 for an excess risk"};
  const Parameter r0{"R0", kPositive, "loss", "excess risk before training"};
  return {
      make("two-stage", "excess risk of the best data for a compute: exponential, a bend, a power law",
           source + ", section 6 [R]", "E + A*exp(-q*lambert_w(C/C0))",
           {floor,
            {"A", kPositive, "loss", "risk without compute"},
            {"C0", kPositive, "FLOP", "scale of compute; the bend is at e C0"},
            {"q", kPositive, "1", "exponent r/p: 1/6 (v1), 1/7 (v3)", 0.02, 2}}),
      make("two-stage-joint", "excess risk at a fixed number of sequences n and a compute C",
           source + ", section 6 [S form, R]", "E + R0*exp(-C/(a*n^p)) + c/n",
           {floor,
            r0,
            {"a", kPositive, "FLOP", "compute scale of one sequence", 1e-12, 1e24},
            {"p", kPositive, "1", "exponent of the data in the compute threshold", 0.5, 8},
            {"c", kPositive, "loss", "noise term: xi^2"}}),
      make("model-size", "isolated law of the model size: saturates at M* ~ n/xi^2", source + ", section 7 [S form, R]",
           "E + c_M/N", {floor, {"c_M", kPositive, "loss", "approximation term"}}),
      make("training-time", "isolated law of the training time", source + ", Lemma 5.3 [S form, R]",
           "E + R0*exp(-rate*t)", {floor, r0, {"rate", kPositive, "1/step", "alpha"}}),
      make("data-size", "isolated law of the data size", source + ", section 7 [S form, R]", "E + c_xi/n",
           {floor, {"c_xi", kPositive, "loss", "xi^2"}}),
      make("three-term", "optimisation + approximation + estimation", source + ", section 5 [S names, R]",
           "E + R0*exp(-rate*t) + c_M/N + c_xi/n",
           {floor,
            r0,
            {"rate", kPositive, "1/step", "alpha"},
            {"c_M", kPositive, "loss", "approximation term"},
            {"c_xi", kPositive, "loss", "xi^2"}}),
  };
}

}  // namespace phaselaw::laws::forms
