// SPDX-License-Identifier: Apache-2.0
//
// Any text as JSON of every shape.
#include "phaselaw/documents/json.h"
#include "tests/fuzz/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return phaselaw::fuzz::try_reader(phaselaw::documents::read_json, bytes, size);
}
