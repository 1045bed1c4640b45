// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/run_search.h"
#include "phaselaw/tables/stream_words.h"

// The streams in which values were recorded: train, val, lr.
//
//   by column   one column for each stream: train_loss, val_loss, lr
//   long form   a column of text in which all cells are words of streams (stream_words.h), beside one column of values:
//               step,stream,loss or step,metric,value. Two such columns (split and metric) are joined: train/loss
//
// For a fit, the rows of the held-out loss are kept, otherwise those of the loss, otherwise those of the training loss.
// For curves there is one row for each recorded value of each loss, of lr and of grad_norm, stream after stream.
// Values of other streams (a score, a time) are left out, and a note counts them. Cost: linear in the cells.
namespace phaselaw::tables {

using Factors = std::map<std::size_t, double>;  // by column
[[nodiscard]] const double* factor_of(const Factors& factors, std::size_t column);

// The columns that name the streams of a table in long form; empty if it is none. `columns`: the user's mapping, to
// which the column of values is added as the loss if only its name (value) tells it.
[[nodiscard]] std::vector<std::size_t> stream_columns(const Table& table, std::map<std::string, std::string>& columns);

// The stream of each row of a table in long form.
struct StreamIds {
  std::vector<std::uint32_t> id;
  std::vector<std::string> names;  // in the order of their first row
  std::vector<StreamWord> words;
};
[[nodiscard]] StreamIds stream_ids(const Table& table, const std::vector<std::size_t>& columns);

// Keeps the rows of one loss of a table in long form. If all streams are losses, only those that were measured at the
// same places (rows that agree in their texts and inputs) are streams of a run; otherwise the words name different runs,
// and all rows are kept. InputError if no stream is a loss.
void keep_stream(Table& table, const Recognised& found, const std::vector<std::size_t>& columns,
                 std::vector<std::string>& notes);

// The rows in which each loss was recorded.
[[nodiscard]] std::vector<StreamRows> loss_rows(const Table& table, const Recognised& found,
                                                const std::vector<std::size_t>& columns);

// Fills the data, streams and lines of `out` from its table. Returns the row of the table of each row. `check_only`: all
// values are checked, but only losses and the counter are kept.
[[nodiscard]] std::vector<std::size_t> add_streams(const Recognised& found, const std::vector<std::size_t>& columns,
                                                   const Factors& factors, bool check_only, Rows& out);

}  // namespace phaselaw::tables
