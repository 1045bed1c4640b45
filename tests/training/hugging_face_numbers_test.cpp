// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/model/transformer.h"
#include "phaselaw/training/state_dict.h"

// Outputs and kernel entries of transformers' GPT2LMHeadModel and LlamaForCausalLM, in double, with weights of a
// formula: what `tests/interop/hugging_face.py --numbers` printed (torch 2.15, transformers 5.24). The script itself
// compares random models where torch is there.
namespace phaselaw::training {
namespace {

using base::Safetensors;
using base::Tensor;
using model::ModelOptions;
using Doubles = std::vector<double>;

constexpr std::int64_t kRows = 21;  // 3 tokens, 7 words

struct Published {
  Naming naming;
  ModelOptions options;
  std::array<double, kRows> logits;
  double k_0_0, k_0_20, k_9_13, trace;
};

ModelOptions gpt2() {
  ModelOptions o;
  o.readout = model::Readout::tokens;
  o.vocab = 7;
  o.seq_len = 3;
  o.d_model = 6;
  o.d_hidden = 5;
  o.n_heads = 2;
  o.d_head = 3;
  o.rms_eps = 1e-5;
  o.parametrisation = model::Parametrisation::standard;
  o.branch_scale = 1;
  o.activation = model::Activation::gelu;
  o.norm = model::Norm::layernorm;
  o.norm_gain = o.norm_bias = o.linear_bias = true;
  return o;
}

ModelOptions llama() {
  ModelOptions o = gpt2();
  o.d_head = 4;
  o.n_kv_heads = 1;
  o.activation = model::Activation::silu;
  o.norm = model::Norm::rms;
  o.norm_bias = o.linear_bias = false;
  o.mlp = model::Mlp::gated;
  o.positions = model::Positions::rotary;
  return o;
}

const Published& gpt2_numbers() {
  static const Published numbers{
      Naming::gpt2,
      gpt2(),
      {0.17364564517283027,  -0.6554877492218757, 0.46907427945173674,  0.19555026619426463, -0.6608155476873219,
       0.4523936801335166,   0.2172337533041232,  0.3530142371189974,   -0.5744995616178132, 0.2102950167582451,
       0.36830074633830656,  -0.5714218695586665, 0.1919907638654334,   0.38317077039367525, -0.0020536991397736917,
       -0.31512068518473224, 0.3110363510199956,  0.010142811348977758, -0.3209815970653026, 0.3045865914759917,
       0.02232785205253485},
      3.0808259553418185,
      3.1801713516429184,
      -0.3155353413436276,
      339.0555855489821};
  return numbers;
}

const Published& llama_numbers() {
  static const Published numbers{
      Naming::llama,
      llama(),
      {0.1320847023393894,   -0.10528165098683745, -0.02885376496956582,  0.13357339201233942,  -0.10211783678489936,
       -0.03344464294093842, 0.13491103302024113,  0.13037351522957863,   -0.10213264194443471, -0.030230249378830322,
       0.13177405572403356,  -0.09897706420248949, -0.034724902144426355, 0.13302558229509348,  0.1432081270700597,
       -0.11204667393733547, -0.03334393828403636, 0.14474112707706582,   -0.10857786940112554, -0.03827817621302784,
       0.1461104496203719},
      1.1701252448061898,
      -0.04237399267162076,
      -0.2523637048229185,
      30.926971273944012};
  return numbers;
}

// Number i of tensor k, in the order of names: 0.4 sin(0.7 i + 1.3 k).
Doubles formula_weights(const Published& published) {
  const Doubles zeros(static_cast<std::size_t>(model::ParameterTable(published.options).size()), 0.0);
  const auto empty =
      Safetensors::parse(state_dict_bytes<double>(published.naming, published.options, zeros), "formula");
  std::vector<Tensor> tensors = empty.tensors();
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::vector<Doubles> values;
  for (auto& tensor : tensors) {
    auto& numbers = values.emplace_back(tensor.count());
    const double phase = 1.3 * static_cast<double>(values.size() - 1);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = 0.4 * std::sin(0.7 * static_cast<double>(i) + phase);
    tensor.bytes = {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(double)};
  }
  return read_state_dict<double>(Safetensors::parse(base::safetensors_bytes({}, tensors), "formula"),
                                 published.options);
}

void expect_published(const Published& published) {
  const model::Transformer<double> model(published.options);
  const Doubles theta = formula_weights(published);
  const std::array<std::int32_t, 3> tokens{3, 1, 4};
  model::Inputs<double> inputs;
  inputs.n = 1;
  inputs.tokens = tokens.data();
  model::Transformer<double>::Workspace workspace(model, 1);
  Doubles logits(kRows), unit(kRows, 0.0);
  model.forward(theta, inputs, workspace, logits.data());
  std::vector<Doubles> jacobian(kRows, Doubles(theta.size(), 0.0));
  for (std::size_t i = 0; i < kRows; ++i) {
    EXPECT_NEAR(logits[i], published.logits[i], 1e-14) << i;
    unit[i] = 1;
    model.backward(theta, inputs, workspace, unit.data(), jacobian[i]);
    unit[i] = 0;
  }
  const auto kernel = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t p = 0; p < theta.size(); ++p) sum += jacobian[a][p] * jacobian[b][p];
    return sum;
  };
  double trace = 0;
  for (std::size_t i = 0; i < kRows; ++i) trace += kernel(i, i);
  // Rounding of sums of a few hundred products, of the size of the trace.
  const double tolerance = 1e-14 * published.trace;
  EXPECT_NEAR(trace, published.trace, tolerance);
  EXPECT_NEAR(kernel(0, 0), published.k_0_0, tolerance);
  EXPECT_NEAR(kernel(0, 20), published.k_0_20, tolerance);
  EXPECT_NEAR(kernel(9, 13), published.k_9_13, tolerance);
}

TEST(HuggingFaceNumbers, OfGpt2AreThoseOfThisModel) { expect_published(gpt2_numbers()); }
TEST(HuggingFaceNumbers, OfLlamaAreThoseOfThisModel) { expect_published(llama_numbers()); }

}  // namespace
}  // namespace phaselaw::training
