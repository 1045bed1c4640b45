// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/store/store.h"

// The curves of a store under the names that training dashboards use (docs/sweep.md):
//
//   step   loss/train   loss/val   loss/excess   tokens   flops   lr
//
// loss/val is the test loss. Time is not exported. A field of a measurement without such a name keeps its own. lr is
// the rate of the update that led to the step, from the configuration and the summary, and 0 at step 0. Runs are named
// run-<index>-<key>. The bytes depend only on the runs in the store: wall time, where a format requires it, is 0. Runs
// are read one at a time.
namespace phaselaw::sweep {

struct CurvePoint {
  std::int64_t step = 0;
  std::vector<std::pair<std::string_view, double>> scalars;  // in the order above; unknown ones are omitted
};

struct NamedCurve {
  std::string name;
  std::string status;
  base::Value configuration, summary;
  std::vector<CurvePoint> points;
};
[[nodiscard]] NamedCurve named_curve(const store::RunRecord& run);

// One line for each run and scalar: run,tag,step,wall_time,value. This is the long form of TensorBoard's get_scalars(),
// readable by pandas.
void export_tensorboard_csv(const store::Store& store, std::ostream& out);

// One line for each measurement, ready for wandb.log(): {"run", "_step", "tokens", "loss/train", ...}. The lines of a
// run follow one with its name, "config" and "summary", for wandb.init(). Infinity is the text "Infinity", as in W&B's
// own files.
void export_wandb_jsonl(const store::Store& store, std::ostream& out);

// TensorBoard's own files: DIRECTORY/<run>/events.out.tfevents.0.phaselaw, opened with `tensorboard --logdir
// DIRECTORY`.
void export_tensorboard(const store::Store& store, const std::string& directory);

// The bytes of such a file: TFRecord frames of Event messages with scalar summaries.
[[nodiscard]] std::string tensorboard_events(const NamedCurve& curve);

}  // namespace phaselaw::sweep
