// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/allocation.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using base::kNaN;
constexpr double kFarthest = 280 * std::numbers::ln10;  // ln of the largest compute at which a floor is looked for
constexpr double kMostData = 1e18;                      // largest n_data that is recommended

bool follows_from_sizes(const std::string& name) {
  static const std::vector<std::string> names = {"n_params", "tokens",   "compute", "tokens_per_param",
                                                 "epochs",   "n_layers", "d_model"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

void require_positive(double value, const char* flag) {
  if (!(value > 0) || std::isinf(value))
    throw base::InputError({flag}, fmt::format("expected a finite number > 0, found {}", value));
}

bool needs(const std::vector<std::string>& columns, std::string_view name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

// Checks that --at gives the columns that do not follow from the sizes, and no others.
void check_columns_at(const laws::Law& law, const Situation& situation) {
  const std::vector<std::string>& columns = law.columns();
  if (situation.at.contains("compute") || situation.at.contains("n_params") || situation.at.contains("tokens"))
    throw base::InputError({"--at"},
                           "set compute, n_params and tokens with their own flags: --compute, --n-params, --tokens");
  for (const auto& [name, value] : situation.at) {
    require_positive(value, "--at");
    if (!needs(columns, name) && !(name == "unique_tokens" && needs(columns, "epochs")))
      throw base::InputError({"--at"}, base::unknown_name("column", name, columns));
  }
  std::vector<std::string> missing;
  for (const std::string& name : columns)
    if (!follows_from_sizes(name) && !situation.at.contains(name) && name != "n_data") missing.push_back(name);
  if (needs(columns, "epochs") && !situation.at.contains("unique_tokens") && !situation.at.contains("epochs"))
    missing.emplace_back("unique_tokens");
  if (!missing.empty())
    throw base::InputError(
        {"--at"},
        fmt::format("the law {} also needs {}, which does not follow from the compute; add {}", law.name,
                    fmt::join(missing, ", "), fmt::format("--at {}=VALUE", fmt::join(missing, "=VALUE --at "))));
}

// Checks the sizes that are held and returns how many there are: at most one.
int count_held(const Situation& situation) {
  const int held = (situation.n_params ? 1 : 0) + (situation.tokens ? 1 : 0) + (situation.tokens_per_param ? 1 : 0);
  if (held > 1)
    throw base::InputError(
        {"--n-params"},
        "give only one of --n-params, --tokens and --tokens-per-param; two of them determine the run completely, and without --compute and --loss the plan gives its loss");
  if (situation.n_params) require_positive(*situation.n_params, "--n-params");
  if (situation.tokens) require_positive(*situation.tokens, "--tokens");
  if (situation.tokens_per_param) require_positive(*situation.tokens_per_param, "--tokens-per-param");
  if (!(situation.inference_tokens >= 0) || std::isinf(situation.inference_tokens))
    throw base::InputError({"--inference-tokens"},
                           fmt::format("expected a finite number >= 0, found {}", situation.inference_tokens));
  return held;
}

}  // namespace

Allocator::Allocator(const laws::Law& law, Situation situation) : law_(law), situation_(std::move(situation)) {
  if (law.output != "loss")
    throw base::InputError(
        fmt::format("the law {} predicts {}, not the loss; plan with a law of the loss", law.name, law.output));
  check_columns_at(law, situation_);
  const std::vector<std::string>& columns = law.columns();
  const bool n_data = needs(columns, "n_data") && !situation_.at.contains("n_data");
  const bool shape = needs(columns, "n_params") || needs(columns, "tokens") || needs(columns, "tokens_per_param") ||
                     needs(columns, "epochs") || needs(columns, "n_layers") || needs(columns, "d_model");
  if (n_data && (shape || !needs(columns, "compute")))
    throw base::InputError(
        fmt::format("the law {} depends on {}, and the compute cannot be divided among these; "
                    "fit a law of n_params and tokens, or of compute and n_data",
                    law.name, fmt::join(columns, ", ")));
  kind_ = n_data ? Kind::n_data : shape ? Kind::sizes : Kind::compute_only;
  const int held = count_held(situation_);
  if (kind_ != Kind::sizes && (held > 0 || situation_.inference_tokens > 0))
    throw base::InputError(fmt::format(
        "the law {} depends on {} and not on sizes; "
        "omit --n-params, --tokens, --tokens-per-param and --inference-tokens, or fit a law of n_params and tokens",
        law.name, fmt::join(columns, ", ")));
  const bool model = needs(columns, "n_params") || needs(columns, "tokens_per_param") || needs(columns, "n_layers") ||
                     needs(columns, "d_model");
  const bool data = needs(columns, "tokens") || needs(columns, "tokens_per_param") || needs(columns, "epochs");
  if (kind_ == Kind::sizes && held == 0 && !needs(columns, "compute") && !(model && data))
    throw base::InputError(
        {model ? "--tokens" : "--n-params"},
        fmt::format(
            "the law {} depends on {} alone, so it cannot weigh parameters against tokens; hold the other with this flag, or fit a law of both",
            law.name, fmt::join(columns, ", ")));
  if (kind_ != Kind::sizes) return;
  (void)situation_.cost.per_token(1e12);  // throws if the convention needs a number that is not given
  const FlopConvention convention = situation_.cost.convention;
  const bool proportional = convention == FlopConvention::six_nd || convention == FlopConvention::exact;
  if (!proportional || held > 0 || situation_.inference_tokens > 0) return;
  closed_ = power_sum_of(law_);
  flop_per_pair_ = situation_.cost.per_token(1);
}

tables::Columns Allocator::inputs(std::span<const double> n_params, std::span<const double> tokens,
                                  std::span<const double> compute, std::span<const double> n_data) const {
  const std::size_t rows = std::max({n_params.size(), compute.size(), n_data.size()});
  tables::Columns columns;
  for (const std::string& name : law_.columns()) {
    std::vector<double> column(rows);
    const auto at = situation_.at.find(name);
    for (std::size_t i = 0; i < rows; ++i) {
      if (at != situation_.at.end())
        column[i] = at->second;
      else if (name == "n_data")
        column[i] = n_data[i];
      else if (name == "compute")
        column[i] = compute[i];
      else if (name == "n_params")
        column[i] = n_params[i];
      else if (name == "tokens")
        column[i] = tokens[i];
      else if (name == "tokens_per_param")
        column[i] = tokens[i] / n_params[i];
      else if (name == "epochs")
        column[i] = tokens[i] / situation_.at.at("unique_tokens");
      else {
        const ModelShape shape = shape_of(situation_.cost.family, n_params[i]);
        column[i] = name == "n_layers" ? shape.n_layers : shape.d_model;
      }
    }
    columns.add(name, std::move(column));
  }
  return columns;
}

std::vector<double> Allocator::of_columns(std::span<const double> parameters, std::span<const double> n_params,
                                          std::span<const double> tokens, std::span<const double> compute,
                                          std::span<const double> n_data) const {
  return evaluate(law_, inputs(n_params, tokens, compute, n_data), parameters);
}

tables::Columns Allocator::columns(double n_params, double tokens) const {
  if (kind_ != Kind::sizes) return inputs({}, {}, {&tokens, 1}, {&n_params, 1});
  const double trained = situation_.cost.per_token(n_params) * tokens;
  return inputs({&n_params, 1}, {&tokens, 1}, {&trained, 1}, {});
}

double Allocator::compute(double n_params, double tokens) const {
  return situation_.cost.per_token(n_params) * (tokens + situation_.inference_tokens / 3);
}

double Allocator::tokens_for(double n_params, double compute) const {
  return compute / situation_.cost.per_token(n_params) - situation_.inference_tokens / 3;
}

std::vector<double> Allocator::losses(std::span<const double> parameters, std::span<const double> n_params,
                                      std::span<const double> tokens) const {
  if (kind_ != Kind::sizes) return of_columns(parameters, {}, {}, tokens, n_params);
  std::vector<double> trained(n_params.size());
  for (std::size_t i = 0; i < trained.size(); ++i) trained[i] = situation_.cost.per_token(n_params[i]) * tokens[i];
  return of_columns(parameters, n_params, tokens, trained, {});
}

double Allocator::loss(std::span<const double> parameters, double n_params, double tokens) const {
  return losses(parameters, {&n_params, 1}, {&tokens, 1}).front();
}

double Allocator::far_out(std::span<const double> parameters, double log_compute) const {
  if (kind_ == Kind::n_data) return free_data(parameters, std::exp(log_compute), std::exp(log_compute / 2)).loss;
  const bool shared = kind_ == Kind::sizes && needs(law_.columns(), "compute");
  if (shared) return free_sizes(parameters, std::exp(log_compute), std::exp(log_compute)).loss;
  // One input reaches as far as the compute, two of them as far as its root.
  const double input = std::exp(log_compute / 2);
  return of_columns(parameters, {&input, 1}, {&input, 1}, {&input, 1}, {&input, 1}).front();
}

double Allocator::floor(std::span<const double> parameters) const {
  constexpr double kNothing = 1e-9, kEqual = 1e-13;
  const double first = far_out(parameters, kFarthest / 3), middle = far_out(parameters, 2 * kFarthest / 3),
               last = far_out(parameters, kFarthest);
  const double before = first - middle, after = middle - last;
  double limit = last;
  if (after > kEqual * std::abs(last)) limit = before > after ? last - after * after / (before - after) : 0;
  return std::isfinite(limit) && limit > kNothing ? limit : 0;
}

Allocation Allocator::held(std::span<const double> parameters, double compute) const {
  const auto too_small = [&](const char* flag, const std::string& why) {
    throw base::InputError({flag}, fmt::format("{} is too little: {}", base::format_flop(compute), why));
  };
  double n = 0, d = 0;
  if (situation_.n_params) {
    n = *situation_.n_params;
    d = tokens_for(n, compute);
    if (!(d > 0)) too_small("--compute", "inference alone costs as much; reduce --inference-tokens or --n-params");
  } else {
    // Finds the size with a total cost equal to the compute; the cost grows with N.
    const auto excess = [&](double log_n) {
      const double size = std::exp(log_n);
      const double tokens = situation_.tokens ? *situation_.tokens : *situation_.tokens_per_param * size;
      return std::log(compute) - std::log(this->compute(size, tokens));
    };
    const double most = std::log(Allocator::kLargestCompute);
    if (!(excess(0) > 0)) too_small("--compute", "less than one parameter remains; hold fewer tokens");
    n = std::exp(root_between(excess, 0, most));
    d = situation_.tokens ? *situation_.tokens : *situation_.tokens_per_param * n;
  }
  return {compute, n, d, kNaN, loss(parameters, n, d), 0};
}

Allocation Allocator::free_data(std::span<const double> parameters, double compute, double most) const {
  const BatchFunction f = [&](std::span<const double> log_n) {
    std::vector<double> n(log_n.size()), c(log_n.size(), compute);
    for (std::size_t i = 0; i < n.size(); ++i) n[i] = std::exp(log_n[i]);
    std::vector<double> value = of_columns(parameters, {}, {}, c, n);
    for (double& x : value) x = std::log(x);
    return value;
  };
  const LineMinimum minimum = minimise_on_line(f, 0, std::log(most));
  const double n = std::exp(minimum.x);
  return {compute, kNaN, kNaN, n, of_columns(parameters, {}, {}, {&compute, 1}, {&n, 1}).front(), minimum.edge};
}

// `most`: an upper bound of the sizes.
Allocation Allocator::free_sizes(std::span<const double> parameters, double compute, double most) const {
  // The range from one parameter to one token.
  const auto left = [&](double log_n) { return tokens_for(std::exp(log_n), compute) - 1; };
  if (!(left(0) > 0))
    throw base::InputError({"--compute"}, fmt::format("{} do not pay for one token of a model with one parameter",
                                                      base::format_flop(compute)));
  const double last = root_between(left, 0, std::log(most));
  const BatchFunction f = [&](std::span<const double> log_n) {
    std::vector<double> n(log_n.size()), d(log_n.size());
    for (std::size_t i = 0; i < n.size(); ++i) {
      n[i] = std::exp(log_n[i]);
      d[i] = std::max(tokens_for(n[i], compute), 0.5);
    }
    std::vector<double> value = losses(parameters, n, d);
    for (double& x : value) x = std::log(x);
    return value;
  };
  const LineMinimum minimum = minimise_on_line(f, 0, last);
  const double n = std::exp(minimum.x), d = tokens_for(n, compute);
  return {compute, n, d, kNaN, loss(parameters, n, d), minimum.edge};
}

// Unset where the optimum lies beyond one parameter or one token: an edge, which the search reports.
std::optional<Allocation> Allocator::in_closed_form(std::span<const double> parameters, double compute) const {
  if (!closed_) return std::nullopt;
  const PowerSum::Values law = closed_->at(parameters);
  if (!law.has_minimum()) return std::nullopt;
  const double pairs = compute / flop_per_pair_, n = law.n_params(pairs), d = pairs / n;
  if (!(n > 1) || !(d > 1)) return std::nullopt;
  return Allocation{compute, n, d, kNaN, law.floor + law.excess(pairs), 0};
}

Allocation Allocator::best(std::span<const double> parameters, double compute) const {
  require_positive(compute, "--compute");
  if (const auto exact = in_closed_form(parameters, compute)) return *exact;
  return search(parameters, compute);
}

Allocation Allocator::search(std::span<const double> parameters, double compute) const {
  if (kind_ == Kind::compute_only)
    return {compute, kNaN, kNaN, kNaN, of_columns(parameters, {}, {}, {&compute, 1}, {}).front(), 0};
  if (kind_ == Kind::n_data) return free_data(parameters, compute, kMostData);
  return holds_a_size() ? held(parameters, compute) : free_sizes(parameters, compute, kLargestCompute);
}

std::optional<double> Allocator::compute_for(std::span<const double> parameters, double target,
                                             std::optional<double> guess) const {
  require_positive(target, "--loss");
  if (closed_) {
    const PowerSum::Values law = closed_->at(parameters);
    const double compute = law.has_minimum() ? flop_per_pair_ * law.product(target) : 0;
    if (compute > kLargestCompute) return std::nullopt;
    if (compute > 0 && in_closed_form(parameters, compute)) return compute;
  }
  const double most = std::log(kLargestCompute);
  double least = std::log(1e-3);
  if (kind_ == Kind::sizes) {  // the least compute that the held sizes allow
    const double n = situation_.n_params.value_or(1);
    const double d = situation_.tokens ? *situation_.tokens : situation_.tokens_per_param.value_or(1) * n;
    least = std::log(compute(n, std::max(1.0, d))) + 1;
  }
  const auto excess = [&](double log_c) { return std::log(best(parameters, std::exp(log_c)).loss / target); };
  if (!(excess(most) < 0)) return std::nullopt;
  // Steps of growing size, starting near the likely answer.
  double lo = guess ? std::clamp(std::log(*guess) - 0.5, least, most) : least, hi = lo;
  for (double step = 1; excess(lo) <= 0; step *= 2) {
    if (lo <= least) return std::exp(least);
    hi = lo;
    lo = std::max(least, lo - step);
  }
  for (double step = guess ? 1 : 8; hi <= lo || excess(hi) > 0; step *= 2) {
    if (hi > lo) lo = hi;
    hi = std::min(most, lo + step);
  }
  return std::exp(root_between(excess, lo, hi));
}

}  // namespace phaselaw::advice
