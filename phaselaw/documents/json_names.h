// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// What the name of a series tells about it, as evidence for the choice among several lists of a JSON document. The
// meaning of columns is decided later, from the whole table.
namespace phaselaw::documents {

[[nodiscard]] bool is_json_counter(std::string_view name);   // step, epoch, trainer/global_step; not max_steps
[[nodiscard]] bool is_json_metric(std::string_view name);    // loss, eval_accuracy, val/ppl; not loss_scale
[[nodiscard]] bool is_json_run_name(std::string_view name);  // run, run_id, run_name, trial_id

}  // namespace phaselaw::documents
