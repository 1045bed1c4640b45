// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/text_ladder.h"

#include <cmath>

namespace phaselaw::reproduce {

namespace {

constexpr std::int64_t kBatch = 8, kLongest = 4000;  // sequences per step, steps

constexpr const char* kText = R"(seed = 1
[model]
readout = "tokens"
vocab = 256
tied_embedding = true
n_layers = 1
n_heads = 2
d_head = 4
seq_len = 32
activation = "gelu"
parametrisation = "mup"
branch_scale = 1.0
[data]
source = "text"
target = "tokens"
n_test = 256
[training]
optimizer = "adamw"
batch = 8
warmup = 0.02
schedule = "wsd"
decay = 0.5
measurements_per_doubling = 1
[ladder]
vary = "shape"
aspect = 64
tolerance = 0.25
)";
constexpr const char* kQuick = R"([grid]
n_params = [1400, 2900, 6500, 14000]
"training.steps" = [250, 500, 1000, 2000, 4000]
"training.learning_rate" = [0.01, 0.028]
seeds = 3
)";
constexpr const char* kFull = R"([grid]
n_params = [1400, 2900, 6500, 14000]
"training.steps" = [250, 500, 1000, 2000, 4000]
"training.learning_rate" = [0.01, 0.017, 0.028]
seeds = 8
)";

}  // namespace

StudyRuns text_runs(const Context& context) {
  const std::string start = kText;
  base::Value document = context.document(start + kQuick, start + kFull, "text");
  document.set("data.path", context.text);
  document.set("data.n_data", kBatch * kLongest);  // every sequence of the longest run once
  return carry_out_study(context, "text", document);
}

LadderStudy text_study(const StudyRuns& runs) { return ladder_study("text", runs, "nats per token"); }

Finding text_ladder(const Context& context) {
  const auto runs = text_runs(context);
  return finding_of(
      text_study(runs), runs, "Text without a known floor, byte by byte",
      "Decoder-only transformers of several sizes predict the next byte of the text at " + context.text +
          ", for several durations, each with its own decay of the learning rate; no sequence is used twice. "
          "The entropy of English is not known, so the exponent of the part above it is shown for every floor that the data "
          "allow, and a stated exponent holds only if it holds for all of them.",
      NAN);
}

}  // namespace phaselaw::reproduce
