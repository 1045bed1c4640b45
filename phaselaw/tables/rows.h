// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/table.h"

// The one form that every table takes: rows of numbers under canonical names, each with its run, the stream that it was
// recorded in, and the line that it comes from, so that what is wrong with a number is said with its place.
//
// Reads what table.h reads, and charts exported by W&B (table_formats.h). A column is recognised by the names of
// known_columns(), or by the last part of a name with '/' or '.': "train/loss", "config.n_params". Where several could
// be meant the likeliest is taken and a note names the others. The output is recognised in the same way; else it is the
// only column with loss, logppl, nll or entropy in its name. Other columns keep their own names.
//
// Rows for a fit have one output and complete columns:
//   left out   rows without an output, copies of an earlier row; a warning has their lines
//   error      an output that is no number, not finite, zero or negative; a column that a law needs and that has such a
//              field, in units that cannot be meant (1.4 parameters), or in mixed units
//   warning    where rows of several precisions (float32, bfloat16) are fitted together
//   counts     of parameters and tokens may be written 70M, 1.4B, 300e9
//   units      a heading may say: params (M), tokens [B], compute (PF-days); the column is then multiplied, a note says
//              so
// Rows for curves (every_stream) hold what was recorded: one row for each value of each output, of lr and of grad_norm,
// stream after stream. An empty cell (NA, null) was not recorded and gives no row; nan and inf were, and stay. A column
// is NaN where its cell is empty.
//
// Errors: InputError at file:line:column. Cost: linear in the cells, times the number of streams for curves.
namespace phaselaw::tables {

struct ReadOptions {
  std::map<std::string, std::string> col{};  // n_params, loss, run, ... to the table's own name; run: "a+b" joins two
  std::string loss{};                        // short for col's "loss"
  std::map<std::string, double> scale{};     // factors by which a column is multiplied; 1: its units are right
  std::vector<std::string> where{};          // row_filter.h
  bool last = false;                         // the last row of each run only: by step, tokens or compute

  // Set by who reads, not by the user.
  std::string output = "loss";  // what the law predicts
  bool every_stream = false;    // rows for curves

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::positive;
    visit("col", self.col, anything(), "name=COLUMN for a column that is not recognised: n_params, tokens, run, ...");
    visit("loss", self.loss, anything(), "column of the loss");
    visit("scale", self.scale, positive(), "name=FACTOR to multiply a column by, such as n_params=1e9");
    visit("where", self.where, anything(), "rows to use: column=value, column!=value or column>=number");
    visit("last", self.last, anything(), "use only the last row of each run");
  }
};

struct Stream {
  std::string name;     // canonical: "loss", "lr", "grad_norm"
  std::string heading;  // as the table calls it: "val_loss"
  Role role = Role::unspecified;
};

struct Rows {
  Table table;                                   // the rows kept, as they were written
  Measurements data;                             // columns and output
  std::vector<std::string> run;                  // of each row; all "" without a run column
  std::vector<std::string> run_names;            // distinct, by first row of the table; a run may have recorded nothing
  std::vector<std::size_t> stream;               // of each row: an index of `streams`
  std::vector<Stream> streams;                   // one for a fit; for curves losses first, by role
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
  [[nodiscard]] Rows rows(std::span<const std::size_t> chosen) const;  // of rows for a fit
  [[nodiscard]] std::size_t n_rows() const { return line.size(); }
  [[nodiscard]] std::size_t n_runs() const;  // distinct names in `run`
  // Runs have several rows each, so that rows of one run share what the run is off by.
  [[nodiscard]] bool has_several_rows_a_run() const { return n_runs() > 1 && n_runs() < n_rows(); }
  // Rows of each number format in which the runs were trained: of a column precision or dtype, also as the last part of
  // a name (config.precision). Empty where there is none; fields without a text do not count.
  [[nodiscard]] std::map<std::string, std::size_t> precisions() const;
};

[[nodiscard]] Rows rows_from(Table table, const ReadOptions& options = {});
[[nodiscard]] Rows read_rows(const std::string& path, const ReadOptions& options = {});

}  // namespace phaselaw::tables
