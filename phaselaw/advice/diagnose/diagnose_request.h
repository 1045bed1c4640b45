// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/base/value.h"
#include "phaselaw/tables/rows.h"

// Loss curves of one or several tables, diagnosed together: what `phaselaw diagnose` and `phaselaw.diagnose` do.
namespace phaselaw::advice {

struct DiagnoseRequest {
  DiagnoseOptions options;
  tables::ReadOptions read;
  std::vector<std::string> run;
  DiagnoseRequest() { options.threads = 0; }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    tables::ReadOptions::fields(self.read, visit);
    visit("run", self.run, base::anything(), "only the run of this name; may be repeated");
    DiagnoseOptions::fields(self.options, visit);
  }
};

struct DiagnoseAnswer {
  std::vector<Diagnosis> diagnoses;
  base::Value json;
};

[[nodiscard]] DiagnoseAnswer diagnose(const DiagnoseRequest& request, std::vector<tables::Table> tables);

}  // namespace phaselaw::advice
