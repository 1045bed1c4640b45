// SPDX-License-Identifier: Apache-2.0
//
// Any text as prose with tables.
#include "phaselaw/documents/prose_tables.h"
#include "tests/fuzz/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return phaselaw::fuzz::try_reader(phaselaw::documents::read_prose_tables, bytes, size);
}
