// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/laws/envelope.h"

// Reads tables of measurements: CSV (RFC 4180: quoted fields, "" for a quote, line breaks inside quotes) or TSV, UTF-8,
// one header row. The separator is the tab if the header row holds one outside quotes, else the comma, else the
// semicolon. Empty lines are skipped; every other row must have as many fields as the header. A text that begins with
// '{' is read as one JSON object a line (json_lines.h).
//
// Errors: InputError at file:line:column (column counts characters' bytes from 1) with what was expected and found.
namespace phaselaw::laws {

// A field's text as a number.
enum class NumberKind {
  finite,
  missing,       // nothing, NA, N/A, null, none, -
  not_finite,    // NaN, inf
  out_of_range,  // beyond double precision, 1e999 or 1e-999
  not_a_number,
};
struct FieldNumber {
  NumberKind kind = NumberKind::missing;
  double value = 0;  // finite only
};
[[nodiscard]] FieldNumber parse_number(std::string_view text);

struct Table {
  std::string source;
  std::vector<std::string> header;
  struct Field {
    std::string text;
    long line = 0, column = 0;
  };
  std::vector<std::vector<Field>> rows;

  // Index of a column; InputError with the nearest name when absent.
  [[nodiscard]] std::size_t column(std::string_view name) const;
  // A field as a finite number; InputError at its place otherwise.
  [[nodiscard]] double number(std::size_t row, std::size_t column) const;
};

[[nodiscard]] Table parse_table(std::string_view text, const std::string& source);
[[nodiscard]] Table read_table(const std::string& path);

// Curves from a table. Recognised without case, spaces, '-' and '_': compute = compute, compute_flop, flops, flop, C;
// loss = loss, test_loss, val_loss, final_loss, excess_risk; run = run, name, exp, run_id (optional: without it every
// row is of the run ""). Two columns for one meaning: the first in this list is taken. `columns` maps "compute",
// "loss", "run" to the table's own names. Compute and loss must be positive and finite; but rows with compute 0 are
// left out, for a run's curve may begin there.
struct CurveTable {
  Curves curves;
  std::string compute_column, loss_column, run_column;
  std::size_t left_out = 0;  // rows with compute 0
};
[[nodiscard]] CurveTable curves_from(const Table& table, const std::map<std::string, std::string>& columns = {});
[[nodiscard]] CurveTable read_curves(const std::string& path, const std::map<std::string, std::string>& columns = {});

}  // namespace phaselaw::laws
