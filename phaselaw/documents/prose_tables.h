// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/documents/reading.h"

// Tables inside prose: Markdown, reStructuredText, LaTeX, org, HTML, and the grids that programs print (psql, tabulate,
// rich). The lines around the table are counted as skipped.
//
// A document is prose with tables if at least one heading stands beside a rule, or a tabular environment or a <table>
// is found, unless the lines around the tables are records of a training log. Bars without a rule, as in
// "step 1 | loss 3", are no table. If there are several tables, --table K chooses one.
//
// Headings lose their marks: **Val loss** is "Val loss". Headings of several rows are joined by a space. Cells keep
// their place in the text; a mark around a whole cell is left out of the cell.
//
// Cost: 1 ns for each byte outside of tables, 30 ns for each cell. Memory: 16 bytes for each cell while it is read.
// Errors: InputError if there are several tables and none was chosen, and at the line of a faulty row of the chosen
// table: too many cells, cells that span rows, braces that are not closed, no heading.
namespace phaselaw::documents {

[[nodiscard]] std::optional<Reading> read_prose_tables(const Document& document, const DocumentOptions& options);

}  // namespace phaselaw::documents
