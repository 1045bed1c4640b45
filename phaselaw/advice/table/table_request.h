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
  bool keep_rows = false;  // set by the caller: TableAnswer::rows is wanted, which needs 8 bytes more for each cell
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

// The rows as fit reads them, without their numbers.
struct ShownRows {
  std::size_t rows = 0, runs = 0;
  std::string output_column, run_column;
};

// A curve as diagnose reads it, without its numbers.
struct ShownCurve {
  std::string name, quantity;
  std::size_t rows = 0;
};

struct TableAnswer {
  documents::Reading reading;
  std::vector<ShownColumn> columns;
  std::optional<ShownRows> fitted;
  std::optional<tables::Rows> rows;  // if they were wanted
  std::vector<ShownCurve> curves;
  std::string no_rows, no_curves;  // why not: the error of fit and of diagnose
  std::vector<std::string> notes;  // of the document, the rows and the curves, each once
  std::vector<std::string> warnings;
};

// A document that was read but has no usable rows is shown: `no_rows` and `no_curves` then say why. InputError if options
// that choose columns or rows (col, loss, scale, where, by, last) leave neither rows nor curves.
// Cost: linear in the cells. Memory: the document, 8 bytes for each cell, and up to 150 bytes for each row and loss.
[[nodiscard]] TableAnswer table(const TableRequest& request, documents::Reading reading);

// About 1 kB for each column.
[[nodiscard]] base::Value table_json(const TableAnswer& answer);

[[nodiscard]] std::string table_text(const TableAnswer& answer);

}  // namespace phaselaw::advice
