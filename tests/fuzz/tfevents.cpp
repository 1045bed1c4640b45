// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a file of TensorBoard events.
#include "phaselaw/documents/tfevents.h"
#include "tests/fuzz/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  return phaselaw::fuzz::try_reader(phaselaw::documents::read_tfevents, bytes, size);
}
