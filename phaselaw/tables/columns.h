// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// Named columns of measurements: what laws take as inputs.
//
// A column has one canonical name (theory.md section 0) and the names that people use for it. `expression_alias` is the
// letter it may go by in a user's expression: N, D, C, U, S. L is the loss itself, never an input.
namespace phaselaw::tables {

struct KnownColumn {
  std::string name;               // "n_params"
  std::string expression_alias;   // "N"; empty: none
  std::vector<std::string> also;  // "params", "parameters", ... the likelier first; compared by plain_name()
  std::string unit, meaning;
};

[[nodiscard]] const std::vector<KnownColumn>& known_columns();

// Lower case, without spaces, '-', '_', '.' and '/': "Model Size" and "model_size" are one name.
[[nodiscard]] std::string plain_name(std::string_view name);

// The canonical name of what a table or an expression calls `name`; `name` itself when not known. Case matters for the
// one-letter aliases only.
[[nodiscard]] std::string canonical_column(std::string_view name);

// The unit of a canonical column; "" where it is not known.
[[nodiscard]] std::string unit_of(std::string_view column);

struct Columns {
  std::vector<std::string> names;  // canonical where known
  std::vector<std::vector<double>> values;

  [[nodiscard]] std::size_t n_rows() const { return values.empty() ? 0 : values.front().size(); }
  [[nodiscard]] bool has(std::string_view name) const;
  // PHASELAW_CHECK: same length as the others, no second column of the name.
  void add(std::string name, std::vector<double> column);
  // The column, or what follows from others: compute = 6 n_params tokens, else flops_per_step step; tokens_per_param =
  // tokens/n_params, tokens = tokens_per_param n_params, unique_tokens = tokens/epochs, epochs = tokens/unique_tokens.
  // InputError naming what is missing.
  [[nodiscard]] std::vector<double> get(std::string_view name) const;
  [[nodiscard]] Columns rows(std::span<const std::size_t> chosen) const;
};

// Rows of numbers as a law sees them: its inputs in named columns, and what it predicts.
struct Measurements {
  Columns columns;
  std::vector<double> output;  // the loss, or what the law predicts; > 0
  [[nodiscard]] Measurements rows(std::span<const std::size_t> chosen) const;
};

// The chosen elements of a list that has one for each row; an empty list stays empty.
template <class T>
[[nodiscard]] std::vector<T> picked(const std::vector<T>& values, std::span<const std::size_t> chosen) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(chosen.size());
  for (const std::size_t row : chosen) out.push_back(values[row]);
  return out;
}

}  // namespace phaselaw::tables
