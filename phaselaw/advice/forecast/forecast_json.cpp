// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/advice/forecast/forecast.h"

namespace phaselaw::advice {

namespace {

using base::Value;

Value loss_value(const LossInterval& x) { return Value::table({{"value", x.value}, {"lo", x.lo}, {"hi", x.hi}}); }

Value part_value(const ForecastPart& part) {
  Value out = loss_value(part.loss);
  out["source"] = part.source;
  out["log_error"] = part.error;
  out["dof"] = part.dof;
  out["how"] = part.how;
  return out;
}

Value past_value(const PastForecast& past) {
  Value out = loss_value(past.predicted);
  out["run"] = past.run;
  out["same_run"] = past.same_run;
  out["made_at"] = past.made_at;
  out["of"] = past.of;
  out["share"] = past.made_at / past.of;
  out["happened"] = past.happened;
  out["relative_error"] = past.relative_error();
  out["inside"] = past.inside();
  return out;
}

}  // namespace

Value to_value(const Forecast& f) {
  Value out = Value::table({{"name", f.name},
                            {"quantity", f.quantity},
                            {"status", std::string(base::enum_name(f.status))},
                            {"reading", f.reading},
                            {"final_loss", loss_value(f.final_loss)},
                            {"axis", f.axis},
                            {"now", f.now},
                            {"now_loss", f.now_loss},
                            {"to", f.to},
                            {"state", base::enum_to_text(f.state)},
                            {"decay_seen", f.decay_seen},
                            {"agree", f.agree},
                            {"widened", f.widened},
                            {"fall_by_steps", loss_value(f.fall_by_steps)},
                            {"fall_by_schedule", loss_value(f.fall_by_schedule)}});
  Value::List parts, past, path;
  for (const ForecastPart& part : f.parts) parts.push_back(part_value(part));
  for (const PastForecast& one : f.past) past.push_back(past_value(one));
  for (std::size_t i = 0; i < f.path.size(); ++i) {
    Value point = loss_value(f.path[i]);
    point["at"] = f.path_step[i];
    path.push_back(std::move(point));
  }
  out["parts"] = Value(std::move(parts));
  out["past"] = Value(std::move(past));
  out["path"] = Value(std::move(path));
  out["notes"] = f.notes.empty() ? Value(Value::List{}) : Value(f.notes);
  return out;
}

}  // namespace phaselaw::advice
