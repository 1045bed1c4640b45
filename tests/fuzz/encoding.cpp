// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as text of some encoding: refused, or valid UTF-8 that is kept as it is when it is decoded again.
#include "phaselaw/documents/encoding.h"
#include "tests/fuzz/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  try {
    const documents::Decoded once = documents::decode(fuzz::document_of(bytes, size));
    fuzz::require(once.document.text->capacity() >= once.document.text->size() + documents::Document::kPadding);
    fuzz::require(documents::as_utf8(*once.document.text) == *once.document.text);
    fuzz::require(!once.document.encoding.empty());
  } catch (const base::InputError& refused) {
    fuzz::require(std::string_view(refused.what()).starts_with("fuzz"));
  }
  return 0;
}
