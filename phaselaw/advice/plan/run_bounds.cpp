// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/run_bounds.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

using base::kInfinity;

std::pair<double, double> range_of(const fitting::SavedFit& saved, const char* column) {
  const std::vector<double> values = saved.data.columns.get(column);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, *high};
}

void RunBounds::validate() const {
  const auto ordered = [](const std::optional<double>& least, const std::optional<double>& most, const char* name,
                          base::Notation notation) {
    if (least && most && *least > *most)
      throw base::InputError(
          {fmt::format("--next-least-{}", name)},
          fmt::format("expected at most --next-most-{} = {}, found {}", name, base::format_number(*most, 6, notation),
                      base::format_number(*least, 6, notation)));
  };
  ordered(least_n_params, most_n_params, "n-params", base::Notation::suffix);
  ordered(least_tokens, most_tokens, "tokens", base::Notation::suffix);
  ordered(least_compute, most_compute, "compute", base::Notation::power);
}

std::string RunBounds::given() const {
  std::string first;
  fields(*this, [&](std::string_view name, const std::optional<double>& value, const auto&...) {
    if (value && first.empty()) first = base::flag_of(name);
  });
  return first;
}

namespace {

// The bounds with their defaults: every run within them can be trained.
struct Range {
  double least_n = 0, most_n = 0, least_d = 0, most_d = 0, least_c = 0, most_c = 0;
};

std::string sizes_text(double n, double d, double compute) {
  return fmt::format("{} parameters on {} tokens at {}", base::format_number(n, 3, base::Notation::suffix),
                     base::format_number(d, 3, base::Notation::suffix), base::format_flop(compute));
}

Range range_of_runs(const fitting::SavedFit& saved, const Allocator& allocator, const RunBounds& bounds) {
  bounds.validate();
  constexpr double kBelow = 3, kAtBudget = 1 + 1e-12;
  const auto sizes = range_of(saved, "n_params"), tokens = range_of(saved, "tokens");
  Range r;
  r.least_n = bounds.least_n_params.value_or(std::min(sizes.first / kBelow, bounds.most_n_params.value_or(kInfinity)));
  r.least_d = bounds.least_tokens.value_or(std::min(tokens.first / kBelow, bounds.most_tokens.value_or(kInfinity)));
  r.least_c = bounds.least_compute.value_or(0);
  r.most_c = bounds.most_compute.value_or(std::max(range_of(saved, "compute").second, r.least_c));
  const double cheapest = allocator.compute(r.least_n, r.least_d);
  if (!(cheapest <= r.most_c * kAtBudget))
    throw base::InputError(
        {"--next-most-compute"},
        fmt::format("{} do not pay for the smallest candidate, {}; allow more compute or smaller runs",
                    base::format_flop(r.most_c), sizes_text(r.least_n, r.least_d, cheapest)));
  r.most_d =
      std::max(r.least_d, std::min(bounds.most_tokens.value_or(kInfinity), allocator.tokens_for(r.least_n, r.most_c)));
  const double room = std::max(0.0, std::log(r.most_c / cheapest));
  const double affordable =
      std::exp(root_between([&](double x) { return r.most_c * kAtBudget - allocator.compute(std::exp(x), r.least_d); },
                            std::log(r.least_n) - 1e-9, std::log(r.least_n) + room + 1));
  r.most_n = std::max(r.least_n, std::min(bounds.most_n_params.value_or(kInfinity), affordable));
  const double largest_run = allocator.compute(r.most_n, r.most_d);
  if (!(largest_run >= r.least_c))
    throw base::InputError({"--next-least-compute"},
                           fmt::format("expected at most the compute of the largest candidate, {}, found {}",
                                       sizes_text(r.most_n, r.most_d, largest_run), base::format_flop(r.least_c)));
  return r;
}

}  // namespace

Candidates candidates_within(const RunBounds& bounds, const fitting::SavedFit& saved, const Allocator& allocator,
                             std::size_t grid) {
  const Range r = range_of_runs(saved, allocator, bounds);
  Candidates all;
  const auto add = [&](double size, double count) {
    all.n_params.push_back(size);
    all.tokens.push_back(count);
  };
  for (const double size : numerics::log_spaced(r.least_n, r.most_n, r.most_n > r.least_n ? grid : 1)) {
    const double first = std::max(r.least_d, r.least_c > 0 ? allocator.tokens_for(size, r.least_c) : 0),
                 last = std::max(r.least_d, std::min(r.most_d, allocator.tokens_for(size, r.most_c)));
    if (first > last) continue;
    for (const double count : numerics::log_spaced(r.least_d, r.most_d, r.most_d > r.least_d ? grid : 1))
      if (count > first && count < last) add(size, count);
    add(size, first);
    if (last > first) add(size, last);
  }
  return all;
}

}  // namespace phaselaw::advice
