// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/forms/forms.h"

namespace phaselaw::laws::forms {

namespace {

Parameter floor_of(const char* name) { return {name, ParameterDomain::non_negative, "loss", "irreducible loss"}; }
Parameter amplitude(const char* name, const char* meaning) { return {name, kPositive, "loss", meaning}; }
Parameter exponent(const char* name, const char* meaning) { return {name, kPositive, "1", meaning}; }

}  // namespace

std::vector<Law> size_laws() {
  const std::string kaplan = "Kaplan et al. 2020, arXiv 2001.08361";
  const Parameter e = floor_of("E"), a = amplitude("A", "of the model-size term"),
                  b = amplitude("B", "of the data term"), alpha = exponent("alpha", "of the parameters"),
                  beta = exponent("beta", "of the tokens");
  return {
      make("power", "a power law of compute with a floor", "Henighan et al. 2020, arXiv 2010.14701 [S]",
           "E + A*C^-alpha", {e, amplitude("A", "at C = 1"), exponent("alpha", "of compute")}),
      make("kaplan-n", "loss of models of N parameters trained to convergence", kaplan + ", eq. 1.1 [S]",
           "(N_c/N)^alpha_N", {{"N_c", kPositive, "parameters", "scale"}, exponent("alpha_N", "0.076 published")}),
      make("kaplan-d", "loss of large models stopped early on D tokens", kaplan + ", eq. 1.2 [S]", "(D_c/D)^alpha_D",
           {{"D_c", kPositive, "tokens", "scale"}, exponent("alpha_D", "0.095 published")}),
      make("kaplan-c", "loss of the best model for a compute", kaplan + ", eq. 1.3 [S]", "(C_c/C)^alpha_C",
           {{"C_c", kPositive, "FLOP", "scale"}, exponent("alpha_C", "0.050 published")}),
      make("kaplan", "loss of N parameters on D tokens, one expression", kaplan + ", eq. 1.5 [S]",
           "((N_c/N)^(alpha_N/alpha_D) + D_c/D)^alpha_D",
           {{"N_c", kPositive, "parameters", "scale"},
            {"D_c", kPositive, "tokens", "scale"},
            {"alpha_N", kPositive, "1", "of the parameters", 0.01, 1},
            {"alpha_D", kPositive, "1", "of the tokens", 0.01, 1}}),
      make("chinchilla", "parameters and tokens, each with its own power", "Hoffmann et al. 2022, arXiv 2203.15556 [S]",
           "E + A*N^-alpha + B*D^-beta", {e, a, b, alpha, beta}),
      make("chinchilla-tied", "chinchilla with one exponent",
           "Hoffmann et al. 2022 with alpha = beta, as Muennighoff et al. 2023 [S]", "E + A*N^-alpha + B*D^-alpha",
           {e, a, b, exponent("alpha", "of parameters and tokens")}),
      make("chinchilla-outer", "chinchilla with an exponent around both terms",
           "Busbridge et al. 2025, arXiv 2502.08606 [S]", "E + (A*N^-alpha + B*D^-beta)^gamma",
           {e,
            {"A", kPositive, "1", "of the model-size term", 1e-3, 1e6},
            {"B", kPositive, "1", "of the data term", 1e-3, 1e6},
            alpha,
            beta,
            {"gamma", kPositive, "1", "outer exponent", 0.3, 3}},
           "chinchilla"),
  };
}

}  // namespace phaselaw::laws::forms
