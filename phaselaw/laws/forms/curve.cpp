// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/errors.h"
#include "phaselaw/laws/forms/forms.h"

namespace phaselaw::laws::forms {

namespace {}  // namespace

std::vector<Law> curve_laws() {
  const Parameter floor{"E", ParameterDomain::non_negative, "loss", "loss after unlimited training"};
  const Parameter amplitude{"A", kPositive, "loss", "what training takes away"};
  return {
      make("shifted-power", "a power law that begins at a finite loss", "textbook [T]", "E + A*(1 + t/t0)^-q",
           {floor, amplitude, {"t0", kPositive, "steps", "the bend"}, {"q", kPositive, "1", "late exponent", 0.05, 3}}),
      make("exponential", "exponential approach to a floor", "textbook [T]", "E + A*exp(-t/t0)",
           {floor, amplitude, {"t0", kPositive, "steps", "time constant"}}),
      make("exponential-power", "a fast exponential and a slow power law", "textbook [T]", "E + A*exp(-t/t0) + B*t^-q",
           {floor,
            amplitude,
            {"t0", kPositive, "steps", "time constant of the fast part"},
            {"B", kPositive, "loss", "of the slow part, at t = 1"},
            {"q", kPositive, "1", "of the slow part"}}),
      make("lr-annealing", "loss curves under any schedule: the sum of learning rates, and their drops",
           "Tissue et al. 2024, arXiv 2408.11029 [S]", "E + A*S1^-alpha - K*S2",
           {floor,
            {"A", kPositive, "loss", "of the learning-rate sum"},
            {"alpha", kPositive, "1", "of the learning-rate sum"},
            {"K", kPositive, "loss", "what a drop of the learning rate takes away; C in the paper"}}),
  };
}

// Breaks are counted from C1 upwards by gaps, C2 = C1 (1 + gap2), so that no two of them can change places.
Law broken_power(int breaks) {
  PHASELAW_CHECK(breaks >= 1 && breaks <= 3);
  std::string text = "E + A*C^-q0", definitions;
  std::vector<Parameter> parameters = {
      {"E", ParameterDomain::non_negative, "loss", "floor"},
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
    text += fmt::format("*(1 + (C/C{0})^(1/f{0}))^(-q{0}*f{0})", i);
    parameters.push_back(
        {fmt::format("q{}", i), kPositive, "1", fmt::format("steeper after break {} by this", i), 0.02, 2});
    parameters.push_back(
        {fmt::format("f{}", i), kPositive, "1", fmt::format("width of break {}: 0 is sharp", i), 0.05, 2});
  }
  text = definitions + text;
  return make(fmt::format("broken-power-{}", breaks),
              fmt::format("a power law that becomes steeper at {} break{}", breaks, breaks > 1 ? "s" : ""),
              "Caballero et al. 2022, arXiv 2210.14891, with the changes of slope positive [S]", text, parameters,
              breaks > 1 ? fmt::format("broken-power-{}", breaks - 1) : "");
}

}  // namespace phaselaw::laws::forms
