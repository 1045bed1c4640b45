// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/documents/reading.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/runs.h"

// How a document is read: the work of `phaselaw table` and of `phaselaw.read_table`. It shows what the other verbs would
// make of the document, with the same notes and refusals, and fits nothing.
namespace phaselaw::advice {

struct TableRequest {
  tables::ReadOptions read;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    tables::ReadOptions::fields(self.read, visit);
  }
};

// One column of the document and what it is taken for.
struct ShownColumn {
  std::string heading;
  std::string name;     // canonical name; empty for a column of the user's own
  std::string unit;     // of the canonical name
  std::string kind;     // "numbers", "text", "numbers and text" or "empty"
  std::string fault;    // why its numbers cannot be used, with the place
  std::string example;  // the first cell that is not empty
  std::size_t cells = 0;
  double lo = 0, hi = 0;  // of its finite numbers, as written
};

struct TableAnswer {
  documents::Reading reading;
  std::vector<ShownColumn> columns;
  std::optional<tables::Rows> rows;   // as fit reads them
  std::vector<tables::Curve> curves;  // as diagnose reads them
  std::string no_rows, no_curves;     // why not: the error of fit and of diagnose
  std::vector<std::string> notes;     // of the document, the rows and the curves, each once
  std::vector<std::string> warnings;
  base::Value json;
};

// Never throws for a document that was read but has no usable rows: `no_rows` and `no_curves` then say why.
[[nodiscard]] TableAnswer table(const TableRequest& request, documents::Reading reading);

[[nodiscard]] std::string table_text(const TableAnswer& answer);

}  // namespace phaselaw::advice
