// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/value.h"
#include "phaselaw/report/page.h"
#include "phaselaw/tables/rows.h"

// The loss curves of one or several documents, diagnosed together: the work of `phaselaw diagnose` and
// `phaselaw.diagnose`.
namespace phaselaw::advice {

struct DiagnoseRequest {
  DiagnoseOptions options;
  tables::ReadOptions read;
  std::vector<std::string> run;
  DiagnoseRequest() { options.threads = 0; }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    // A curve has all rows of its run.
    tables::ReadOptions::fields(self.read, [&](std::string_view name, auto&&... field) {
      if (name != "last") visit(name, field...);
    });
    visit("run", self.run, base::anything(), "diagnose only the run of this name; may be repeated");
    DiagnoseOptions::fields(self.options, visit);
  }
};

struct DiagnoseAnswer {
  std::vector<Diagnosis> diagnoses;
  base::Value json;  // of the diagnoses, and row_notes: what was noted while the rows were read
};

[[nodiscard]] DiagnoseAnswer diagnose(const DiagnoseRequest& request, std::vector<documents::Reading> readings);

// The page of `phaselaw diagnose`: the table of curves; then, for each of the first kDetailedCurves curves, its loss
// with the fitted forms and the shaded bend, the residuals, the profile of the bend, and the table of forms. Total
// losses and excess risks are drawn in separate figures, and so are different clocks.
inline constexpr std::size_t kDetailedCurves = 12;

[[nodiscard]] report::Page diagnose_page(const std::vector<Diagnosis>& diagnoses);

// The diagnoses as text: a table, then the findings for each curve.
[[nodiscard]] std::string diagnose_text(const std::vector<Diagnosis>& diagnoses);
// The rows of that table; the first row names the columns.
[[nodiscard]] std::vector<std::vector<std::string>> diagnose_rows(const std::vector<Diagnosis>& diagnoses);

// What the columns of that table mean.
extern const char* const kLegend;

// "2.1e3 [1.7e3, 2.6e3]", with " ?" where it is not identified; a dash where there is no value.
[[nodiscard]] std::string shown(const Quantity& quantity, base::Notation notation = base::Notation::plain);

}  // namespace phaselaw::advice
