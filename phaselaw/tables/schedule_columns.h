// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/schedule.h"
#include "phaselaw/tables/table.h"

// The columns lr_sum and lr_drop (S1 and S2 of schedule.h) of every row, from the learning rates of its run up to the
// row's step. With them a law describes checkpoints and finished runs together: a checkpoint of a decaying schedule has
// had less annealing than a run that ended there.
//
//   recorded   from the columns run, step and lr, all rows of the run together, also those that a filter or --last
//              leaves out. lr is interpolated linearly between records, and is the first record before it. S1 has the
//              unit of lr times steps
//   stated     from run, step and the schedule of the user, who also gives the peak (a number or a column; 1 if not
//              given, and S1 and S2 are then in steps at the peak) and the length of each run (a column; otherwise its
//              last step in the table). Without steps, step = tokens/batch
// A table that has lr_sum or lr_drop is left as it is.
// Errors: InputError for a stated schedule that cannot be used. Cost: linear in the rows, and in the steps if stated.
namespace phaselaw::tables {

struct RunSchedules {
  StatedSchedule stated;
  std::string peak_lr, run_steps;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    StatedSchedule::fields(self.stated, visit);
    visit("peak_lr", self.peak_lr, base::anything(),
          "largest learning rate of a stated schedule: a number or a column (default: 1)");
    visit("run_steps", self.run_steps, base::anything(),
          "column with the steps for which the run was planned (default: its last step in the table)");
  }
  void validate() const;  // InputError
};

// Adds the two columns to `table` and to `found`. `run`: of each row. `factors`: by which columns are multiplied.
// Returns why there are none, or "". Notes say what was assumed.
[[nodiscard]] std::string add_schedule_columns(Table& table, Recognised& found, const std::vector<std::string>& run,
                                               const std::map<std::size_t, double>& factors,
                                               const RunSchedules& schedules, std::vector<std::string>& notes);

}  // namespace phaselaw::tables
