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

base::Value number(double x) { return std::isfinite(x) ? base::Value(x) : base::Value(); }

double number_or_unknown(const base::Value& table, std::string_view key) {
  const base::Value& value = table.at(key);
  return value.is_null() ? base::kNaN : value.number();
}

std::string text_or_empty(const base::Value& table, std::string_view key) {
  const base::Value* value = table.find(key);
  return value == nullptr || value->is_null() ? "" : value->text();
}

}  // namespace

base::EnumNames<Verdict> enum_names(Verdict) { return kVerdicts; }

base::Value to_value(const Claim& claim) {
  return base::Value::table({{"id", claim.id},
                             {"statement", claim.statement},
                             {"source", claim.source},
                             {"predicted", number(claim.predicted)},
                             {"measured", number(claim.measured)},
                             {"lo", number(claim.lo)},
                             {"hi", number(claim.hi)},
                             {"verdict", base::enum_to_text(claim.verdict)},
                             {"reading", claim.reading},
                             {"predicted_text", claim.predicted_text},
                             {"unit", claim.unit},
                             {"would_change", claim.would_change}});
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
  const base::Value& verdict = value.at("verdict");
  claim.verdict = base::enum_from_text<Verdict>(verdict.text(), verdict.where(), "verdict");
  claim.reading = text_or_empty(value, "reading");
  claim.predicted_text = text_or_empty(value, "predicted_text");
  claim.unit = text_or_empty(value, "unit");
  claim.would_change = text_or_empty(value, "would_change");
  return claim;
}

}  // namespace phaselaw::report
