// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/documents/reading.h"

// JSON as programs and trainers write it.
//
//   records                       an array of objects, or one object a line; keys of nested objects are joined by dots
//   lists of equal length         {"step": [...], "loss": [...]}; Keras histories get a column epoch
//   histories inside records      lists of records, of [step, loss], or of lists; each record is a run, and what it
//                                 tells is repeated on its rows
//   Trainer state of Hugging Face the records of log_history; the summary at its end is skipped
//   TensorBoard scalars           [[wall_time, step, value], ...], also by tags
//   MLflow metrics                {"key": ..., "value": ..., "step": ...}: one column a key
//   pandas                        all orients
//
// NaN and Infinity may be bare, lines of other text between records are skipped and counted, and a last record that is
// cut off is left out with a note.
//
// Cost: linear; about 250 MB/s, and as much memory as the document beside the document and the table. No recursion; at most
// 1,000 levels of nesting.
namespace phaselaw::documents {

// Nothing if the document does not begin like JSON. InputError where it is not complete, where several lists may be the
// table (they are listed for --table), or where it holds no table.
[[nodiscard]] std::optional<Reading> read_json(const Document& document, const DocumentOptions& options);

}  // namespace phaselaw::documents
