// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phaselaw/laws/law_fit.h"
#include "phaselaw/laws/table.h"

// A table of runs, or of their curves, as laws want it: columns under their canonical names, one output, and the line
// of every row, so that what is wrong with a number is said with its place.
//
// Reads what table.h reads, and charts exported by W&B (wide_table.h). A column is recognised by the names of
// known_columns(), or by the last part of a name with '/' or '.': "train/loss", "config.n_params". Where several could
// be meant the likeliest is taken and a note names the others. The output is recognised in the same way; else it is the
// only column with loss, logppl, nll or entropy in its name. Other columns keep their own names.
//
//   left out   rows without an output, copies of an earlier row; a warning has their lines
//   error      an output that is no number, not finite, zero or negative; a column that a law needs and that has such a
//              field, in units that cannot be meant (1.4 parameters), or in mixed units
//   warning    where rows of several precisions (float32, bfloat16) are fitted together
//   counts     of parameters and tokens may be written 70M, 1.4B, 300e9
//   units      a heading may say: params (M), tokens [B], compute (PF-days); the column is then multiplied, a note says
//   so
// InputError at file:line:column.
namespace phaselaw::laws {

struct ReadOptions {
  std::map<std::string, std::string>
      columns{};                          // n_params, loss, run, ... to the table's own name; run: "a+b" joins two
  std::map<std::string, double> scale{};  // factors by which a column is multiplied; 1: its units are right
  std::vector<std::string> where{};       // row_filter.h
  bool last = false;                      // the last row of each run only: by step, tokens or compute
  std::string output = "loss";            // what the law predicts
};

struct MeasuredTable {
  Table table;  // the rows kept, as they were written
  Measurements data;
  std::vector<std::string> run;                  // of each row; all "" without a run column
  std::vector<long> line;                        // of each row, in the file
  std::string output_column, run_column;         // as the table calls them
  std::map<std::string, std::string> column_of;  // canonical name to the table's own
  std::map<std::string, std::string> unusable;   // columns that are not in `data`, and why: a message with its place
  std::vector<std::string> notes, warnings;      // what was taken for what; what looks wrong

  // Does nothing where `data.columns.get` will find all these columns; InputError with the place of what is wrong.
  void require(const std::vector<std::string>& names) const;
  // Columns for weights, errors and clusters, by canonical or own name. numbers: InputError for what is not >= 0.
  [[nodiscard]] std::vector<double> numbers(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> texts(const std::string& name) const;
  [[nodiscard]] MeasuredTable rows(std::span<const std::size_t> chosen) const;
  [[nodiscard]] std::size_t n_rows() const { return line.size(); }
  [[nodiscard]] std::size_t n_runs() const;  // distinct names in `run`
  // Rows of each number format in which the runs were trained: of a column precision or dtype, also as the last part of
  // a name (config.precision). Empty where there is none; fields without a text do not count.
  [[nodiscard]] std::map<std::string, std::size_t> precisions() const;
};

[[nodiscard]] MeasuredTable measured_from(Table table, const ReadOptions& options = {});
[[nodiscard]] MeasuredTable read_measured(const std::string& path, const ReadOptions& options = {});

}  // namespace phaselaw::laws
