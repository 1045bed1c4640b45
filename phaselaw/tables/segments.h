// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

// Restarts: the segments of a run, in the order of the file, between which its counter (step, tokens, compute) falls.
//
//   resumed      the counter falls to a value above the first one of the run: the run continued from a checkpoint, and
//                the rows of the abandoned part (counter >= the new value, earlier in the file) are superseded
//   repeated     the same value twice in a row: the later row supersedes the earlier one
//   begun again  the counter falls to its first value or below: another run under the same name
//   unsorted     no value is repeated, and the counter falls too often for restarts: the rows are only out of order
//   crossed      values are repeated, and the counter falls too often for restarts: the rows are those of several runs
// A counter falls too often if it does so more than three times and at more than a tenth of the rows, or if the
// segments have fewer than two rows on average. If values are repeated, segments of three rows on average suffice.
// A counter that stays equal counts as a fall. Rows without a counter (NaN) belong to the segment before them.
// Cost: linear in the rows, and a sort of the groups with a counter that falls.
namespace phaselaw::tables {

struct Restart {
  std::size_t row = 0;      // first row of the new segment
  bool again = false;       // begun again; otherwise resumed, or repeated if from == to == its counter
  double from = 0, to = 0;  // counters of the superseded rows
  std::size_t n_superseded = 0;
};

struct Segments {
  std::vector<std::uint32_t> part;    // of each row: number of its run within the group, from 0
  std::vector<bool> superseded;       // of each row
  std::vector<Restart> restarts;      // group after group
  std::vector<std::size_t> unsorted;  // the first row of each group that is only out of order
  struct Crossed {
    std::size_t earlier = 0, later = 0;  // rows with the same counter
  };
  std::optional<Crossed> crossed;  // the first group of crossed runs; its rows are left as they are
  std::size_t n_again = 0;         // restarts that begin again
  std::size_t n_falls = 0;         // over all groups that are not unsorted
};

// `group`: of each row, below n_groups: its run, or its run and stream.
[[nodiscard]] Segments segments_of(std::span<const double> counter, std::span<const std::uint32_t> group,
                                   std::size_t n_groups);

}  // namespace phaselaw::tables
