// SPDX-License-Identifier: Apache-2.0
//
// Any text as a law: refused with an InputError, or parsed and evaluated. Its text parses to the same operations; the
// value of a row depends neither on whether derivatives are asked for nor on which other rows are.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/evaluator.h"
#include "phaselaw/laws/law.h"

namespace {

using namespace phaselaw::laws;

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

void evaluate_everywhere(const Law& law) {
  phaselaw::tables::Columns columns;
  double x = 0.5;
  for (const std::string& name : law.columns()) columns.add(name, {x, 3 + x, 1e9 * (x += 0.75)});
  const Evaluator evaluator(law.expression, columns);
  const std::size_t rows = columns.n_rows(), k = evaluator.free().size();
  EvaluatorWorkspace workspace;
  for (const double at : {0.7, -1.5}) {
    const std::vector<double> parameters(k, at);
    std::vector<double> alone(rows), value(rows), derivative(rows * k);
    evaluator.evaluate({}, parameters, alone, {}, workspace);
    evaluator.evaluate({}, parameters, value, derivative, workspace);
    for (std::size_t i = 0; i < rows; ++i)
      if (!same(alone[i], value[i])) std::abort();
    const std::size_t last[] = {rows - 1};
    std::vector<double> one(1);
    evaluator.evaluate(last, parameters, one, {}, workspace);
    if (!same(one[0], value[rows - 1])) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  try {
    const Law law = law_from(text, {"width ratio", "my_col"});
    if (law.parameters.size() != law.expression.parameters().size()) std::abort();
    if (law.parameters.size() > kMaxExpressionParameters) std::abort();
    if (law.expression.affine_parameters().size() != law.parameters.size()) std::abort();
    const Law again = law_from_expression(law.expression.text(), law.columns());
    if (!(again.expression.nodes() == law.expression.nodes())) std::abort();
    evaluate_everywhere(law);
  } catch (const phaselaw::base::InputError&) {  // refused: as good an answer
  }
  return 0;
}
