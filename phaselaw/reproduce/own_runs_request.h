// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/schedule.h"

// The user's own training logs for E8 (own_runs.h), and how to read them.
namespace phaselaw::reproduce {

struct OwnRunsRequest {
  std::vector<std::string> curves;  // files; empty: E8 is not carried out
  std::vector<std::string> run;
  tables::ReadOptions read;
  tables::StatedSchedule schedule;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("curves", self.curves, base::anything(),
          "file with loss curves of your own runs for E8, in any format that diagnose reads; may be repeated");
    visit("run", self.run, base::anything(), "with --curves: judge only the run of this name; may be repeated");
    tables::ReadOptions::fields(self.read, [&](std::string_view name, auto&&... field) {
      if (name != "last") visit(name, field...);  // a curve has all rows of its run
    });
    tables::StatedSchedule::fields(self.schedule, visit);
  }
  // InputError for a bad schedule, and for options of curves without curves.
  void validate() const;
};

}  // namespace phaselaw::reproduce
