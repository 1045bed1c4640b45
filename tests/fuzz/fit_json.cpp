// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as FIT.json: refused with an InputError, or a fit that is written and read again as the same text, with a
// law that can be evaluated at its own data.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace phaselaw;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  try {
    const fitting::SavedFit saved = fitting::saved_fit_from(base::parse_json(text, "fuzz"));
    const std::string written = base::to_json(to_value(saved), -1);
    const fitting::SavedFit again = fitting::saved_fit_from(base::parse_json(written, "fuzz"));
    if (base::to_json(to_value(again), -1) != written) std::abort();
    if (laws::evaluate(saved.fit.law, saved.data.columns, saved.fit.value).size() != saved.data.output.size())
      std::abort();
    const std::size_t k = saved.fit.theta.size();
    if (k > 0 && saved.fit.replicates.size() >= k) {
      const auto first = std::span(saved.fit.replicates).first(k);
      if (fitting::parameters_at(saved.fit, first).size() != saved.fit.value.size()) std::abort();
    }
  } catch (const base::InputError&) {  // refused: as good an answer
  }
  return 0;
}
