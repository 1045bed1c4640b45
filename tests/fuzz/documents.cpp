// SPDX-License-Identifier: Apache-2.0
//
// Any bytes at the door of documents: the readers in turn, the long form and the style of numbers; then the table as
// rows for a fit, and as curves.
#include "tests/fuzz/rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  const auto read = [](const documents::Document& document, const documents::DocumentOptions& options) {
    documents::Reading reading = documents::read_text(*document.text, document.source, options);
    fuzz::try_rows(reading);
    return reading;
  };
  return fuzz::try_reader(read, bytes, size);
}
