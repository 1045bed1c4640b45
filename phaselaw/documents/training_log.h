// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/documents/reading.h"

// What a training program printed: lines of `name value` pairs with a counter, with anything else between them.
//
// Read are lines such as
//   step 100 loss 3.1                          iter 10: loss 3.2, time 12ms          lm loss: 5.9E+00 | lr: 1.0E-04 |
//   {'loss': 3.1, 'epoch': 0.05}               [step=100/900] with indented lines    Epoch 3/10 with a bar
//   12%|#  | 120/1000 [..., loss=3.2]          step=100 loss=3.1                     [rank0]: step: 10  loss: 7.8
// Timestamps, levels, ranks and colours may stand in front. Bars that a carriage return draws again count once for each
// value of their counter, and bars of a whole epoch once when they are complete.
//
// Columns have the names of the log, without the counter of steps where several names count the same thing: that column
// is step. The column stream tells apart lines of different parts of the data with equal names; rank, lines of
// different ranks with different values. Values that are not finite (nan, inf) are values.
//
// Not a log: tables, prose, JSON lines, and lines without pairs. InputError: lines of pairs without a counter; more than
// 200,000 names. Cost: two passes; about 2 s for 100 MB.
namespace phaselaw::documents {

[[nodiscard]] std::optional<Reading> read_log(const Document& document, const DocumentOptions& options);

}  // namespace phaselaw::documents
