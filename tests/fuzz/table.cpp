// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a table: read or refused with an InputError, never anything else. What is read is rectangular, every
// field lies inside the text, and curves taken from it are positive.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "phaselaw/base/errors.h"
#include "phaselaw/tables/table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  try {
    const tables::Table table = tables::parse_table(text, "fuzz");
    for (const auto& row : table.rows) {
      if (row.size() != table.header.size()) std::abort();
      for (const auto& field : row)
        if (field.line < 1 || field.column < 1 || field.text.size() > size) std::abort();
    }
    const tables::CurveTable read = laws::curves_from(table);
    for (std::size_t i = 0; i < read.curves.compute.size(); ++i)
      if (!(read.curves.compute[i] > 0 && read.curves.loss[i] > 0) || std::isinf(read.curves.compute[i])) std::abort();
  } catch (const base::InputError&) {  // refused: as good an answer
  }
  return 0;
}
