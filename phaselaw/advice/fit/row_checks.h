// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/text.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/tables/rows.h"

// What rows must be before a law is fitted to them, and why a fit to them has no optimum. Each problem is one InputError
// at its place, with what was expected, what was found and what to do.
namespace phaselaw::advice {

// Leaves out rows with zero compute or tokens (and with `lr_sum_too` zero summed rates) at the start of a run, which were measured before the first step; a note
// names their lines. Rows belong to one run if they share its name, or in tables without names the number of parameters.
// InputError for any other such row: the tokens of a finished run are not 0.
void leave_out_starts(tables::Rows& rows, bool lr_sum_too = false);

// Columns with one value in all rows, among those that the law reads.
[[nodiscard]] std::vector<std::string> constant_columns(const laws::Law& law, const tables::Columns& columns);

// InputError if all values of the output are equal.
void require_varied_output(const tables::Rows& rows, const std::string& output);
// InputError if the law reads only columns that do not vary, or if there are too few rows for its free parameters.
// `in_table`: the number of rows of the file, for the message.
void require_enough_rows(const laws::Law& law, const fitting::FitOptions& options, const tables::Rows& rows,
                         std::size_t in_table);

// The columns of --weights and --sd. Rows without weight are counted in a note; an sd must be positive.
[[nodiscard]] std::vector<double> weights_of(const std::string& column, tables::Rows& rows);
[[nodiscard]] std::vector<double> errors_of(const std::string& column, const tables::Rows& rows);

// A user's law with a name that is both a usual parameter and a column of the table: InputError with both readings, and
// what to write for each. `told`: columns that --col names.
void require_clear_names(const laws::Law& law, const std::vector<std::string>& header,
                         const std::vector<std::string>& told);

// Columns of the law that vary by less than kSmallVariation: a power of such a column looks like a constant.
inline constexpr double kSmallVariation = 1.5;
[[nodiscard]] std::vector<Limit> variation_limits(const laws::Law& law, const tables::Columns& columns);

// For a fit without an optimum: InputError that names the rows at which the law has no value, if there are any.
void require_domain(const laws::Law& law, const fitting::FitOptions& options, const tables::Rows& rows);
// The same, and otherwise RunError with the reason.
[[noreturn]] void throw_no_optimum(const fitting::Fit& fit, const fitting::FitOptions& options,
                                   const tables::Rows& rows);

}  // namespace phaselaw::advice
