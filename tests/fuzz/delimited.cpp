// SPDX-License-Identifier: Apache-2.0
//
// Any text as delimited text and fixed width, with the styles of its numbers.
#include "phaselaw/documents/delimited.h"
#include "phaselaw/documents/number_columns.h"
#include "tests/fuzz/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  const auto read = [](const documents::Document& document, const documents::DocumentOptions& options) {
    std::optional<documents::Reading> reading = documents::read_delimited(document, options);
    if (reading) documents::decide_styles(reading->table, options, reading->notes, reading->separator);
    return reading;
  };
  return fuzz::try_reader(read, bytes, size);
}
