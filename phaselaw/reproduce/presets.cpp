// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/presets.h"

#include "phaselaw/base/errors.h"

namespace phaselaw::reproduce {

namespace {

// Fixed data, growing compute, for seven sizes of the data: a student learns a teacher of the same class from noisy
// targets, by plain SGD, so that the excess risk is known exactly up to test sampling.
constexpr const char* kQuickTeacher = R"(seed = 1
[model]
n_layers = 2
d_model = 16
d_hidden = 64
n_heads = 2
d_head = 8
seq_len = 8
branch_scale = 0.7
[data]
source = "teacher"
teacher_seed = 101
n_test = 256
noise = 0.3
[training]
optimizer = "sgd"
batch = 16
steps = 12000
learning_rate = 0.016
[grid]
"data.n_data" = [8, 16, 32, 64, 128, 256, 512]
seeds = 3
)";

// The same on real English: bytes, next-byte cross-entropy.
constexpr const char* kQuickText = R"(seed = 1
[model]
readout = "tokens"
vocab = 256
n_layers = 2
d_model = 32
d_hidden = 128
n_heads = 2
d_head = 16
seq_len = 32
activation = "gelu"
parametrisation = "standard"
branch_scale = 1.0
[data]
source = "text"
target = "tokens"
n_test = 256
[training]
optimizer = "adamw"
batch = 16
steps = 2000
learning_rate = 0.003
warmup = 0.02
[grid]
"data.n_data" = [512, 2048, 8192, 32768]
seeds = 2
)";

// Drift of the kernel along the exact flow: against width, where only the MLP of one layer learns; the same for two
// layers that learn everything; against the output scale.
constexpr const char* kDriftModel = R"(seed = 1
[model]
d_model = 8
n_heads = 2
d_head = 4
seq_len = 4
activation = "tanh"
branch_scale = 1.0
init_scale = 0.0
)";
constexpr const char* kDriftData = R"([data]
source = "teacher"
n_data = 4
n_test = 1
)";

std::string drift_study(const std::string& model, const std::string& grid) {
  return std::string(kDriftModel) + model + kDriftData + "[grid]\n" + grid;
}

}  // namespace

Preset quick_preset() {
  return {"quick",
          kQuickTeacher,
          kQuickText,
          drift_study("n_layers = 1\ntrainable = [\"mlp.up\", \"mlp.down\"]\n",
                      "\"model.d_hidden\" = [32, 128, 512]\nseeds = 5\n"),
          drift_study("n_layers = 2\n", "\"model.d_hidden\" = [32, 128, 512]\nseeds = 3\n"),
          drift_study("n_layers = 2\nd_hidden = 128\n", "\"model.output_scale\" = [3.0, 10.0, 30.0]\nseeds = 3\n"),
          200};
}

Preset preset_from_name(const std::string& name) {
  if (name == "quick") return quick_preset();
  throw base::InputError({"--preset"}, base::unknown_name("preset", name, {"quick"}));
}

std::string default_text() { return "/usr/share/games/fortunes"; }

}  // namespace phaselaw::reproduce
