// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/documents/reading.h"

// Delimited text of any dialect: commas, semicolons, tabs, bars, runs of spaces, columns of fixed width, one column.
//
// Left out and counted: comments (#, //, %), lines of other width above the table, words below it, rows without a value,
// headings that are repeated between the rows, rules of dashes, and a last row that was cut. The heading may be in a
// comment directly above the first row.
namespace phaselaw::documents {

// Nothing for a document that is no table of numbers. InputError for a line with another number of cells, for a quote
// that is not closed, for a missing heading (the message names --names), and for two separators that are equally good.
// Cost: one pass over the text after a sample of 64 KiB; about 0.3 s for 100 MB. Memory: 8 bytes for each cell.
[[nodiscard]] std::optional<Reading> read_delimited(const Document& document, const DocumentOptions& options);

}  // namespace phaselaw::documents
