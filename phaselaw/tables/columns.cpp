// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/columns.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/melting.h"

namespace phaselaw::tables {

namespace {

std::vector<double> combined(const std::vector<double>& a, const std::vector<double>& b, double (*f)(double, double)) {
  std::vector<double> out(a.size());
  std::transform(a.begin(), a.end(), b.begin(), out.begin(), f);
  return out;
}

}  // namespace

std::string plain_name(std::string_view name) { return documents::plain_word(name); }

const std::vector<KnownColumn>& known_columns() {
  static const std::vector<KnownColumn> columns = {
      {"n_params",
       "N",
       {"params", "parameters", "num_params", "n_parameters", "num_parameters", "model size", "model params",
        "model parameters", "params_active_precise", "params_total", "total_params", "params_non_embedding",
        "non_embedding_params", "n_params_non_embedding", "dense_parameter_count", "total_parameter_count"},
       "parameters",
       "trainable parameters"},
      {"tokens",
       "D",
       {"training tokens", "train tokens", "n_tokens", "num_tokens", "total tokens", "tokens seen", "tokens trained",
        "tokens processed"},
       "tokens",
       "training tokens seen"},
      {"compute",
       "C",
       {"compute_flop", "flops", "flop", "training flop", "training flops", "train flops", "total flops",
        "compute flops", "training compute", "compute_6nd"},
       "FLOP",
       "training cost"},
      {"unique_tokens", "U", {"data size", "dataset tokens"}, "tokens", "distinct training tokens"},
      {"epochs", "", {"epoch", "n_epochs", "num_epochs"}, "1", "passes over the distinct tokens"},
      {"n_layers", "", {"depth", "layers", "n_layer", "num_layers", "num_blocks"}, "layers", "depth"},
      {"d_model", "", {"width", "hidden_size", "n_embd"}, "1", "width of the residual stream"},
      {"n_data", "n", {}, "sequences", "training sequences"},
      {"step",
       "t",
       {"steps", "n_steps", "global_step", "train_step", "training steps", "iteration", "iterations", "iter",
        "num_updates", "updates", "time"},
       "steps",
       "optimiser steps, or gradient-flow time"},
      {"lr_sum", "S1", {"sum of learning rates", "cumulative_lr"}, "1", "sum of the learning rates so far"},
      {"lr_drop", "S2", {"learning rate annealing"}, "1", "momentum-weighted area of learning-rate drops so far"},
      {"lr", "", {"learning rate"}, "1", "learning rate"},
      {"grad_norm", "", {"gradient_norm", "train_grad_norm"}, "1", "norm of the gradient"},
      {"batch", "", {"batch size", "batch_tokens"}, "tokens", "tokens in a batch"},
      {"tokens_per_param", "", {"tok_mult", "tokens per parameter"}, "tokens/parameter", "training tokens/parameters"},
      {"flops_per_step", "", {"flop_per_step"}, "FLOP/step", "cost of one step"},
      {"loss",
       "L",
       {"val_loss", "validation loss", "loss_validation", "valid loss", "eval_loss", "test_loss", "final_loss",
        "lm_loss", "lm_loss_value", "cross entropy", "ce_loss", "nll", "train_loss", "training loss", "loss_train",
        "excess_risk"},
       "nats",
       "the loss"},
  };
  return columns;
}

std::string canonical_column(std::string_view name) {
  for (const KnownColumn& column : known_columns())
    if (name == column.expression_alias) return column.name;
  const std::string key = plain_name(name);
  if (key.size() > 1)
    for (const KnownColumn& column : known_columns()) {
      if (key == plain_name(column.name)) return column.name;
      for (const std::string& also : column.also)
        if (key == plain_name(also)) return column.name;
    }
  return std::string(name);
}

std::string unit_of(std::string_view name) {
  for (const KnownColumn& column : known_columns())
    if (column.name == name) return column.unit;
  return "";
}

bool Columns::has(std::string_view name) const { return std::find(names.begin(), names.end(), name) != names.end(); }

void Columns::add(std::string name, std::vector<double> column) {
  PHASELAW_CHECK(values.empty() || column.size() == n_rows());
  PHASELAW_CHECK(!has(name));
  names.push_back(std::move(name));
  values.push_back(std::move(column));
}

std::vector<double> Columns::get(std::string_view name) const {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at != names.end()) return values[static_cast<std::size_t>(at - names.begin())];
  if (name == "compute" && has("n_params") && has("tokens"))
    return combined(get("n_params"), get("tokens"), [](double n, double d) { return 6 * n * d; });
  if (name == "compute" && has("flops_per_step") && has("step"))
    return combined(get("flops_per_step"), get("step"), [](double f, double t) { return f * t; });
  if (name == "tokens_per_param" && has("n_params") && has("tokens"))
    return combined(get("tokens"), get("n_params"), [](double d, double n) { return d / n; });
  if (name == "tokens" && has("n_params") && has("tokens_per_param"))
    return combined(get("tokens_per_param"), get("n_params"), [](double m, double n) { return m * n; });
  if (name == "unique_tokens" && has("tokens") && has("epochs"))
    return combined(get("tokens"), get("epochs"), [](double d, double e) { return d / e; });
  if (name == "epochs" && has("tokens") && has("unique_tokens"))
    return combined(get("tokens"), get("unique_tokens"), [](double d, double u) { return d / u; });
  throw base::InputError(fmt::format(
      "the law needs the column {}, {}; name it with --col {}=COLUMN", name,
      names.empty() ? "but the table has no columns" : fmt::format("found: {}", fmt::join(names, ", ")), name));
}

Columns Columns::rows(std::span<const std::size_t> chosen) const {
  Columns out{names, {}};
  for (const auto& column : values) out.values.push_back(picked(column, chosen));
  return out;
}

Measurements Measurements::rows(std::span<const std::size_t> chosen) const {
  return {columns.rows(chosen), picked(output, chosen)};
}

}  // namespace phaselaw::tables
