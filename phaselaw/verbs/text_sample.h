// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "phaselaw/sweep/experiment.h"

// A sample of what a model of text writes.
namespace phaselaw::verbs {

struct TextSample {
  std::string prompt;        // bytes of a test window
  std::string continuation;  // bytes drawn from the model; empty if there is no sample
};

inline constexpr int kMostSampleBytes = 160;

// Draws bytes one by one, each from softmax(F) given at most seq_len bytes before it. The first ones follow the prompt,
// which is the first half of a test window. The draws depend on the experiment and its weights alone.
// As many bytes as 2e10 FLOP allow, at most kMostSampleBytes. There is no sample for data other than text with next-byte
// targets, without a causal mask, with an encoder, and where 16 bytes cost more. The text is read again.
[[nodiscard]] TextSample sample_text(const sweep::Experiment& experiment, std::span<const float> theta);

}  // namespace phaselaw::verbs
