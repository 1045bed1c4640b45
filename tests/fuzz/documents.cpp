// SPDX-License-Identifier: Apache-2.0
//
// Any bytes at the door of documents: the readers in turn, the long form and the style of numbers.
#include "tests/fuzz/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  const auto read = [](const documents::Document& document, const documents::DocumentOptions& options) {
    return documents::read_text(*document.text, document.source, options);
  };
  return fuzz::try_reader(read, bytes, size);
}
