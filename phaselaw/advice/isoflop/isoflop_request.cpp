// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/isoflop_request.h"

#include <algorithm>
#include <map>

#include "phaselaw/advice/isoflop/experiments.h"
#include "phaselaw/advice/output_direction.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/log.h"
#include "phaselaw/tables/group_rows.h"
#include "phaselaw/tables/messages.h"

namespace phaselaw::advice {

namespace {

using base::Value;

// The run of each row, if it names runs: each has one size, and there are several.
std::vector<std::string> runs_of(const tables::Rows& rows) {
  if (rows.n_runs() < 2 || !rows.data.columns.has("n_params")) return {};
  const std::vector<double> n = rows.data.columns.get("n_params");
  std::map<std::string, double> size;
  for (std::size_t i = 0; i < n.size(); ++i)
    if (size.try_emplace(rows.run[i], n[i]).first->second != n[i]) return {};
  return rows.run;
}

// Refuses to pool experiments; warns of rows in conflict that no column tells apart.
void require_one_experiment(const tables::Rows& rows, const IsoflopOptions& options) {
  std::vector<std::string> notes;
  const Sizes sizes = sizes_of(with_tokens(rows.data, notes));
  const auto pooled = pooled_experiments(rows, sizes, options);
  if (!pooled) return;
  if (pooled->count > 0) throw base::InputError({rows.table.source()}, pooled->message);
  base::log_warning(pooled->message);
}

IsoflopExperiment one_experiment(const std::string& name, const tables::Rows& rows, const IsoflopOptions& options) {
  if (!options.optima) require_one_experiment(rows, options);
  return {name, isoflop(rows.data, runs_of(rows), options), ""};
}

std::vector<IsoflopExperiment> all_experiments(const tables::Rows& rows, const IsoflopRequest& request) {
  std::vector<IsoflopExperiment> out;
  for (const tables::GroupRows& part : tables::groups_by(rows, request.read.by)) {
    try {
      out.push_back(one_experiment(part.name, rows.rows(part.rows), request.options));
    } catch (const base::InputError& error) {
      out.push_back({part.name, std::nullopt, error.what()});
    }
  }
  if (std::none_of(out.begin(), out.end(), [](const IsoflopExperiment& e) { return e.result.has_value(); }))
    throw base::InputError({"--by"}, fmt::format("none of the {} experiments has a result; {}: {}", out.size(),
                                                 out.front().name, out.front().error));
  return out;
}

void log_notes(const IsoflopAnswer& answer) {
  if (answer.by.empty()) {
    for (const std::string& note : answer.experiments.front().result->notes) base::log_warning(note);
    return;
  }
  std::size_t notes = 0;
  for (const IsoflopExperiment& one : answer.experiments) {
    if (!one.result) base::log_warning(fmt::format("{}: {}", one.name, one.error));
    notes += one.result ? one.result->notes.size() : 0;
  }
  if (notes > 0)
    base::log_info(fmt::format("there are {} notes on the {} experiments; --json and --out list them", notes,
                               answer.experiments.size()));
}

}  // namespace

IsoflopAnswer isoflop(const IsoflopRequest& request, documents::Reading reading) {
  request.options.validate();
  request.options.fit.require_objective_uses();
  tables::Rows rows = tables::rows_from(std::move(reading), request.read);
  rows.require({"n_params"});
  require_falling_output(std::nullopt, rows);
  tables::log_messages(rows.notes, rows.warnings);
  IsoflopAnswer answer;
  answer.by = request.read.by;
  if (request.read.by.empty()) {
    answer.experiments.push_back(one_experiment("", rows, request.options));
    answer.json = to_value(*answer.experiments.front().result);
  } else {
    answer.experiments = all_experiments(rows, request);
    Value::List list;
    for (const IsoflopExperiment& one : answer.experiments) {
      Value entry = one.result ? to_value(*one.result) : Value::table();
      entry["name"] = one.name;
      entry["error"] = one.error.empty() ? Value() : Value(one.error);
      list.push_back(std::move(entry));
    }
    answer.json = Value::table({{"by", request.read.by}, {"experiments", Value(std::move(list))}});
  }
  log_notes(answer);
  return answer;
}

}  // namespace phaselaw::advice
