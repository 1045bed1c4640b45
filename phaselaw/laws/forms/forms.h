// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/laws/law.h"

// The published laws, by subject. Each file of this folder is one table.
namespace phaselaw::laws::forms {

inline constexpr auto kPositive = ParameterDomain::positive;

// `parameters` in any order; the law puts them into the expression's. PHASELAW_CHECK: they are the expression's.
[[nodiscard]] Law make(std::string name, std::string help, std::string source, const std::string& expression,
                       std::vector<Parameter> parameters, std::string nested = {}, std::string output = "loss");

[[nodiscard]] std::vector<Law> theory_laws();          // the two-stage law and what it consists of
[[nodiscard]] std::vector<Law> size_laws();            // of parameters, tokens, compute
[[nodiscard]] std::vector<Law> shape_laws();           // of width, depth, over-training, repetition
[[nodiscard]] std::vector<Law> curve_laws();           // of training steps and learning rates
[[nodiscard]] std::vector<Law> hyperparameter_laws();  // of batch, learning rate, and downstream error
[[nodiscard]] Law broken_power(int breaks);            // 1 <= breaks <= 3

}  // namespace phaselaw::laws::forms
