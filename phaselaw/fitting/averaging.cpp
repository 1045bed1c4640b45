// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/averaging.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::fitting {

Spread spread_of(std::span<const double> values, std::span<const double> weights) {
  PHASELAW_CHECK_EQ(values.size(), weights.size());
  double total = 0, mean = 0, square = 0;
  Spread spread{base::kNaN, base::kInfinity, 0, 0};
  for (const bool second : {false, true})
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!(values[i] > 0) || !std::isfinite(values[i])) continue;
      if (second) {
        square += weights[i] * (std::log(values[i]) - mean / total) * (std::log(values[i]) - mean / total);
        continue;
      }
      total += weights[i];
      mean += weights[i] * std::log(values[i]);
      spread.lowest = std::min(spread.lowest, values[i]);
      spread.highest = std::max(spread.highest, values[i]);
    }
  if (!(total > 0)) return {base::kNaN, base::kNaN, base::kNaN, base::kNaN};
  spread.value = std::exp(mean / total);
  spread.deviation = std::sqrt(square / total);
  return spread;
}

AveragedLaw::AveragedLaw(std::vector<Member> members) : members_(std::move(members)) {
  double total = 0;
  for (const Member& member : members_) {
    PHASELAW_CHECK(member.weight >= 0);
    total += member.weight;
  }
  if (!(total > 0))
    throw base::InputError("an average of laws needs at least one law with a positive weight, found none");
  for (Member& member : members_) member.weight /= total;
}

std::vector<Spread> AveragedLaw::spread(const tables::Columns& columns) const {
  std::vector<std::vector<double>> values;
  std::vector<double> weights;
  for (const Member& member : members_) {
    values.push_back(laws::evaluate(member.law, columns, member.parameters));
    weights.push_back(member.weight);
  }
  std::vector<Spread> spreads;
  std::vector<double> here(members_.size());
  for (std::size_t row = 0; row < columns.n_rows(); ++row) {
    for (std::size_t i = 0; i < members_.size(); ++i) here[i] = values[i][row];
    spreads.push_back(spread_of(here, weights));
  }
  return spreads;
}

std::vector<double> AveragedLaw::evaluate(const tables::Columns& columns) const {
  std::vector<double> values;
  for (const Spread& spread : spread(columns)) values.push_back(spread.value);
  return values;
}

std::string AveragedLaw::description() const {
  std::vector<const Member*> order;
  for (const Member& member : members_) order.push_back(&member);
  std::stable_sort(order.begin(), order.end(), [](const Member* a, const Member* b) { return a->weight > b->weight; });
  constexpr double kShown = 0.005;
  std::vector<std::string> parts;
  std::size_t small = 0;
  for (const Member* member : order)
    if (member->weight >= kShown)
      parts.push_back(fmt::format("{} ({})", member->law.name, base::format_number(member->weight, 2)));
    else
      ++small;
  return fmt::format("{}{}", fmt::join(parts, ", "),
                     small > 0 ? fmt::format(" and {} with less than 0.5 %", small) : std::string());
}

std::vector<Member> surviving_laws(const Ranking& ranking) {
  std::vector<Member> members;
  for (const RankedLaw& ranked : ranking.laws)
    if (ranked.survives) members.push_back({ranked.fit.law, ranked.fit.value, ranked.weight});
  return members;
}

}  // namespace phaselaw::fitting
