// SPDX-License-Identifier: Apache-2.0
//
// Any table of runs as delimited text or JSON lines: its rows for a fit, and its curves.
#include "phaselaw/documents/delimited.h"
#include "phaselaw/documents/json.h"
#include "phaselaw/documents/number_columns.h"
#include "tests/fuzz/rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  const auto read = [](const documents::Document& document, const documents::DocumentOptions& options) {
    std::optional<documents::Reading> reading = documents::read_json(document, options);
    if (!reading) reading = documents::read_delimited(document, options);
    if (!reading) return reading;
    documents::decide_styles(reading->table, options, reading->notes, reading->separator);
    fuzz::try_rows(*reading);
    return reading;
  };
  return fuzz::try_reader(read, bytes, size);
}
