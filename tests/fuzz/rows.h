// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>

#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/runs.h"
#include "tests/fuzz/reader.h"

// What must hold for the rows of any table: they are refused with an InputError of one line, or they are whole.
namespace phaselaw::fuzz {

inline void check_refusal(const base::InputError& refused) {
  const std::string_view message = refused.what();
  require(!message.empty() && message.find('\n') == message.npos && message.size() < 8192);
}

// Rows for a fit have a positive output, and columns as long as it.
inline void check_rows(const tables::Rows& rows) {
  const std::size_t n = rows.n_rows();
  require(n > 0 && rows.data.output.size() == n && rows.run.size() == n && rows.stream.size() == n);
  require(rows.table.n_rows() == n && rows.n_runs() <= n);
  for (const auto& column : rows.data.columns.values) require(column.size() == n);
  for (const double output : rows.data.output) require(output > 0 && std::isfinite(output));
  try {
    rows.require({"n_params", "tokens"});
    require(rows.data.columns.get("compute").size() == n);
  } catch (const base::InputError& refused) {
    check_refusal(refused);
  }
}

// A curve has a name, and axes that are empty or as long as its losses.
inline void check_curves(const tables::Rows& rows) {
  const std::size_t n = rows.n_rows();
  require(rows.data.output.size() == n && rows.run.size() == n && rows.stream.size() == n);
  for (const std::size_t stream : rows.stream) require(stream < rows.streams.size());
  for (const auto& column : rows.data.columns.values) require(column.size() == n);
  for (const tables::Curve& curve : tables::curves_from(rows)) {
    for (const auto* axis : {&curve.step, &curve.tokens, &curve.compute})
      require(axis->empty() || axis->size() == curve.loss.size());
    require(curve.dense_step.size() == curve.dense_loss.size() && curve.grad_step.size() == curve.grad_norm.size());
    require(curve.partner.step.size() == curve.partner.loss.size() && curve.rates.step.size() == curve.rates.lr.size());
  }
}

// The table of a document as rows for a fit, and as rows for curves.
inline void try_rows(const documents::Reading& reading) {
  for (const bool curves : {false, true}) try {
      const tables::Rows rows = tables::rows_from(reading, {.every_stream = curves});
      curves ? check_curves(rows) : check_rows(rows);
    } catch (const base::InputError& refused) {
      check_refusal(refused);
    }
}

}  // namespace phaselaw::fuzz
