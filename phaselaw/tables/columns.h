// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// Named columns of measurements, the inputs of laws.
//
// A column has one canonical name (docs/notation.md) and other names in common use. `expression_alias` is its letter in
// a user's expression: N, D, C, U, S. L is the loss itself and never an input.
namespace phaselaw::tables {

struct KnownColumn {
  std::string name;               // "n_params"
  std::string expression_alias;   // "N"; empty if there is none
  std::vector<std::string> also;  // "params", "parameters", ..., the most likely first; compared by plain_name()
  std::string unit, meaning;
};

[[nodiscard]] const std::vector<KnownColumn>& known_columns();

// Lower case, without spaces, '-', '_', '.' and '/': "Model Size" and "model_size" are the same name.
[[nodiscard]] std::string plain_name(std::string_view name);

// The canonical name for `name` in a table or an expression; `name` itself if it is not known. Case matters only for
// the one-letter aliases.
[[nodiscard]] std::string canonical_column(std::string_view name);

// The unit of a canonical column; "" where it is not known.
[[nodiscard]] std::string unit_of(std::string_view column);

struct Columns {
  std::vector<std::string> names;  // canonical if known
  std::vector<std::vector<double>> values;

  [[nodiscard]] std::size_t n_rows() const { return values.empty() ? 0 : values.front().size(); }
  [[nodiscard]] bool has(std::string_view name) const;
  // PHASELAW_CHECK: the same length as the other columns, and no second column of the name.
  void add(std::string name, std::vector<double> column);
  // The column, or its value derived from others: compute = 6 n_params tokens, otherwise flops_per_step step;
  // tokens_per_param = tokens/n_params, tokens = tokens_per_param n_params, unique_tokens = tokens/epochs, epochs =
  // tokens/unique_tokens. InputError naming what is missing.
  [[nodiscard]] std::vector<double> get(std::string_view name) const;
  [[nodiscard]] Columns rows(std::span<const std::size_t> chosen) const;
};

// Rows of numbers as a law needs them: its inputs in named columns, and the output that it predicts.
struct Measurements {
  Columns columns;
  std::vector<double> output;  // the loss, or another output of the law; > 0
  [[nodiscard]] Measurements rows(std::span<const std::size_t> chosen) const;
};

// The chosen elements of a list with one element per row; an empty list stays empty.
template <class T>
[[nodiscard]] std::vector<T> picked(const std::vector<T>& values, std::span<const std::size_t> chosen) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(chosen.size());
  for (const std::size_t row : chosen) out.push_back(values[row]);
  return out;
}

}  // namespace phaselaw::tables
