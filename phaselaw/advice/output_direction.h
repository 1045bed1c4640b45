// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/laws/law.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/runs.h"

// Whether an output rises, as a score does, although the question is about a loss, which falls.
//
// A column that the user computed (--col loss=1-acc) is taken as it is. Otherwise, by the words of its heading
// (tables/output_kind.h):
//   score, negative quantity   refused if it rises, with the expression that falls
//   unknown                    for a fit a warning with both readings, for curves refused, if it rises strongly
//   loss                       taken as it is: the loss of a run that diverges rises
// A fit asks only if the law can do nothing but fall: no law with random parameters of its domain goes the way of the
// rows. Cost: 64 evaluations of the law at 500 rows or fewer.
namespace phaselaw::advice {

// `law`: unset for the ranking of all laws, which are laws of a loss. InputError as above; otherwise a warning or none.
void require_falling_output(const std::optional<laws::Law>& law, tables::Rows& rows);

// The same for curves, along their steps. `computed`: headings of computed columns.
void require_falling_curves(const std::vector<tables::Curve>& curves, const std::vector<std::string>& computed);

}  // namespace phaselaw::advice
