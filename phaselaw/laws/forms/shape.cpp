// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/forms/forms.h"

namespace phaselaw::laws::forms {

namespace {}  // namespace

std::vector<Law> shape_laws() {
  const Parameter floor{"E", ParameterDomain::non_negative, "loss", "irreducible loss"};
  const std::string gemstones = "McLeish et al. 2025, arXiv 2502.06857 [S]";
  return {
      make("width-depth-tokens", "a power each of width, depth and tokens", gemstones,
           "E + A*d_model^-alpha + B*n_layers^-beta + F*tokens^-gamma",
           {floor,
            {"A", kPositive, "loss", "of the width term"},
            {"B", kPositive, "loss", "of the depth term"},
            {"F", kPositive, "loss", "of the data term"},
            {"alpha", kPositive, "1", "of the width"},
            {"beta", kPositive, "1", "of the depth"},
            {"gamma", kPositive, "1", "of the tokens"}}),
      make("width-depth-params-tokens", "a power each of width, depth, parameters and tokens", gemstones,
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
      make("over-training", "compute and tokens per parameter: parallel lines for every degree of over-training",
           "Gadre et al. 2024, arXiv 2403.08540, eq. 4 [S]",
           "E + (a*tokens_per_param^eta + b*tokens_per_param^-eta)*compute^-eta",
           {floor,
            {"a", kPositive, "loss", "grows with over-training"},
            {"b", kPositive, "loss", "grows with under-training"},
            {"eta", kPositive, "1", "half of chinchilla's exponent; of compute"}}),
      make("repeated-data", "chinchilla with the worth of repeated tokens and of excess parameters decaying",
           "Muennighoff et al. 2023, arXiv 2305.16264, section 5 [S]",
           "G = (alpha*A/(beta*B))^(1/(alpha + beta));"
           "N_unique = min(N, G*(G*U)^(beta/alpha));"
           "N_worth = N_unique*(1 + R_N*(1 - exp((1 - N/N_unique)/R_N)));"
           "D_worth = U*(1 + R_D*(1 - exp((1 - D/U)/R_D)));"
           "E + A*N_worth^-alpha + B*D_worth^-beta",
           {{"E", ParameterDomain::non_negative, "loss", "irreducible loss", 0.1, 4},
            {"A", kPositive, "loss", "of the model-size term", 10, 1e6},
            {"B", kPositive, "loss", "of the data term", 10, 1e6},
            {"alpha", kPositive, "1", "of the parameters", 0.1, 1},
            {"beta", kPositive, "1", "of the tokens", 0.1, 1},
            {"R_N", kPositive, "1", "excess parameters, in units of what the data calls for, worth 1 - 1/e", 0.3, 300},
            {"R_D", kPositive, "epochs", "repetitions worth 1 - 1/e of new tokens", 0.3, 300}},
           "chinchilla"),
  };
}

}  // namespace phaselaw::laws::forms
