// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "phaselaw/tables/recognise.h"

// The words by which a table in long form names the stream of a row: train, val, eval/loss, accuracy, lr.
namespace phaselaw::tables {

enum class StreamKind {
  loss,  // a loss, or a word of the data alone (train, val)
  lr,
  grad_norm,
  other,  // a score, a perplexity, a time: not used for curves
};

struct StreamWord {
  StreamKind kind = StreamKind::loss;
  Role role = Role::unspecified;  // of a loss
  bool names_data = false;        // train, val, test, ...
  bool names_metric = false;      // loss, accuracy, lr, ...
};

// Unset for any text that has another word in it: "train/loss" is a stream, and "small train" is none.
[[nodiscard]] std::optional<StreamWord> stream_word(std::string_view text);

}  // namespace phaselaw::tables
