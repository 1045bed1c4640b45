// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/base/format.h"
#include "phaselaw/fitting/lack_of_fit.h"

// The result of the tests in words and as JSON.
namespace phaselaw::fitting {

namespace {

std::string percent_text(double size_percent) { return base::format_percent(std::abs(size_percent) / 100); }

std::string share_sentence(const DirectionTest& direction, bool by_run) {
  const std::string size = percent_text(direction.size_percent);
  const bool above = direction.size_percent > 0;
  if (by_run && above)
    return fmt::format(
        "rows taken early in a run lie above the law, by up to {}: intermediate rows of a decaying schedule are not "
        "finished runs; use --last",
        size);
  if (by_run)
    return fmt::format(
        "rows taken early in a run lie below the law, by up to {}: the law does not follow the curves of the runs; compare "
        "laws with --law all, or use --last",
        size);
  return fmt::format(
      "rows with few {0} for their n_params lie {1} the law, by up to {2}: {3}; name the column of runs with "
      "--col run=COLUMN, or fit a narrower range of {0} with --where",
      direction.columns.front(), above ? "above" : "below", size,
      above ? "they may be intermediate rows of a decaying schedule, which are not finished runs"
            : "the law does not hold over the whole range of each size");
}

std::string law_sentence(const DirectionTest& direction) {
  return fmt::format("the law is {}, by up to {}: compare laws with --law all, or fit a narrower range with --where",
                     direction.where, percent_text(direction.size_percent));
}

}  // namespace

std::string sentence_of(const LackOfFit& lack, const DirectionTest& direction) {
  switch (direction.kind) {
    case DirectionKind::share:
      return share_sentence(direction, lack.shares.by_run);
    case DirectionKind::run:
      return fmt::format(
          "the rows of one run lie on the same side of the law, by about {}: they share the error of their run and are "
          "not independent; use --cluster auto",
          percent_text(direction.size_percent));
    case DirectionKind::replicates:
      return fmt::format(
          "the law misses the rows by about {} more than equal runs differ from each other ({}): compare laws with "
          "--law all, or fit a narrower range with --where",
          percent_text(direction.size_percent), percent_text(100 * lack.replicates.seed_sd));
    default:
      return law_sentence(direction);
  }
}

base::EnumNames<DirectionKind> enum_names(DirectionKind) {
  static constexpr std::pair<std::string_view, DirectionKind> kNames[] = {
      {"share", DirectionKind::share},   {"linear", DirectionKind::linear},
      {"square", DirectionKind::square}, {"product", DirectionKind::product},
      {"run", DirectionKind::run},       {"replicates", DirectionKind::replicates}};
  return kNames;
}

std::string DirectionTest::name() const {
  switch (kind) {
    case DirectionKind::share:
      return "share of the run";
    case DirectionKind::linear:
      return "ln " + columns.front();
    case DirectionKind::square:
      return "(ln " + columns.front() + ")^2";
    case DirectionKind::product:
      return "ln " + columns.front() + " ln " + columns.back();
    case DirectionKind::run:
      return "run";
    case DirectionKind::replicates:
      return "replicates";
  }
  return "";
}

std::string LackOfFit::checkpoints_sentence() const {
  if (!shares.has_checkpoints()) return "";
  const bool matters = std::any_of(directions.begin(), directions.end(),
                                   [](const DirectionTest& test) { return test.early_rows_are_high(); });
  const std::string rows = fmt::format("{} runs have several rows with rising {}", shares.n_several, shares.progress);
  if (!tested) return rows + "; if the learning rate decays, only the last row of a run is a finished run: use --last";
  if (matters) return rows + ", and the early ones lie above the law: use --last";
  return rows +
         ", and the early ones do not lie above the law, as under a constant learning rate; if the learning rate decays, use "
         "--last";
}

base::Value to_value(const LackOfFit& lack) {
  base::Value::List directions;
  for (const DirectionTest& direction : lack.directions)
    directions.push_back(base::Value::table({{"direction", direction.name()},
                                             {"kind", base::enum_name(direction.kind)},
                                             {"size_percent", direction.size_percent},
                                             {"where", direction.where},
                                             {"statistic", direction.statistic},
                                             {"dof", direction.dof},
                                             {"p_value", direction.p_value},
                                             {"adjusted_p_value", direction.adjusted}}));
  base::Value checkpoints, replicates;
  if (lack.shares.has_checkpoints())
    checkpoints = base::Value::table({{"runs", lack.shares.n_several},
                                      {"rows", lack.shares.rows},
                                      {"progress", lack.shares.progress},
                                      {"sentence", lack.checkpoints_sentence()}});
  if (lack.replicates.dof > 0)
    replicates = base::Value::table({{"configurations", lack.replicates.configurations},
                                     {"rows", lack.replicates.rows},
                                     {"dof", lack.replicates.dof},
                                     {"seed_sd", lack.replicates.seed_sd}});
  return base::Value::table({{"tested", lack.tested},
                             {"reason", lack.reason},
                             {"significant", lack.significant},
                             {"p_value", lack.tested ? base::Value(lack.p_value) : base::Value()},
                             {"direction", lack.direction},
                             {"size_percent", lack.tested ? base::Value(lack.size_percent) : base::Value()},
                             {"sentence", lack.sentence},
                             {"variance", lack.variance},
                             {"clusters", lack.clusters},
                             {"directions", base::Value(std::move(directions))},
                             {"checkpoints", checkpoints},
                             {"replicates", replicates}});
}

}  // namespace phaselaw::fitting
