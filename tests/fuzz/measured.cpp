// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a table of runs (CSV, TSV or JSONL) are refused with an InputError, or give measurements: the output is
// positive, the columns are as long as the output, and the line numbers are those of the text, in order.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  try {
    const tables::Rows read = tables::rows_from(documents::read_text(text, "fuzz"));
    const std::size_t n = read.n_rows();
    if (n == 0 || read.data.output.size() != n || read.run.size() != n || read.n_runs() > n) std::abort();
    for (const auto& column : read.data.columns.values)
      if (column.size() != n) std::abort();
    for (const double loss : read.data.output)
      if (!(loss > 0) || std::isinf(loss)) std::abort();
    if (!std::is_sorted(read.line.begin(), read.line.end())) std::abort();
    read.require({"n_params", "tokens"});
    if (read.data.columns.get("compute").size() != n) std::abort();
  } catch (const base::InputError&) {  // refused: as good an answer
  }
  return 0;
}
