// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/laws/curve_data.h"
#include "phaselaw/laws/table.h"

// Loss curves from a table (CSV, TSV, JSON lines: table.h; .gz is read as it is): one row a record, all runs in one
// file by a run column.
//
// Recognised without case, spaces, '-', '_' and '.' (columns.h has more names); `columns` maps the meaning to the
// table's own name:
//   loss       excess_risk, val_loss, validation_loss, test_loss, eval_loss, loss, train_loss: of each run the first
//              that it records at 5 rows or more; a denser training loss beside it is looked at for instabilities
//   run        run, run_id, run_name, hyper_id, model, exp, name; run=A+B joins two columns. None: the file is one run
//   step, tokens, compute, lr, grad_norm, n_params, n_data (or unique_tokens); flops_per_step times step is compute
// An empty cell (or NA, null, None) was not recorded; nan and inf were: the run left the finite numbers there. Where
// more than half of a run's losses are NaN and finite ones follow, NaN too means not recorded.
// Errors: InputError at file:line:column for a cell that is no number, a missing loss or clock, an unknown column.
namespace phaselaw::laws {

[[nodiscard]] std::vector<CurveData> curve_data_from(const Table& table,
                                                     const std::map<std::string, std::string>& columns = {});
[[nodiscard]] std::vector<CurveData> read_curve_data(const std::string& path,
                                                     const std::map<std::string, std::string>& columns = {});

// The meanings that `columns` may map.
[[nodiscard]] const std::vector<std::string>& curve_meanings();

}  // namespace phaselaw::laws
