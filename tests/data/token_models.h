// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/data/options.h"
#include "phaselaw/model/options.h"

// The small models and data of the tests of token sources.
namespace phaselaw::data {

inline model::ModelOptions token_model(std::int64_t vocab, std::int64_t seq_len) {
  model::ModelOptions options;
  options.readout = model::Readout::tokens;
  options.n_layers = 1;
  options.seq_len = seq_len;
  options.d_model = 8;
  options.d_hidden = 16;
  options.n_heads = 2;
  options.d_head = 4;
  options.vocab = vocab;
  return options;
}

inline DataOptions token_data(Source source, std::int64_t n_data, std::int64_t n_test) {
  DataOptions options;
  options.source = source;
  options.n_data = n_data;
  options.n_test = n_test;
  options.associations_contexts = 512;
  return options;
}

}  // namespace phaselaw::data
