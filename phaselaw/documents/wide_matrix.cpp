// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/wide_matrix.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "phaselaw/base/ascii.h"
#include "phaselaw/documents/melting.h"
#include "phaselaw/documents/prose_table.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kFewestHeadings = 3;

// Words that stand beside a number in a heading of a matrix. Layers, heads, ranks and the like are not among them,
// because such columns are different quantities.
constexpr std::array<std::string_view, 40> kBeside = {
    "step",   "steps",      "iter",    "iters",      "iteration",    "iterations", "epoch",     "epochs",
    "token",  "tokens",     "sample",  "samples",    "example",      "examples",   "update",    "updates",
    "flop",   "flops",      "compute", "size",       "width",        "depth",      "dmodel",    "nparams",
    "params", "parameters", "param",   "lr",         "learningrate", "batch",      "batchsize", "seed",
    "run",    "trial",      "model",   "experiment", "config",       "data",       "datasize",  "trainingexamples"};

struct NumberHeading {
  std::string word, number;  // "step", "100"
  double value = 0;
};

bool is_beside(std::string_view word) {
  return word.empty() || std::find(kBeside.begin(), kBeside.end(), plain_word(word)) != kBeside.end();
}

std::string_view trimmed_word(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" _=:-@\t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" _=:-@\t") - first + 1);
}

// Whether a comma before three digits is at this place.
bool begins_thousands(std::string_view text, std::size_t at) {
  if (text[at] != ',' || at + 3 >= text.size()) return false;
  const std::string_view group = text.substr(at + 1, 3);
  return std::all_of(group.begin(), group.end(), base::is_digit) &&
         (at + 4 == text.size() || !base::is_digit(text[at + 4]));
}

