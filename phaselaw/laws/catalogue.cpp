// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/catalogue.h"

#include <algorithm>
#include <utility>

#include "phaselaw/base/errors.h"

namespace phaselaw::laws {

namespace {

constexpr auto kPositive = ParameterDomain::positive;
constexpr auto kNonNegative = ParameterDomain::non_negative;
constexpr auto kReal = ParameterDomain::real;
constexpr int kMostBreaks = 3;

DerivedQuantity derived(std::string name, std::string unit, std::string meaning, bool positive,
                        const std::string& expression) {
  return {std::move(name), std::move(unit), std::move(meaning), positive,
          Expression::parse_quantity(expression, {}, expression)};
}

Parameter floor_of(const char* name) { return {name, kNonNegative, "loss", "irreducible loss"}; }
Parameter amplitude(const char* name, const char* meaning) { return {name, kPositive, "loss", meaning}; }
Parameter exponent(const char* name, const char* meaning) { return {name, kPositive, "1", meaning}; }

std::vector<Law> theory_laws() {
  const std::string source = "Yang, arXiv 2512.22088";
  const Parameter floor{"E", kNonNegative, "loss", "floor: entropy of the data, 0 for an excess risk"};
  const Parameter r0{"R0", kPositive, "loss", "excess risk before training"};
  return {
      make_law(
          "two-stage", "excess risk with the best amount of data for a compute: exponential, a bend, a power law",
          source + " (docs/theory/two-stage-law.md) [R]", "E + A*exp(-q*lambert_w(C/C0))",
          {floor,
           {"A", kPositive, "loss", "risk without compute"},
           {"C0", kPositive, "FLOP", "scale of compute; the bend is at e C0"},
           {"q", kPositive, "1", "exponent r/p: 1/6 (v1), 1/7 (v3)", 0.02, 2}},
          {}, "loss",
          {derived("bend_compute", "FLOP", "where the elasticity of L - E is half its late value", true, "exp(1)*C0"),
           derived("initial_loss", "loss", "without compute", true, "E + A"),
           derived("slope", "1", "of L - E at the largest compute: d ln(L - E)/d ln C", false,
                   "-q*lambert_w(C/C0)/(1 + lambert_w(C/C0))"),
           derived("slope_total", "1", "exponent of L at the largest compute; not an exponent of the theory", false,
                   "-q*lambert_w(C/C0)/(1 + lambert_w(C/C0))*A/(A + E*exp(q*lambert_w(C/C0)))")}),
      make_law("two-stage-joint", "excess risk at a fixed number of sequences n and a compute C",
               source + " (docs/theory/two-stage-law.md) [S form, R]", "E + R0*exp(-C/(a*n^p)) + c/n",
               {floor,
                r0,
                {"a", kPositive, "FLOP", "compute scale of one sequence", 1e-12, 1e24},
                {"p", kPositive, "1", "exponent of the data in the compute threshold", 0.5, 8},
                {"c", kPositive, "loss", "noise term: xi^2"}}),
      make_law("model-size", "isolated law of the model size: saturates at M* ~ n/xi^2",
               source + " (docs/theory/excess-risk.md) [S form, R]", "E + c_M/N",
               {floor, {"c_M", kPositive, "loss", "approximation term"}}),
      make_law("training-time", "isolated law of the training time", source + ", Lemma 5.3 [S form, R]",
               "E + R0*exp(-rate*t)", {floor, r0, {"rate", kPositive, "1/step", "alpha"}}),
      make_law("data-size", "isolated law of the data size", source + " (docs/theory/excess-risk.md) [S form, R]",
               "E + c_xi/n", {floor, {"c_xi", kPositive, "loss", "xi^2"}}),
      make_law("three-term", "optimisation + approximation + estimation",
               source + " (docs/theory/excess-risk.md) [S names, R]", "E + R0*exp(-rate*t) + c_M/N + c_xi/n",
               {floor,
                r0,
                {"rate", kPositive, "1/step", "alpha"},
                {"c_M", kPositive, "loss", "approximation term"},
                {"c_xi", kPositive, "loss", "xi^2"}}),
  };
}

std::vector<Law> size_laws() {
  const std::string kaplan = "Kaplan et al. 2020, arXiv 2001.08361";
  const Parameter e = floor_of("E"), a = amplitude("A", "of the model-size term"),
                  b = amplitude("B", "of the data term"), alpha = exponent("alpha", "of the parameters"),
                  beta = exponent("beta", "of the tokens");
  return {
      make_law("power", "a power law of compute with a floor", "Henighan et al. 2020, arXiv 2010.14701 [S]",
               "E + A*C^-alpha", {e, amplitude("A", "at C = 1"), exponent("alpha", "of compute")}),
      make_law("kaplan-n", "loss of models of N parameters trained to convergence", kaplan + ", eq. 1.1 [S]",
               "(N_c/N)^alpha_N", {{"N_c", kPositive, "parameters", "scale"}, exponent("alpha_N", "0.076 published")}),
      make_law("kaplan-d", "loss of large models stopped early on D tokens", kaplan + ", eq. 1.2 [S]",
               "(D_c/D)^alpha_D", {{"D_c", kPositive, "tokens", "scale"}, exponent("alpha_D", "0.095 published")}),
      make_law("kaplan-c", "loss of the best model for a compute", kaplan + ", eq. 1.3 [S]", "(C_c/C)^alpha_C",
               {{"C_c", kPositive, "FLOP", "scale"}, exponent("alpha_C", "0.050 published")}),
      make_law("kaplan", "loss of N parameters on D tokens, one expression", kaplan + ", eq. 1.5 [S]",
               "((N_c/N)^(alpha_N/alpha_D) + D_c/D)^alpha_D",
               {{"N_c", kPositive, "parameters", "scale"},
                {"D_c", kPositive, "tokens", "scale"},
                {"alpha_N", kPositive, "1", "of the parameters", 0.01, 1},
                {"alpha_D", kPositive, "1", "of the tokens", 0.01, 1}}),
      make_law("chinchilla", "parameters and tokens, each with its own power",
               "Hoffmann et al. 2022, arXiv 2203.15556 [S]", "E + A*N^-alpha + B*D^-beta", {e, a, b, alpha, beta}),
      make_law("chinchilla-tied", "chinchilla with one exponent",
               "Hoffmann et al. 2022 with alpha = beta, as Muennighoff et al. 2023 [S]", "E + A*N^-alpha + B*D^-alpha",
               {e, a, b, exponent("alpha", "of parameters and tokens")}),
      make_law("chinchilla-outer", "chinchilla with an exponent around both terms",
               "Busbridge et al. 2025, arXiv 2502.08606 [S]", "E + (A*N^-alpha + B*D^-beta)^gamma",
               {e,
                {"A", kPositive, "1", "of the model-size term", 1e-3, 1e6},
                {"B", kPositive, "1", "of the data term", 1e-3, 1e6},
                alpha,
                beta,
                {"gamma", kPositive, "1", "outer exponent", 0.3, 3}},
               "chinchilla"),
      make_law(
          "chinchilla-interaction", "chinchilla with a data term that depends on the model size",
          "the overfitting term of Bryant and Liu 2026, arXiv 2605.09189, as the data term, of either sign [R]",
          "E + A*N^-alpha + B*D^-beta*N^gamma",
          {e,
           a,
           b,
           alpha,
           beta,
           {"gamma", kReal, "1", "of the parameters in the data term; > 0: larger models need more tokens", -0.5, 0.5}},
          "chinchilla"),
  };
}

std::vector<Law> unique_data_laws() {
  const std::string source = "Bryant and Liu 2026, arXiv 2605.09189";
  const std::vector<Parameter> terms = {
      {"E", kNonNegative, "loss", "irreducible loss", 0.1, 4},
      {"A", kPositive, "loss", "of the model-size term", 1, 1e5},
      {"B", kPositive, "loss", "of the term in tokens seen", 1, 1e5},
      {"F", kPositive, "loss", "of the overfitting term", 1e-3, 1e5},
      {"alpha", kPositive, "1", "of the parameters", 0.1, 1},
      {"beta", kPositive, "1", "of the tokens seen", 0.1, 1},
      {"gamma", kPositive, "1", "of the parameters in the overfitting term", 0.05, 1.5},
      {"delta", kPositive, "1", "of the distinct tokens", 0.1, 1.5},
  };
  std::vector<Parameter> saturated = terms;
  saturated.push_back(
      {"L0", kPositive, "loss", "uninformed baseline; of tokens ln(vocabulary), held by --fix L0", 3, 30});
  return {
      make_law("overfitting", "capacity, tokens seen, and overfitting of the distinct tokens",
               source + ", far below the uninformed baseline [R]", "E + A*N^-alpha + B*D^-beta + F*N^gamma*U^-delta",
               terms),
      // h of the paper is g/(L0 - E): amplitudes are in units of the loss, as in the law without the baseline.
      make_law("overfitting-saturated", "the same between a floor and the loss of an uninformed model",
               source + ", amplitudes times L0 - E [S form]",
               "g = A*N^-alpha + B*D^-beta + F*N^gamma*U^-delta;E + (L0 - E)*g/(L0 - E + g)", saturated, "overfitting"),
  };
}

std::vector<Law> shape_laws() {
  const Parameter floor{"E", kNonNegative, "loss", "irreducible loss"};
  const std::string gemstones = "McLeish et al. 2025, arXiv 2502.06857 [S]";
  return {
      make_law("width-depth-tokens", "a power each of width, depth and tokens", gemstones,
               "E + A*d_model^-alpha + B*n_layers^-beta + F*tokens^-gamma",
               {floor,
                {"A", kPositive, "loss", "of the width term"},
                {"B", kPositive, "loss", "of the depth term"},
                {"F", kPositive, "loss", "of the data term"},
                {"alpha", kPositive, "1", "of the width"},
                {"beta", kPositive, "1", "of the depth"},
                {"gamma", kPositive, "1", "of the tokens"}}),
      make_law("width-depth-params-tokens", "a power each of width, depth, parameters and tokens", gemstones,
               "E + A*d_model^-alpha + B*n_layers^-beta + G*n_params^-delta + F*tokens^-gamma",
               {floor,
                {"A", kPositive, "loss", "of the width term"},
                {"B", kPositive, "loss", "of the depth term"},
                {"G", kPositive, "loss", "of the parameter term"},
                {"F", kPositive, "loss", "of the data term"},
                {"alpha", kPositive, "1", "of the width"},
                {"beta", kPositive, "1", "of the depth"},
                {"delta", kPositive, "1", "of the parameters"},
                {"gamma", kPositive, "1", "of the tokens"}}),
      make_law("over-training", "compute and tokens per parameter: parallel lines for every degree of over-training",
               "Gadre et al. 2024, arXiv 2403.08540, eq. 4 [S]",
               "E + (a*tokens_per_param^eta + b*tokens_per_param^-eta)*compute^-eta",
               {floor,
                {"a", kPositive, "loss", "grows with over-training"},
                {"b", kPositive, "loss", "grows with under-training"},
                {"eta", kPositive, "1", "half of chinchilla's exponent; of compute"}}),
      make_law(
          "repeated-data", "chinchilla with decaying value of repeated tokens and of excess parameters",
          "Muennighoff et al. 2023, arXiv 2305.16264, section 5 [S]",
          "G = (alpha*A/(beta*B))^(1/(alpha + beta));N_unique = min(N, G*(G*U)^(beta/alpha));N_worth = N_unique*(1 + R_N*(1 - exp((1 - N/N_unique)/R_N)));D_worth = U*(1 + R_D*(1 - exp((1 - D/U)/R_D)));E + A*N_worth^-alpha + B*D_worth^-beta",
          {{"E", kNonNegative, "loss", "irreducible loss", 0.1, 4},
           {"A", kPositive, "loss", "of the model-size term", 10, 1e6},
           {"B", kPositive, "loss", "of the data term", 10, 1e6},
           {"alpha", kPositive, "1", "of the parameters", 0.1, 1},
           {"beta", kPositive, "1", "of the tokens", 0.1, 1},
           {"R_N", kPositive, "1", "excess parameters, in units of what the data need, worth 1 - 1/e", 0.3, 300},
           {"R_D", kPositive, "epochs", "repetitions worth 1 - 1/e of new tokens", 0.3, 300}},
          "chinchilla"),
  };
}

std::vector<Law> curve_laws() {
  const Parameter floor{"E", kNonNegative, "loss", "loss after unlimited training"};
  const Parameter amplitude{"A", kPositive, "loss", "reduction of the loss by training"};
  const Parameter of_rates{"A", kPositive, "loss", "of the learning-rate sum"};
  const Parameter rate_exponent{"alpha", kPositive, "1", "of the learning-rate sum"};
  const Parameter of_drops{"K", kPositive, "loss",
                           "reduction of the loss by a drop of the learning rate; C in the paper"};
  return {
      make_law(
          "shifted-power", "a power law that begins at a finite loss", "textbook [T]", "E + A*(1 + t/t0)^-q",
          {floor, amplitude, {"t0", kPositive, "steps", "the bend"}, {"q", kPositive, "1", "late exponent", 0.05, 3}}),
      make_law("exponential", "exponential approach to a floor", "textbook [T]", "E + A*exp(-t/t0)",
               {floor, amplitude, {"t0", kPositive, "steps", "time constant"}}),
      make_law("exponential-power", "a fast exponential and a slow power law", "textbook [T]",
               "E + A*exp(-t/t0) + B*t^-q",
               {floor,
                amplitude,
                {"t0", kPositive, "steps", "time constant of the fast part"},
                {"B", kPositive, "loss", "of the slow part, at t = 1"},
                {"q", kPositive, "1", "of the slow part"}}),
      make_law("lr-annealing", "loss curves under any schedule: the sum of learning rates, and their drops",
               "Tissue et al. 2024, arXiv 2408.11029 [S]", "E + A*S1^-alpha - K*S2",
               {floor, of_rates, rate_exponent, of_drops}),
      make_law("lr-annealing-params", "loss curves and final losses of several model sizes under any schedule",
               "Tissue et al. 2024, arXiv 2408.11029, with a term of the model size [R]",
               "E + A*S1^-alpha + B*N^-beta - K*S2",
               {floor,
                of_rates,
                rate_exponent,
                {"B", kPositive, "loss", "of the model-size term"},
                {"beta", kPositive, "1", "of the parameters"},
                of_drops}),
  };
}

// Breaks are counted from C1 upwards by gaps, C2 = C1 (1 + gap2), so that their order cannot change.
Law broken_power(int breaks) {
  PHASELAW_CHECK(breaks >= 1 && breaks <= 3);
  std::string text = "E + A*C^-q0", definitions;
  std::vector<Parameter> parameters = {
      {"E", kNonNegative, "loss", "floor"},
      {"A", kPositive, "loss", "of the first segment, at C = 1"},
      {"q0", kPositive, "1", "exponent of the first segment", 1e-3, 1},
      {"C1", kPositive, "FLOP", "first break"},
  };
  for (int i = 1; i <= breaks; ++i) {
    if (i > 1) {
      definitions += fmt::format("C{0} = C{1}*(1 + gap{0});", i, i - 1);
      parameters.push_back({fmt::format("gap{}", i), kPositive, "1",
                            fmt::format("break {0} is at C{0} = C{1} (1 + gap{0})", i, i - 1), 1, 1e4});
    }
    // (1 + (C/C1)^(1/f1))^f1, divided and multiplied by the larger of 1 and C/C1: a sharp break does not overflow.
    definitions += fmt::format("M{0} = max(1, C/C{0});", i);
    text += fmt::format("*(M{0}*((1/M{0})^(1/f{0}) + (C/C{0}/M{0})^(1/f{0}))^f{0})^(-q{0})", i);
    parameters.push_back(
        {fmt::format("q{}", i), kPositive, "1", fmt::format("increase of the exponent after break {}", i), 0.02, 2});
    parameters.push_back(
        {fmt::format("f{}", i), kPositive, "1", fmt::format("width of break {}: 0 is sharp", i), 0.05, 2});
  }
  text = definitions + text;
  return make_law(fmt::format("broken-power-{}", breaks),
                  fmt::format("a power law that becomes steeper at {} break{}", breaks, breaks > 1 ? "s" : ""),
                  "Caballero et al. 2022, arXiv 2210.14891, with the changes of slope positive [S]", text, parameters,
                  breaks > 1 ? fmt::format("broken-power-{}", breaks - 1) : "");
}

std::vector<Law> hyperparameter_laws() {
  const std::string deepseek = "Bi et al. 2024, arXiv 2401.02954 [S]",
                    step_law = "Li et al. 2025, arXiv 2503.04715 [S]";
  const Parameter a{"A", kPositive, "output", "value with every column at 1"};
  return {
      make_law("critical-batch-steps", "steps to a loss against the batch: twice the minimum at the critical batch",
               "McCandlish et al. 2018, arXiv 1812.06162, eq. 2.11 [S]", "S_min*(1 + B_crit/batch)",
               {{"S_min", kPositive, "steps", "steps of a very large batch"},
                {"B_crit", kPositive, "tokens", "critical batch"}},
               {}, "step"),
      make_law(
          "critical-batch", "critical batch against the loss", "Kaplan et al. 2020, arXiv 2001.08361, eq. 1.4 [S]",
          "B_star*loss^(-1/alpha_B)",
          {{"B_star", kPositive, "tokens", "at a loss of 1"}, {"alpha_B", kPositive, "1", "0.21 published", 0.05, 2}},
          {}, "batch"),
      make_law("lr-compute", "best learning rate against compute", deepseek, "A*C^-a",
               {a, {"a", kPositive, "1", "0.125 published"}}, {}, "lr"),
      make_law("batch-compute", "best batch against compute", deepseek, "A*C^a",
               {a, {"a", kPositive, "1", "0.327 published"}}, {}, "batch"),
      make_law("lr-size", "best learning rate against parameters and tokens", step_law, "A*N^-a*D^b",
               {a, {"a", kPositive, "1", "0.713 published"}, {"b", kPositive, "1", "0.307 published"}}, {}, "lr"),
      make_law("batch-tokens", "best batch against tokens", step_law, "A*D^b",
               {a, {"b", kPositive, "1", "0.571 published"}}, {}, "batch"),
      make_law("error-exponential", "downstream error against loss", "Gadre et al. 2024, arXiv 2403.08540, eq. 5 [S]",
               "epsilon - k*exp(-gamma*loss)",
               {{"epsilon", kPositive, "1", "error of a bad model"},
                {"k", kPositive, "1", "reduction of the error at a loss of 0"},
                {"gamma", kPositive, "1/loss", "rate of the approach", 0.05, 5}},
               {}, "error"),
      make_law("error-sigmoid", "downstream error against loss, between a floor and a ceiling",
               "Grattafiori et al. 2024, arXiv 2407.21783, section 3.2.1 [S form]",
               "E + K/(1 + exp((loss_mid - loss)/width_mid))",
               {{"E", kNonNegative, "1", "error of a perfect model"},
                {"K", kPositive, "1", "rise to the ceiling"},
                {"loss_mid", kPositive, "loss", "loss halfway", 0.3, 10},
                {"width_mid", kPositive, "loss", "width of the rise", 0.02, 4}},
               {}, "error"),
  };
}

}  // namespace

const std::vector<Law>& all_laws() {
  static const std::vector<Law> laws = [] {
    std::vector<Law> all;
    for (auto&& group :
         {theory_laws(), size_laws(), shape_laws(), unique_data_laws(), curve_laws(), hyperparameter_laws()})
      all.insert(all.end(), group.begin(), group.end());
    for (int breaks = 1; breaks <= kMostBreaks; ++breaks) all.push_back(broken_power(breaks));
    return all;
  }();
  return laws;
}

}  // namespace phaselaw::laws
