// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/laws/law.h"
#include "phaselaw/tables/rows.h"

// Rows that belong together: those of one run, of one size, of one configuration, of one method.
namespace phaselaw::fitting {

using RowGroups = std::vector<std::vector<std::size_t>>;

// Rows with the same values in all columns, up to 1e-6 relative.
[[nodiscard]] RowGroups groups_by_value(const std::vector<std::vector<double>>& columns);

// The share of its run at which a row was taken: progress over the largest progress of the run, with tokens as progress,
// or step or compute. Without a column of runs, rows of equal n_params take the place of a run.
//
// Several rows with rising progress in one run may be checkpoints under one schedule. While the learning rate decays, the
// loss of such a row is above that of a run that ends there, so a law of finished runs needs the last row of each run
// only. Under a constant learning rate every row is the end of a run of its length.
struct RunShares {
  bool by_run = false;        // otherwise by n_params
  std::string progress;       // the column; empty if no two groups have several rows with different progress
  RowGroups groups;           // all rows, as runs or as sizes; empty if there is neither
  std::vector<double> share;  // of each row, in (0, 1]; empty if `progress` is
  std::size_t n_several = 0;  // groups with several rows of different progress
  std::size_t rows = 0;       // their rows
  [[nodiscard]] bool has_checkpoints() const { return by_run && !progress.empty(); }
};
// `run`: of each row; empty texts or no texts mean that runs are not known.
[[nodiscard]] RunShares run_shares(const tables::Measurements& data, std::span<const std::string> run);

// Runs with the same values of the law's columns: how far equal runs scatter, and whether the law misses more than that.
//
//   seed_sd = sqrt( sum_g sum_{i in g} (y_i - mean_g)^2 / dof ),  y = ln output,  dof = rows - configurations
//   F = ((S - dof seed_sd^2)/(n - p - dof)) / seed_sd^2,  S the sum of squares of the least-squares fit
//
// Source: [T] pure error and lack of fit, Draper and Smith 1998, section 2.1. F assumes even, independent noise.
struct Replicates {
  std::size_t configurations = 0, rows = 0;  // with several rows, and their rows
  double dof = 0;                            // 0: no replicates
  double seed_sd = 0;                        // of ln output; NaN without replicates
};
// `label`: of each row; rows with different labels (methods, data sets) are no replicates of each other. Empty: one label.
[[nodiscard]] Replicates replicates(const laws::Law& law, const tables::Measurements& data,
                                    std::span<const std::string> label);

// A column of texts with few values at which the same inputs of the law occur again: methods, data sets or settings that
// one fit would pool. The column of runs and columns of seeds do not count.
struct PooledGroups {
  std::string column;               // in the table
  std::vector<std::string> values;  // 2 to kMostPooledValues
  std::size_t repeated = 0;         // inputs that occur with several of these values
  // "method has 3 values (linear, forest, net), and 6 inputs of the law occur with several of them: ..."
  [[nodiscard]] std::string sentence() const;
};
inline constexpr std::size_t kMostPooledValues = 12;
[[nodiscard]] std::vector<PooledGroups> pooled_groups(const laws::Law& law, const tables::Rows& rows);
// The label of each row by the values of all these columns; empty if there are none.
[[nodiscard]] std::vector<std::string> pooled_labels(const tables::Rows& rows, const std::vector<PooledGroups>& pooled);

}  // namespace phaselaw::fitting