// "100", "1k", "1,000", "step 100", "step=1e3", "100 steps", "10%": at most one word beside a number.
std::optional<NumberHeading> number_heading(std::string_view heading) {
  constexpr std::size_t kLongestHeading = 60;
  if (heading.size() > kLongestHeading) return {};
  const std::size_t begin = heading.find_first_of("0123456789");
  if (begin == std::string_view::npos) return {};
  if (begin > 0 && heading[begin - 1] == '-' && trimmed_word(heading.substr(0, begin)).empty()) return {};  // negative
  std::size_t end = begin;
  while (end < heading.size() &&
         (base::is_digit(heading[end]) || heading[end] == '.' || begins_thousands(heading, end)))
    ++end;
  if (end < heading.size() && (heading[end] == 'e' || heading[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < heading.size() && (heading[exponent] == '+' || heading[exponent] == '-')) ++exponent;
    std::size_t last = exponent;
    while (last < heading.size() && base::is_digit(heading[last])) ++last;
    if (last > exponent) end = last;
  }
  const bool letter =
      end < heading.size() && std::string_view("kKMBGT").find(heading[end]) != std::string_view::npos &&
      (end + 1 == heading.size() || std::string_view(" _-").find(heading[end + 1]) != std::string_view::npos);
  if (letter) ++end;
  const std::string_view number = heading.substr(begin, end - begin);
  std::string digits(number);
  std::erase(digits, ',');
  const base::Number value = base::parse_count(digits);
  if (end < heading.size() && heading[end] == '%') ++end;
  const std::string_view before = trimmed_word(heading.substr(0, begin)), after = trimmed_word(heading.substr(end));
  if (value.kind != base::NumberKind::finite || (!before.empty() && !after.empty())) return {};
  if (!is_beside(before) || !is_beside(after)) return {};
  return NumberHeading{std::string(before.empty() ? after : before), std::string(heading.substr(begin, end - begin)),
                       value.value};
}

struct Matrix {
  std::vector<std::size_t> kept, columns;  // other columns, and those that become rows
  std::vector<std::string> words;          // what each of them says in its row
  std::string heading_name, value_name;
  std::size_t label = Table::kNoColumn;  // the first of the other columns with words in it
  std::string label_name;
  bool named_axis = false;  // the corner names what the headings are
};

bool is_monotone(const std::vector<double>& x) {
  bool rises = true, falls = true;
  for (std::size_t i = 1; i < x.size(); ++i) {
    rises = rises && x[i] > x[i - 1];
    falls = falls && x[i] < x[i - 1];
  }
  return rises || falls;
}

bool counts_columns(const std::vector<double>& x) {
  for (std::size_t i = 0; i < x.size(); ++i)
    if (x[i] != x[0] + static_cast<double>(i)) return false;
  return x[0] == 0 || x[0] == 1;
}

// "n_params\tokens": a name for the rows and one for the headings.
bool is_corner(std::string_view heading) {
  const std::size_t slash = heading.find('\\');
  return slash != std::string_view::npos && !trimmed_word(heading.substr(0, slash)).empty() &&
         !trimmed_word(heading.substr(slash + 1)).empty();
}

// "model\step" names the rows and the headings; the name of what is in the cells may stand above the names of rows.
void name_by_corner(const Table& table, Matrix& matrix) {
  if (matrix.label == Table::kNoColumn) return;
  const std::string& corner = table.header[matrix.label];
  std::size_t slash = corner.find('\\');
  if (slash == std::string::npos && is_beside(corner.substr(std::min(corner.find('/'), corner.size() - 1) + 1)))
    slash = corner.find('/');
  if (slash != std::string::npos) {
    const std::string_view left = trimmed_word(std::string_view(corner).substr(0, slash)),
                           right = trimmed_word(std::string_view(corner).substr(slash + 1));
    if (!left.empty()) matrix.label_name = left;
    if (!right.empty()) matrix.heading_name = right;
    matrix.named_axis = !right.empty();
  } else if (names_a_metric(corner)) {
    matrix.value_name = corner;
    matrix.label_name = "run";
  }
}

std::optional<Matrix> matrix_of(const Table& table) {
  Matrix matrix;
  std::vector<double> x;
  std::optional<std::string> word;
  for (std::size_t c = 0; c < table.n_columns(); ++c) {
    const auto heading = number_heading(table.header[c]);
    if (!heading) {
      matrix.kept.push_back(c);
      continue;
    }
    if (word && *word != heading->word) return {};
    word = heading->word;
    matrix.columns.push_back(c);
    matrix.words.push_back(heading->number);
    x.push_back(heading->value);
  }
  if (matrix.columns.size() < kFewestHeadings || matrix.kept.empty() || !is_monotone(x)) return {};
  for (const std::size_t c : matrix.kept)
    if (matrix.label == Table::kNoColumn && (!holds_only_numbers(table, c) || is_corner(table.header[c])))
      matrix.label = c;
  if (word->empty() && counts_columns(x) && matrix.label != matrix.kept.front()) return {};
  for (const std::size_t c : matrix.kept)
    if (c != matrix.label && names_a_metric(table.header[c])) return {};
  matrix.heading_name = word->empty() ? "x" : *word;
  matrix.value_name = "value";
  name_by_corner(table, matrix);
  return matrix;
}

// "gpt-10M" is "gpt"; nothing if the heading does not end in a size.
std::optional<std::string> stem_of_size(std::string_view heading) {
  if (heading.size() < 3 || std::string_view("kKmMbBgGtT").find(heading.back()) == std::string_view::npos) return {};
  const std::size_t before = heading.find_last_not_of("0123456789.", heading.size() - 2);
  if (before == std::string_view::npos || before + 2 >= heading.size()) return {};
  const std::string stem = plain_word(heading.substr(0, before + 1));
  if (stem.empty() || names_a_metric(stem)) return {};
  return stem;
}

// step, gpt-10M, gpt-50M, gpt-100M: one column for each model.
std::optional<Matrix> models_across(const Table& table) {
  if (table.n_columns() < kFewestHeadings + 1 || !holds_only_numbers(table, 0)) return {};
  Matrix matrix;
  matrix.kept = {0};
  const auto stem = stem_of_size(table.header[1]);
  for (std::size_t c = 1; c < table.n_columns(); ++c) {
    const auto own = stem_of_size(table.header[c]);
    if (!own || own != stem) return {};
    matrix.columns.push_back(c);
    matrix.words.push_back(table.header[c]);
  }
  std::vector<double> x;
  for (std::size_t row = 0; row < table.n_rows(); ++row) x.push_back(table.number(row, 0).value);
  if (!is_monotone(x)) return {};
  matrix.heading_name = "run";
  matrix.value_name = "value";
  return matrix;
}

void note_matrix(Reading& reading, const Matrix& matrix, const std::vector<std::string>& names) {
  const std::string& x = names[names.size() - 2];
  const std::string& value = names.back();
  const bool runs = matrix.heading_name == "run";
  const std::string axis = runs || matrix.named_axis || plain_word(x) == "step"
                               ? ""
                               : fmt::format("--col step={} or --col tokens={} and ", x, x);
  reading.notes.push_back(fmt::format(
      "The {} headings {} to {} were read as values of the column '{}', and the cells below them as the column '{}'. "
      "Say what they are, for example with {}--col loss={}.",
      matrix.words.size(), matrix.words.front(), matrix.words.back(), x, value, axis, value));
}

struct MatrixCells {
  std::vector<std::size_t> rows, which;  // the row of each cell with a value, and its column among those that melt
};

MatrixCells cells_with_values(const Table& table, const Matrix& matrix, Reading& reading) {
  MatrixCells out;
  Skipped empty{.reason = "cells of the matrix without a value"};
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    for (std::size_t k = 0; k < matrix.columns.size(); ++k) {
      if (holds_nothing(table, row, matrix.columns[k])) {
        empty.add(table.line(row), matrix.words[k]);
        continue;
      }
      out.rows.push_back(row);
      out.which.push_back(k);
    }
  if (empty.count > 0 && !out.rows.empty()) reading.skipped.push_back(std::move(empty));
  return out;
}

bool melt(Reading& reading, const Matrix& matrix) {
  const Table& table = reading.table;
  const MatrixCells cells = cells_with_values(table, matrix, reading);
  if (cells.rows.empty()) return false;
  Table out = table.without_columns(cells.rows);
  std::vector<std::size_t> columns(cells.rows.size());
  std::vector<std::string> names;
  for (const std::size_t c : matrix.kept) {
    std::fill(columns.begin(), columns.end(), c);
    const std::string& name = c == matrix.label && !matrix.label_name.empty() ? matrix.label_name : table.header[c];
    names.push_back(free_name(names, name));
    out.add_cells(names.back(), table, cells.rows, columns);
  }
  names.push_back(free_name(names, matrix.heading_name));
  out.add_words(names.back(), matrix.words, cells.which);
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = matrix.columns[cells.which[i]];
  names.push_back(free_name(names, matrix.value_name));
  out.add_cells(names.back(), table, cells.rows, columns);
  note_matrix(reading, matrix, names);
  reading.table = std::move(out);
  reading.shape += ", wide matrix";
  return true;
}

}  // namespace

bool melt_wide_matrix(Reading& reading) {
  const Table& table = reading.table;
  auto matrix = matrix_of(table);
  if (!matrix) matrix = models_across(table);
  if (!matrix) return false;
  for (const std::size_t c : matrix->columns)
    if (!holds_only_numbers(table, c)) return false;
  const std::size_t rows = table.n_rows() * matrix->columns.size();
  if (is_out_of_proportion(table, rows, matrix->kept.size() + 2)) return false;
  return melt(reading, *matrix);
}

}  // namespace phaselaw::documents
