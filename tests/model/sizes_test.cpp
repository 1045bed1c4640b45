// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/model/transformer.h"

// Sizes that are computed without memory: they equal those of the model itself, and hold where no model could be made.
namespace phaselaw::model {
namespace {

std::vector<ModelOptions> shapes() {
  std::vector<ModelOptions> all(7);
  all[1].n_layers = 5;
  all[2].readout = Readout::tokens;
  all[2].tied_embedding = true;
  all[2].vocab = 77;
  all[3].norm_gain = all[3].linear_bias = true;
  all[3].mlp = Mlp::gated;
  all[3].n_layers = 3;
  all[4].n_encoder_layers = 4;
  all[4].source_len = 3;
  all[5].n_kv_heads = 1;
  all[5].positions = Positions::rotary;
  all[5].readout = Readout::tokens;
  all[6].n_encoder_layers = 1;
  all[6].seq_len = 33;
  all[6].readout = Readout::linear;
  all[6].d_out = 3;
  return all;
}

TEST(ModelSizes, ParametersAreThoseOfTheTable) {
  for (const ModelOptions& o : shapes())
    EXPECT_EQ(parameter_count(o), static_cast<double>(ParameterTable(o).size())) << o.n_layers << o.n_encoder_layers;
}

TEST(ModelSizes, WorkspacesAreMeasuredWithoutTheirMemory) {
  for (const ModelOptions& o : shapes()) {
    const Transformer<float> model(o);
    for (const std::int64_t n : {1, 2, 5}) {
      using Workspace = Transformer<float>::Workspace;
      const std::size_t bytes = Workspace(model, n).bytes();
      EXPECT_EQ(Workspace::bytes_for(model, n), bytes);
      const double angles =
          o.positions == Positions::rotary ? static_cast<double>(o.seq_len * o.d_head) * sizeof(float) : 0;
      // Each piece is rounded to a cache line; there are at most 20 pieces in a layer and 40 besides.
      const double lines = 64.0 * static_cast<double>(20 * o.all_layers() + 40) * static_cast<double>(n);
      EXPECT_NEAR(workspace_bytes<float>(o, n) - angles, static_cast<double>(bytes), lines);
    }
    EXPECT_NEAR(workspace_bytes<double>(o, 1) / workspace_bytes<float>(o, 1), 2, 0.2);
  }
}

TEST(ModelSizes, ProductsOfTheLargestSizesAreNumbers) {
  ModelOptions o;
  o.n_layers = static_cast<std::int64_t>(kMostLayers);
  o.seq_len = static_cast<std::int64_t>(kMostTokens);
  o.d_model = o.d_head = static_cast<std::int64_t>(kMostWidth);
  o.d_hidden = static_cast<std::int64_t>(kMostHidden);
  o.n_heads = static_cast<std::int64_t>(kMostHeads);
  const double attention = 4 * kMostWidth * kMostWidth * kMostHeads, mlp = 2 * kMostWidth * kMostHidden;
  EXPECT_NEAR(parameter_count(o) / (kMostLayers * (attention + mlp)), 1, 1e-12);
  EXPECT_THROW(validate(o), base::InputError);
}

TEST(ModelSizes, TooManyParametersAreRefusedWithTheirSizes) {
  const auto refused = [](const ModelOptions& o) -> std::string {
    try {
      validate(o);
    } catch (const base::InputError& error) {
      return error.what();
    }
    return "accepted";
  };
  ModelOptions layers;
  layers.n_layers = 10000;
  layers.d_model = 512;
  layers.d_hidden = 2048;
  EXPECT_NE(refused(layers).find("n_layers = 10000"), std::string::npos) << refused(layers);
  ModelOptions vocab;
  vocab.readout = Readout::tokens;
  vocab.vocab = 100000000;
  vocab.d_model = 128;
  EXPECT_NE(refused(vocab).find("vocab = 100000000"), std::string::npos) << refused(vocab);
  EXPECT_NE(refused(vocab).find("limit is 1e10"), std::string::npos) << refused(vocab);
}

}  // namespace
}  // namespace phaselaw::model
