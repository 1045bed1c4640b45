// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/claim.h"
#include "phaselaw/base/constants.h"

#include <array>
#include <cmath>

namespace phaselaw::report {

namespace {

constexpr std::array<std::pair<std::string_view, Verdict>, 3> kVerdicts = {{
    {"supported", Verdict::kSupported},
    {"not supported", Verdict::kNotSupported},
    {"inconclusive", Verdict::kInconclusive},
}};

constexpr std::array<std::pair<std::string_view, Standing>, 4> kStandings = {{
    {"stated", Standing::kStated},
    {"implied", Standing::kImplied},
    {"open question", Standing::kOpenQuestion},
    {"self-check", Standing::kSelfCheck},
}};

constexpr std::array<std::pair<std::string_view, Relation>, 3> kRelations = {{
    {"equal", Relation::kEqual},
    {"at most", Relation::kAtMost},
    {"at least", Relation::kAtLeast},
}};

base::Value number(double x) { return std::isfinite(x) ? base::Value(x) : base::Value(); }

double number_or_unknown(const base::Value& table, std::string_view key) {
  const base::Value* value = table.find(key);
  return value == nullptr || value->is_null() ? base::kNaN : value->number();
}

std::string text_or_empty(const base::Value& table, std::string_view key) {
  const base::Value* value = table.find(key);
  return value == nullptr || value->is_null() ? "" : value->text();
}

}  // namespace

base::EnumNames<Verdict> enum_names(Verdict) { return kVerdicts; }
base::EnumNames<Standing> enum_names(Standing) { return kStandings; }
base::EnumNames<Relation> enum_names(Relation) { return kRelations; }

base::Value to_value(const Claim& claim) {
  return base::Value::table({{"id", claim.id},
                             {"statement", claim.statement},
                             {"source", claim.source},
                             {"predicted", number(claim.predicted)},
                             {"measured", number(claim.measured)},
                             {"lo", number(claim.lo)},
                             {"hi", number(claim.hi)},
                             {"standing", base::enum_to_text(claim.standing)},
                             {"relation", base::enum_to_text(claim.relation)},
                             {"margin", number(claim.margin)},
                             {"degrees", number(claim.degrees)},
                             {"undecidable", claim.undecidable},
                             {"p_supporting", number(claim.p_supporting)},
                             {"p_refuting", number(claim.p_refuting)},
                             {"p_adjusted", number(claim.p_adjusted)},
                             {"verdict", base::enum_to_text(claim.verdict)},
                             {"reading", claim.reading},
                             {"predicted_text", claim.predicted_text},
                             {"unit", claim.unit},
                             {"would_change", claim.would_change},
                             {"finding", claim.finding}});
}

base::Value to_value(const std::vector<Claim>& claims) {
  base::Value::List list;
  for (const Claim& claim : claims) list.push_back(to_value(claim));
  return list;
}

Claim claim_from_value(const base::Value& value) {
  Claim claim;
  claim.id = value.at("id").text();
  claim.statement = value.at("statement").text();
  claim.source = value.at("source").text();
  claim.predicted = number_or_unknown(value, "predicted");
  claim.measured = number_or_unknown(value, "measured");
  claim.lo = number_or_unknown(value, "lo");
  claim.hi = number_or_unknown(value, "hi");
  if (const base::Value* standing = value.find("standing"))
    claim.standing = base::enum_from_text<Standing>(standing->text(), standing->where(), "standing");
  if (const base::Value* relation = value.find("relation"))
    claim.relation = base::enum_from_text<Relation>(relation->text(), relation->where(), "relation");
  claim.margin = number_or_unknown(value, "margin");
  if (const double degrees = number_or_unknown(value, "degrees"); std::isfinite(degrees)) claim.degrees = degrees;
  claim.undecidable = text_or_empty(value, "undecidable");
  claim.p_supporting = number_or_unknown(value, "p_supporting");
  claim.p_refuting = number_or_unknown(value, "p_refuting");
  claim.p_adjusted = number_or_unknown(value, "p_adjusted");
  const base::Value& verdict = value.at("verdict");
  claim.verdict = base::enum_from_text<Verdict>(verdict.text(), verdict.where(), "verdict");
  claim.reading = text_or_empty(value, "reading");
  claim.predicted_text = text_or_empty(value, "predicted_text");
  claim.unit = text_or_empty(value, "unit");
  claim.would_change = text_or_empty(value, "would_change");
  claim.finding = text_or_empty(value, "finding");
  return claim;
}

}  // namespace phaselaw::report
