// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/melting.h"

#include <algorithm>
#include <array>

#include "phaselaw/base/ascii.h"
#include "phaselaw/documents/prose_table.h"

namespace phaselaw::documents {

std::string plain_word(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (std::string_view(" -_./").find(c) == std::string_view::npos) out += base::lower(c);
  return out;
}

bool names_a_metric(std::string_view heading) {
  constexpr std::array<std::string_view, 14> words = {"loss", "ppl",  "perplex", "acc",     "bpb", "score",  "reward",
                                                      "nll",  "bleu", "error",   "entropy", "f1",  "metric", "value"};
  const std::string plain = plain_word(heading);
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return plain.find(word) != std::string::npos; });
}

bool holds_nothing(const Table& table, std::size_t row, std::size_t column) {
  if (table.is_empty(row, column)) return true;
  if (table.holds_numbers(column)) return false;
  const std::string_view cell = table.view(row, column);
  constexpr std::size_t kLongestWord = 4;  // "null", "none"
  if (cell.size() > kLongestWord && cell.front() != ' ' && cell.back() != ' ') return false;
  return base::parse_number(cell).kind == base::NumberKind::missing;
}

bool holds_only_numbers(const Table& table, std::size_t column) {
  if (table.holds_numbers(column)) return true;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    if (holds_nothing(table, row, column)) continue;
    if (!looks_numeric(table.view(row, column))) return false;
  }
  return true;
}

std::string free_name(std::span<const std::string> taken, const std::string& name) {
  std::string out = name;
  for (int k = 2; std::find(taken.begin(), taken.end(), out) != taken.end(); ++k) out = fmt::format("{}_{}", name, k);
  return out;
}

bool is_out_of_proportion(const Table& table, std::size_t rows, std::size_t columns) {
  constexpr std::size_t kAlways = 1'000'000, kMost = 64;
  return rows * columns > kAlways && rows * columns / kMost > table.n_rows() * table.n_columns();
}

}  // namespace phaselaw::documents
