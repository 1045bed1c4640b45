// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a table: read or refused with an InputError, never anything else. What is read is rectangular, every
// field lies inside the text, and curves taken from it have axes as long as their losses.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "phaselaw/base/errors.h"
#include "phaselaw/tables/runs.h"

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
    const tables::Rows rows = tables::rows_from(table, {.every_stream = true});
    for (const tables::Curve& curve : tables::curves_from(rows))
      for (const auto* axis : {&curve.step, &curve.tokens, &curve.compute})
        if (!axis->empty() && axis->size() != curve.loss.size()) std::abort();
  } catch (const base::InputError&) {  // refused: as good an answer
  }
  return 0;
}
