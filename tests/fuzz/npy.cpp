// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a .npy file.
#include "phaselaw/documents/npy_columns.h"
#include "tests/fuzz/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return phaselaw::fuzz::try_reader(phaselaw::documents::read_npy, bytes, size);
}
