// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/advice/compare/compare_request.h"

// A comparison as a JSON value; unknown numbers are null.
namespace phaselaw::advice {

namespace {

using base::Value;
using fitting::to_value;

Value finite_or_null(double x) { return std::isfinite(x) ? Value(x) : Value(); }
Value count_or_null(const std::optional<std::size_t>& n) { return n ? Value(*n) : Value(); }

Value of(const SeedTest& t) {
  return Value::table({{"n_baseline", t.n_baseline},
                       {"n_candidate", t.n_candidate},
                       {"mean_baseline", t.mean_baseline},
                       {"mean_candidate", t.mean_candidate},
                       {"sd_baseline", finite_or_null(t.sd_baseline)},
                       {"sd_candidate", finite_or_null(t.sd_candidate)},
                       {"difference", to_value(t.difference)},
                       {"dof", finite_or_null(t.dof)},
                       {"p", finite_or_null(t.p)},
                       {"borrowed_noise", t.borrowed},
                       {"seeds_to_decide", count_or_null(t.seeds)}});
}

Value of(const ComparedPlace& p) {
  return Value::table({{"resource", p.resource},
                       {"extrapolated", p.extrapolated},
                       {"baseline_measured", p.baseline_measured},
                       {"candidate_measured", p.candidate_measured},
                       {"baseline_loss", p.has_laws ? to_value(p.baseline_loss) : Value()},
                       {"candidate_loss", p.has_laws ? to_value(p.candidate_loss) : Value()},
                       {"speedup", p.has_laws ? to_value(p.speedup) : Value()},
                       {"beyond_baseline", p.beyond_baseline},
                       {"p", finite_or_null(p.p)},
                       {"means", p.seeds ? of(*p.seeds) : Value()},
                       {"seeds_to_decide", count_or_null(p.more)}});
}

Value of(const FloorRow& row) {
  return Value::table({{"floor", row.floor},
                       {"p", finite_or_null(row.p)},
                       {"plausible", row.plausible},
                       {"speedup", to_value(row.speedup)},
                       {"far_speedup", to_value(row.far_speedup)},
                       {"exponent_difference", to_value(row.difference)},
                       {"outcome", base::enum_name(row.outcome)},
                       {"trend", base::enum_name(row.trend)}});
}

Value of(const ResourceComparison& c) {
  Value::List places, floors;
  for (const ComparedPlace& place : c.places) places.push_back(of(place));
  for (const FloorRow& row : c.floors) floors.push_back(of(row));
  Value out = Value::table({{"resource", c.resource},
                            {"unit", c.unit},
                            {"fitted", c.fitted},
                            {"why", c.why.empty() ? Value() : Value(c.why)},
                            {"outcome", base::enum_name(c.outcome)},
                            {"trend", base::enum_name(c.trend)},
                            {"p", finite_or_null(c.p)},
                            {"common_range", c.common_range},
                            {"leading", count_or_null(c.leading)}});
  out["places"] = Value(std::move(places));
  out["law_from"] = c.law_from > 0 ? Value(c.law_from) : Value();
  out["noise"] = finite_or_null(c.noise);
  out["dof"] = c.dof;
  const auto estimate = [&](const fitting::Estimate& e) { return c.fitted ? to_value(e) : Value(); };
  out["baseline_exponent"] = estimate(c.baseline_exponent);
  out["candidate_exponent"] = estimate(c.candidate_exponent);
  out["exponent_difference"] = estimate(c.difference);
  out["speedup_growth"] = estimate(c.growth);
  out["baseline_floor"] = estimate(c.baseline_floor);
  out["candidate_floor"] = estimate(c.candidate_floor);
  out["floors"] = Value(std::move(floors));
  out["speedup_over_floors"] = c.floors.empty() ? Value() : to_value(c.plausible_speedup);
  out["outcome_hinges_on_floor"] = c.outcome_hinges;
  out["trend_hinges_on_floor"] = c.trend_hinges;
  out["p_lack_of_fit"] = finite_or_null(c.p_lack_of_fit);
  out["p_curved"] = finite_or_null(c.p_curved);
  out["p_uneven_noise"] = finite_or_null(c.p_uneven_noise);
  out["p_separate_floors"] = finite_or_null(c.p_separate_floors);
  return out;
}

Value of(const CurvePair& c) {
  Value::List losses, resources;
  for (const EqualLoss& one : c.equal_loss)
    losses.push_back(Value::table({{"loss", one.loss},
                                   {"baseline", one.baseline},
                                   {"candidate", one.candidate},
                                   {"speedup", to_value(one.speedup)},
                                   {"p", finite_or_null(one.test.p)},
                                   {"seeds_to_decide", count_or_null(one.test.seeds)}}));
  for (const EqualResource& one : c.equal_resource)
    resources.push_back(Value::table({{"resource", one.resource},
                                      {"baseline_loss", one.baseline},
                                      {"candidate_loss", one.candidate},
                                      {"relative_difference", to_value(one.difference)},
                                      {"worth", finite_or_null(one.worth)},
                                      {"p", finite_or_null(one.test.p)}}));
  return Value::table({{"resource", c.resource},
                       {"unit", c.unit},
                       {"n_baseline", c.baseline.size()},
                       {"n_candidate", c.candidate.size()},
                       {"between_seeds", c.between_seeds},
                       {"same_length", c.same_length},
                       {"falls_late", c.falls_late},
                       {"outcome", base::enum_name(c.outcome)},
                       {"p", finite_or_null(c.p)},
                       {"why", c.why.empty() ? Value() : Value(c.why)},
                       {"equal_loss", Value(std::move(losses))},
                       {"equal_resource", Value(std::move(resources))}});
}

}  // namespace

Value to_value(const CompareAnswer& answer) {
  Value::List list;
  for (const RecipeComparison& one : answer.comparisons) {
    Value::List runs;
    for (const ResourceComparison& c : one.runs) runs.push_back(of(c));
    list.push_back(Value::table({{"recipe", one.name},
                                 {"outcome", base::enum_name(one.outcome)},
                                 {"p", finite_or_null(one.p)},
                                 {"p_holm", finite_or_null(one.p_holm)},
                                 {"sentence", one.sentence},
                                 {"will_it_last", one.will_it_last},
                                 {"doubt", one.doubt.empty() ? Value() : Value(one.doubt)},
                                 {"limits", Value(limit_sentences(one.limits))},
                                 {"leads", one.curves_lead ? "curves" : "runs"},
                                 {"runs", Value(std::move(runs))},
                                 {"curves", one.curves ? of(*one.curves) : Value()}}));
  }
  return Value::table({{"baseline", answer.baseline},
                       {"quantity", answer.quantity},
                       {"level", answer.level},
                       {"comparisons", Value(std::move(list))},
                       {"row_notes", Value(answer.notes)}});
}

}  // namespace phaselaw::advice
