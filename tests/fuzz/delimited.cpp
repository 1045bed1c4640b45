// SPDX-License-Identifier: Apache-2.0
//
// Any text as delimited text and fixed width.
#include "phaselaw/documents/delimited.h"
#include "tests/fuzz/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return phaselaw::fuzz::try_reader(phaselaw::documents::read_delimited, bytes, size);
}
