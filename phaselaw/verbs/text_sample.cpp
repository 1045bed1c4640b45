// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/text_sample.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "phaselaw/data/text.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::verbs {

namespace {

// Bytes of a sample that may be drawn; 0: none.
int sample_length(const sweep::Experiment& e) {
  constexpr double kMostFlop = 2e10, kFewestBytes = 16;
  const bool next_bytes = e.data.source == data::Source::text && e.model.reads_tokens() &&
                          e.model.vocab == data::kBytes && e.data.target != data::Target::regression;
  if (!next_bytes || e.model.mask != model::Mask::causal || e.model.has_encoder() || e.model.seq_len < 2) return 0;
  const double affordable = kMostFlop / model::sequence_cost(e.model).forward_flop;
  return affordable < kFewestBytes ? 0 : static_cast<int>(std::min(affordable, double{kMostSampleBytes}));
}

std::string prompt_of(const sweep::Experiment& e) {
  const auto texts = data::read_texts(e.data.path);
  const auto windows =
      data::draw_windows(texts.files, e.model.seq_len, 1, 1, e.data.test_fraction, static_cast<std::uint64_t>(e.seed));
  const data::TextWindow& window = windows.test.front();
  return texts.files[window.file].bytes.substr(static_cast<std::size_t>(window.start),
                                               static_cast<std::size_t>(e.model.seq_len / 2));
}

// A draw from softmax(logits) with u uniform in (0, 1).
std::size_t draw(std::span<const float> logits, double u) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - top);
  double left = u * sum;
  for (std::size_t byte = 0; byte < logits.size(); ++byte) {
    left -= std::exp(static_cast<double>(logits[byte]) - top);
    if (left <= 0) return byte;
  }
  return logits.size() - 1;
}

}  // namespace

TextSample sample_text(const sweep::Experiment& e, std::span<const float> theta) {
  TextSample sample;
  const int length = sample_length(e);
  if (length == 0 || !std::all_of(theta.begin(), theta.end(), [](float x) { return std::isfinite(x); })) return sample;
  sample.prompt = prompt_of(e);
  const model::Transformer<float> model(e.model);
  model::Transformer<float>::Workspace workspace(model, 1);
  const auto window = static_cast<std::size_t>(e.model.seq_len), vocab = static_cast<std::size_t>(e.model.vocab);
  std::vector<std::int32_t> tokens(window);
  std::vector<float> outputs(window * vocab), offset(window * vocab);
  const model::Inputs<float> inputs{1, nullptr, tokens.data()};
  std::vector<float> theta_0;  // only where the outputs at initialisation are subtracted
  if (e.model.init_scale != 1) theta_0 = model::initialise<float>(model.table(), static_cast<std::uint64_t>(e.seed));
  numerics::RandomStream random(static_cast<std::uint64_t>(e.seed), "text sample");
  std::string text = sample.prompt;
  for (int k = 0; k < length; ++k) {
    const std::size_t known = std::min(window, text.size());
    // Positions behind the known bytes hold zeros, which no earlier position sees.
    std::fill(tokens.begin(), tokens.end(), 0);
    for (std::size_t i = 0; i < known; ++i) tokens[i] = static_cast<unsigned char>(text[text.size() - known + i]);
    model.forward(theta, inputs, workspace, outputs.data());
    const std::size_t row = (known - 1) * vocab;
    if (!theta_0.empty()) {
      model.output_offset(theta_0, inputs, workspace, offset.data());
      for (std::size_t v = 0; v < vocab; ++v) outputs[row + v] += offset[row + v];
    }
    const std::span<const float> logits(outputs.data() + row, vocab);
    text += static_cast<char>(draw(logits, random.uniform()));
  }
  sample.continuation = text.substr(sample.prompt.size());
  return sample;
}

}  // namespace phaselaw::verbs
