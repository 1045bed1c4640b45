// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/forms/forms.h"

namespace phaselaw::laws::forms {

namespace {}  // namespace

std::vector<Law> hyperparameter_laws() {
  const std::string deepseek = "Bi et al. 2024, arXiv 2401.02954 [S]",
                    step_law = "Li et al. 2025, arXiv 2503.04715 [S]";
  const Parameter a{"A", kPositive, "output", "where every column is 1"};
  return {
      make("critical-batch-steps", "steps to a loss against the batch: twice the least at the critical batch",
           "McCandlish et al. 2018, arXiv 1812.06162, eq. 2.11 [S]", "S_min*(1 + B_crit/batch)",
           {{"S_min", kPositive, "steps", "steps of a very large batch"},
            {"B_crit", kPositive, "tokens", "critical batch"}},
           {}, "step"),
      make("critical-batch", "critical batch against the loss", "Kaplan et al. 2020, arXiv 2001.08361, eq. 1.4 [S]",
           "B_star*loss^(-1/alpha_B)",
           {{"B_star", kPositive, "tokens", "at a loss of 1"}, {"alpha_B", kPositive, "1", "0.21 published", 0.05, 2}},
           {}, "batch"),
      make("lr-compute", "best learning rate against compute", deepseek, "A*C^-a",
           {a, {"a", kPositive, "1", "0.125 published"}}, {}, "lr"),
      make("batch-compute", "best batch against compute", deepseek, "A*C^a",
           {a, {"a", kPositive, "1", "0.327 published"}}, {}, "batch"),
      make("lr-size", "best learning rate against parameters and tokens", step_law, "A*N^-a*D^b",
           {a, {"a", kPositive, "1", "0.713 published"}, {"b", kPositive, "1", "0.307 published"}}, {}, "lr"),
      make("batch-tokens", "best batch against tokens", step_law, "A*D^b",
           {a, {"b", kPositive, "1", "0.571 published"}}, {}, "batch"),
      make("error-exponential", "downstream error against loss", "Gadre et al. 2024, arXiv 2403.08540, eq. 5 [S]",
           "epsilon - k*exp(-gamma*loss)",
           {{"epsilon", kPositive, "1", "error of a bad model"},
            {"k", kPositive, "1", "how much of it a loss of 0 would save"},
            {"gamma", kPositive, "1/loss", "how fast", 0.05, 5}},
           {}, "error"),
      make("error-sigmoid", "downstream error against loss, between a floor and a ceiling",
           "Grattafiori et al. 2024, arXiv 2407.21783, section 3.2.1 [S form]",
           "E + K/(1 + exp((loss_mid - loss)/width_mid))",
           {{"E", ParameterDomain::non_negative, "1", "error of a perfect model"},
            {"K", kPositive, "1", "rise to the ceiling"},
            {"loss_mid", kPositive, "loss", "loss halfway", 0.3, 10},
            {"width_mid", kPositive, "loss", "width of the rise", 0.02, 4}},
           {}, "error"),
  };
}

}  // namespace phaselaw::laws::forms
