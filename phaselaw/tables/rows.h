// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/documents/reading.h"
#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/row_names.h"
#include "phaselaw/tables/schedule_columns.h"
#include "phaselaw/tables/table.h"

// The common form of all tables: rows of numbers under canonical names. Each row has its run, the stream in which it
// was recorded, and its line, so that messages can name the place.
//
// Reads the tables of documents (documents/document.h). A column is recognised by the names of
// known_columns(), or by the last part of a name with '/' or '.': "train/loss", "config.n_params". What the user names
// (--col, --loss, a heading in a law) is exactly that column, or an expression of columns (computed_columns.h).
//   several columns   the closest name is used, and a note names the others. As close ones with other numbers are
//                     refused if a law needs them (Rows::unusable)
//   output            of losses the most held-out one; two of the same role with other numbers are refused. Without a
//                     usual name it is the only column of numbers with loss, logppl, nll or entropy in its name
// Other columns keep their own names.
//
// Rows for a fit have one output and complete columns:
//   skipped    rows without an output, and copies of an earlier row; a warning lists their lines
//   error      an output that is no number or not finite, or is zero or negative unless any sign is allowed; a column
//              needed by a law that has such a field, an implausible unit (1.4 parameters), or mixed units
//   warning    rows of several precisions (float32, bfloat16) are fitted together
//   counts     of parameters and tokens may be written 70M, 1.4B, 300e9
//   units      may be given in the heading: params (M), tokens_B, compute (PF-days); the column is then multiplied,
//              and a note says so. Implausible sizes are refused with the factor that would make sense (magnitudes.h)
// lr_sum and lr_drop follow from run, step and lr, or from a stated schedule (schedule_columns.h).
// Runs, streams and restarts are those of run_columns.h, streams.h and restarts.h, for fits and curves alike.
// Rows for curves (every_stream) hold what was recorded: one row for each value of each output, of lr and of grad_norm,
// stream after stream. An empty cell (NA, null) was not recorded and gives no row; nan and inf were recorded and are
// kept. A column is NaN if its cell is empty.
//
// Errors: InputError at file:line:column. Cost: linear in the number of cells, times the number of streams for curves.
namespace phaselaw::tables {

struct ReadOptions {
  std::map<std::string, std::string>
      col{};                              // maps n_params, loss, run, ... to the table's own name; run: "a+b" joins two
  std::string loss{};                     // short form of col's "loss"
  std::map<std::string, double> scale{};  // factors by which columns are multiplied; 1: no unit conversion
  std::vector<std::string> where{};       // conditions of row_filter.h
  std::string by{};                       // columns of groups, "a+b": each group is a study of its own
  bool last = false;                      // only the last row of each run, by step, tokens or compute
  std::string table{}, names{}, decimal{};  // how the document is read (documents/reading.h)
  std::string memory_limit = "8G";          // of the whole command (base/memory.h)

  // Set by the caller, not by the user.
  std::string output = "loss";           // the output that the law predicts
  std::vector<std::string> inputs = {};  // names that the law reads and --col may define, besides the usual ones
  bool every_stream = false;             // rows for curves
  bool any_sign = false;                 // the output may be zero or negative
  bool check_only = false;               // everything is checked, but `data` keeps only what the checks and curves need
  RunSchedules schedules{};              // for lr_sum and lr_drop, if the table has no lr
  std::string if_not_positive{};         // what to do about an output that is not positive: the end of its message

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::positive;
    visit("col", self.col, anything(),
          "name=COLUMN for a column that is not recognised, such as n_params, tokens or run, or name=EXPRESSION of "
          "columns: loss=1-acc");
    visit("loss", self.loss, anything(), "column of the loss, or an expression of columns");
    visit("scale", self.scale, positive(), "name=FACTOR by which a column is multiplied, such as n_params=1e9");
    visit(
        "where", self.where, anything(),
        "condition for the rows to use: column=value, column>=number, column in (a, b) or column ~ 'pattern*', joined "
        "with and, or, not");
    visit("by", self.by, anything(),
          "column of groups (datasets, methods); each group is a study of its own (a+b joins two columns)");
    visit("last", self.last, anything(), "use only the last row of each run");
    visit("table", self.table, anything(),
          "number of the table, from 1, or its key, in a document that holds several tables");
    visit("names", self.names, anything(), "headings of a table without headings, in order, such as step,loss");
    visit("decimal", self.decimal, anything(), "decimal sign of the numbers: . or , (default: decided from the cells)");
    visit("memory_limit", self.memory_limit, anything(),
          "largest memory of this command, such as 500M or 8G; an input that needs more is refused");
  }
  // The options of the reader of documents. InputError for a size or a decimal sign that is none.
  [[nodiscard]] documents::DocumentOptions document_options() const;
};

struct Stream {
  std::string name;     // canonical: "loss", "lr", "grad_norm"
  std::string heading;  // name in the table: "val_loss"
  Role role = Role::unspecified;
  std::string word{};  // of a table in long form (streams.h): "val"; each such stream is a curve of its own
};

struct Rows {
  Table table;                            // the rows kept, as written in the file
  Measurements data;                      // columns and output
  RowNames run;                           // of each row; all empty if runs are not known; the file's name for curves
  std::vector<std::string> run_names;     // distinct, in the order of their first row; a run may have no recorded value
  std::vector<std::size_t> stream;        // of each row: index into `streams`
  std::vector<Stream> streams;            // one for a fit; for curves losses first, by role
  std::vector<long> line;                 // line of each row in the file
  std::string output_column, run_column;  // names in the table
  std::map<std::string, std::string> column_of;  // canonical name to the table's own
  std::map<std::string, std::string> unusable;   // columns that are not in `data`, and why: a message with its place
  std::vector<std::string> computed;             // headings of columns that the user computed (computed_columns.h)
  std::vector<std::string> notes, warnings;      // how columns were interpreted; what looks wrong

  // Checks that `data.columns.get` finds all these columns; otherwise InputError with the place of the problem and, for
  // a missing column, the most similar one of the table.
  void require(const std::vector<std::string>& names) const;
  // Columns for weights, errors and clusters, by canonical or own name. numbers: InputError for values that are not >=
  // 0.
  [[nodiscard]] std::vector<double> numbers(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> texts(const std::string& name) const;
  // The table's own name of a column, by canonical or own name; the same name if the table does not have it.
  [[nodiscard]] std::string own_name(const std::string& name) const;
  // The place of a value; without a position in the line if the column is computed from others.
  [[nodiscard]] base::Location place(const std::string& name, std::size_t row) const;
  [[nodiscard]] Rows rows(std::span<const std::size_t> chosen) const;  // number of rows for a fit
  [[nodiscard]] std::size_t n_rows() const { return line.size(); }
  [[nodiscard]] std::size_t n_runs() const;  // distinct names in `run`; cost: linear in the rows
  // Whether runs have several rows each, which share the error of their run.
  [[nodiscard]] bool has_several_rows_a_run() const { return n_runs() > 1 && n_runs() < n_rows(); }
  // Number of rows for each number format in which the runs were trained, from a column precision or dtype, also as the
  // last part of a name (config.precision). Empty without such a column; empty fields do not count.
  [[nodiscard]] std::map<std::string, std::size_t> precisions() const;
};

[[nodiscard]] Rows rows_from(Table table, const ReadOptions& options = {});
// The same with the notes of the reader, and what it skipped, before those of the rows.
[[nodiscard]] Rows rows_from(documents::Reading reading, const ReadOptions& options = {});
[[nodiscard]] Rows read_rows(const std::string& path, const ReadOptions& options = {});

}  // namespace phaselaw::tables
