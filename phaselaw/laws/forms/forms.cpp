// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/forms/forms.h"

#include <algorithm>
#include <utility>

#include "phaselaw/base/errors.h"

namespace phaselaw::laws::forms {

Law make(std::string name, std::string help, std::string source, const std::string& expression,
         std::vector<Parameter> parameters, std::string nested, std::string output) {
  Law law;
  law.name = std::move(name);
  law.help = std::move(help);
  law.source = std::move(source);
  law.output = std::move(output);
  law.nested = std::move(nested);
  law.expression = Expression::parse(expression, {}, law.name);
  PHASELAW_CHECK_EQ(parameters.size(), law.expression.parameters().size());
  for (const std::string& parameter : law.expression.parameters()) {
    const auto at = std::find_if(parameters.begin(), parameters.end(),
                                 [&](const Parameter& described) { return described.name == parameter; });
    PHASELAW_CHECK(at != parameters.end());
    law.parameters.push_back(*at);
  }
  return law;
}

}  // namespace phaselaw::laws::forms
