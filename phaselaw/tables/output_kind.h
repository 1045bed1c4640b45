// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

// What an output is, and in which direction it goes: a law of a loss falls with more compute, a score rises.
namespace phaselaw::tables {

enum class OutputKind {
  loss,      // loss, nll, error, perplexity, bits per byte: lower is better
  score,     // accuracy, f1, bleu, exact match, mutual information: higher is better
  negative,  // log-likelihood, reward: higher is better, and often below zero
  unknown,
};

// By the words of a heading. A heading with a word of a loss is a loss: "loss of reward model".
[[nodiscard]] OutputKind output_kind(std::string_view heading);

// The rank correlation of y with x, from -1 (falls) to 1 (rises); unset for fewer than 3 rows or equal values.
// Non-finite rows do not count. Cost: n log n.
[[nodiscard]] std::optional<double> rank_correlation(std::span<const double> x, std::span<const double> y);

// The expression of --col that turns an output of this kind into something that falls: "1-acc" for a score within
// [0, 1], "100-acc" within [0, 100], "-loglik" for a negative quantity; empty if there is no usual one.
[[nodiscard]] std::string falling_form(OutputKind kind, const std::string& heading, std::span<const double> values);

}  // namespace phaselaw::tables
