// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/data/dataset.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/training/trainer.h"

// Small problems that every test of training starts from.
namespace phaselaw::training {

inline model::ModelOptions small_model() {
  model::ModelOptions options;
  options.n_layers = 1;
  options.seq_len = 3;
  options.d_model = 4;
  options.d_hidden = 8;
  options.n_heads = 2;
  options.d_head = 2;
  options.activation = model::Activation::gelu;
  return options;
}

// Linear in its parameters: only W_down is trained.
inline model::ModelOptions linear_model() {
  auto options = small_model();
  options.trainable = {"mlp.down"};
  return options;
}

inline model::ModelOptions token_model() {
  auto options = small_model();
  options.readout = model::Readout::tokens;
  options.vocab = 11;
  return options;
}

inline data::Split teacher_split(const model::ModelOptions& model, std::int64_t n_data, std::int64_t n_test,
                                 double noise, std::uint64_t seed = 1) {
  data::DataOptions options;
  options.n_data = n_data;
  options.n_test = n_test;
  options.noise = noise;
  return data::make_split(options, model, seed);
}

// Each token is followed by the next in the alphabet: predictable, so the loss can fall to zero.
inline data::Split token_split(const model::ModelOptions& model, std::int64_t n) {
  data::Split split;
  for (data::Dataset* set : {&split.train, &split.test}) {
    set->n = n;
    set->seq_len = model.seq_len;
    set->d_in = model.d_model;
    set->d_out = model.outputs();
    for (std::int64_t i = 0; i < n * model.input_len(); ++i) {
      const std::int64_t token = (i * 7 + i / model.input_len()) % model.vocab;
      set->tokens.push_back(static_cast<std::int32_t>(token));
      if (i % model.input_len() >= model.source_rows())  // tokens of a source are not predicted
        set->next_tokens.push_back(static_cast<std::int32_t>((token + 1) % model.vocab));
    }
  }
  return split;
}

inline TrainingOptions small_training(OptimizerKind kind, double rate, std::int64_t steps, std::int64_t batch = 4) {
  TrainingOptions options;
  options.optimizer = kind;
  options.learning_rate = rate;
  options.steps = steps;
  options.batch = batch;
  return options;
}

template <class T>
[[nodiscard]] TrainingResult<T> run(const model::ModelOptions& model_options, const data::Split& data,
                                    const TrainingOptions& options, std::vector<Observer<T>*> observers = {}) {
  const model::Transformer<T> model(model_options);
  return train(model, model::initialise<T>(model.table(), 5), data, options, 9, observers);
}

}  // namespace phaselaw::training
