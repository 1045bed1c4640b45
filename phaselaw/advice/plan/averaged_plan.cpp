// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/averaged_plan.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/field_reader.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/fitting/averaging.h"
#include "phaselaw/fitting/uncertainty.h"

namespace phaselaw::advice {

namespace {

// A law that can be planned with.
struct Voter {
  const fitting::SavedFit* saved;
  Allocator allocator;
  double weight;

  [[nodiscard]] double loss(std::span<const double> parameters, double n, double d) const {
    return allocator.has_sizes() ? allocator.loss(parameters, n, d)
                                 : allocator.best(parameters, allocator.compute(n, d)).loss;
  }
};

std::vector<Voter> voters(const std::vector<WeightedFit>& fits, const Situation& situation) {
  std::vector<Voter> list;
  for (const WeightedFit& fit : fits) {
    if (fit.saved.fit.value.empty()) continue;
    try {
      Voter voter{&fit.saved, Allocator(fit.saved.fit.law, situation), fit.weight};
      if (!voter.allocator.has_n_data()) list.push_back(std::move(voter));
    } catch (const base::InputError&) {
      continue;
    }
  }
  return list;
}

class AveragedPlanner {
 public:
  AveragedPlanner(const AveragedPlanner&) = delete;
  AveragedPlanner& operator=(const AveragedPlanner&) = delete;
  AveragedPlanner(std::vector<Voter> list, const Situation& situation)
      : voters_(std::move(list)), situation_(situation) {
    const auto sized =
        std::find_if(voters_.begin(), voters_.end(), [](const Voter& v) { return v.allocator.has_sizes(); });
    if (sized == voters_.end())
      throw base::InputError({"--law"}, "none of the averaged laws gives sizes; fit laws of n_params and tokens");
    sizes_ = &sized->allocator;
    sized_parameters_ = &sized->saved->fit.value;
    held_ = situation.n_params || situation.tokens || situation.tokens_per_param;
    double total = 0;
    for (const Voter& voter : voters_) total += voter.weight;
    if (!(total > 0)) throw base::InputError({"--law"}, "the laws with a weight cannot be planned with");
    for (const Voter& voter : voters_) weights_.push_back(voter.weight / total);
    for (const Voter& voter : voters_) uncertainties_.emplace_back(*voter.saved);
  }

  [[nodiscard]] double loss(double n, double d) const {
    std::vector<double> values;
    for (const Voter& voter : voters_) values.push_back(voter.loss(voter.saved->fit.value, n, d));
    return fitting::spread_of(values, weights_).value;
  }

  [[nodiscard]] Allocation best(double compute) const {
    if (held_) {  // the same sizes under every law
      Allocation at = sizes_->best(*sized_parameters_, compute);
      at.loss = loss(at.n_params, at.tokens);
      return at;
    }
    const auto left = [&](double log_n) { return sizes_->tokens_for(std::exp(log_n), compute) - 1; };
    if (!(left(0) > 0))
      throw base::InputError({"--compute"}, fmt::format("{} do not pay for one token of a model with one parameter",
                                                        base::format_flop(compute)));
    const double last = root_between(left, 0, std::log(Allocator::kLargestCompute));
    const LineMinimum minimum = minimise_on_line(
        [&](std::span<const double> log_n) {
          std::vector<double> value;
          for (const double x : log_n)
            value.push_back(std::log(loss(std::exp(x), std::max(sizes_->tokens_for(std::exp(x), compute), 0.5))));
          return value;
        },
        0, last);
    const double n = std::exp(minimum.x), d = sizes_->tokens_for(n, compute);
    return {compute, n, d, base::kNaN, loss(n, d), minimum.edge};
  }

  [[nodiscard]] PlanPoint at_compute(double compute) const {
    base::throw_if_interrupted();
    const Allocation chosen = best(compute);
    const double n = chosen.n_params, d = chosen.tokens;
    PlanPoint point;
    point.compute = {"compute", compute, compute, compute, true, true};
    point.edge = chosen.edge;
    point.n_data.value = base::kNaN;
    point.floor.value = point.exponent_n_params.value = point.exponent_tokens.value = base::kNaN;
    point.loss = hull("loss", chosen.loss, [&](std::size_t i) {
      return std::optional(
          uncertainties_[i].estimate("loss", [&, i](std::span<const double> p) { return voters_[i].loss(p, n, d); }));
    });
    point.run = hull("run", chosen.loss, [&](std::size_t i) { return new_run(i, n, d); });
    point.n_params = hull("n_params", n, [&](std::size_t i) { return size_of(i, compute, true); });
    point.tokens = hull("tokens", d, [&](std::size_t i) { return size_of(i, compute, false); });
    point.tokens_per_param = {"tokens_per_param", d / n, {}, {}, false, false};
    if (situation_.n_params) point.n_params = {"n_params", n, n, n, true, true};
    if (situation_.tokens) point.tokens = {"tokens", d, d, d, true, true};
    if (situation_.tokens_per_param) point.tokens_per_param = {"tokens_per_param", d / n, d / n, d / n, true, true};
    point.flop_multiple = situation_.cost.per_token(n) / (6 * n);
    return point;
  }

  [[nodiscard]] std::string description() const {
    std::vector<fitting::Member> members;
    for (std::size_t i = 0; i < voters_.size(); ++i)
      members.push_back({voters_[i].saved->fit.law, voters_[i].saved->fit.value, weights_[i]});
    return fitting::AveragedLaw(std::move(members)).description();
  }
  [[nodiscard]] const fitting::Uncertainty& first() const { return uncertainties_.front(); }

 private:
  // The hull of the intervals of all laws that have the quantity.
  template <class F>
  fitting::Estimate hull(const char* name, double value, const F& of) const {
    fitting::Estimate out{name, value, value, value, false, false};
    for (std::size_t i = 0; i < voters_.size(); ++i) {
      const std::optional<fitting::Estimate> own = of(i);
      if (!own) continue;
      out.lo = out.lo && own->lo ? std::optional(std::min(*out.lo, *own->lo)) : std::nullopt;
      out.hi = out.hi && own->hi ? std::optional(std::max(*out.hi, *own->hi)) : std::nullopt;
    }
    out.identified = within_widest_factor(out);
    return out;
  }

  [[nodiscard]] std::optional<fitting::Estimate> size_of(std::size_t i, double compute, bool n_params) const {
    const Allocator& allocator = voters_[i].allocator;
    if (!allocator.has_sizes()) return std::nullopt;
    return uncertainties_[i].estimate("size", [&](std::span<const double> p) {
      const Allocation own = allocator.best(p, compute);
      const int edge = n_params ? own.edge : -own.edge;
      return edge > 0 ? base::kInfinity : edge < 0 ? 0 : n_params ? own.n_params : own.tokens;
    });
  }

  [[nodiscard]] std::optional<fitting::Estimate> new_run(std::size_t i, double n, double d) const {
    tables::Columns at;
    at.add("n_params", {n});
    at.add("tokens", {d});
    at.add("compute", {sizes_->compute(n, d)});
    for (const auto& [name, value] : situation_.at) at.add(name, {value});
    try {
      return uncertainties_[i].new_run("run", at);
    } catch (const base::InputError&) {
      return std::nullopt;  // a law of shapes
    }
  }

  std::vector<Voter> voters_;
  Situation situation_;
  const Allocator* sizes_ = nullptr;  // of the first law that gives sizes
  const std::vector<double>* sized_parameters_ = nullptr;
  bool held_ = false;
  std::vector<double> weights_;
  std::vector<fitting::Uncertainty> uncertainties_;
};

}  // namespace

std::vector<WeightedFit> surviving_fits(const base::Value& document, const std::string& source) {
  const base::Value* order = document.is_table() ? document.find("ranking") : nullptr;
  std::vector<WeightedFit> survivors;
  if (order == nullptr || !order->is_list()) return survivors;
  std::vector<fitting::SavedFit> fits = fitting::saved_fits_from(document, source);
  if (fits.size() != order->list().size()) return survivors;
  for (std::size_t i = 0; i < fits.size(); ++i) {
    const base::FieldReader row(order->list()[i], "write the file again with phaselaw fit --json");
    if (!row.has("weight") || !row.at("survives").boolean()) continue;
    if (row.at("law").text() != fits[i].fit.name())
      row.at("law").wrong(fmt::format("{}, the law of the fit at this place", fits[i].fit.name()));
    const base::FieldReader weight = row.at("weight");
    survivors.push_back({std::move(fits[i]), weight.is_null() ? 0.0 : weight.as<double>(base::between(0, 1))});
  }
  return survivors;
}

std::vector<LawSpread> spread_of_laws(const std::vector<WeightedFit>& fits, const Situation& situation,
                                      const std::vector<double>& computes) {
  std::vector<LawSpread> spreads;
  const std::vector<Voter> list = voters(fits, situation);
  for (const double compute : computes) {
    LawSpread spread{compute, {}, base::kNaN, base::kNaN, base::kInfinity, 0};
    for (const Voter& voter : list) {
      const Allocation own = voter.allocator.best(voter.saved->fit.value, compute);
      spread.laws.push_back(voter.saved->fit.name());
      spread.loss_lowest = std::min(spread.loss_lowest, own.loss);
      spread.loss_highest = std::max(spread.loss_highest, own.loss);
      if (std::isnan(own.n_params) || own.edge != 0) continue;
      spread.n_params_lowest = std::fmin(spread.n_params_lowest, own.n_params);
      spread.n_params_highest = std::fmax(spread.n_params_highest, own.n_params);
    }
    spreads.push_back(std::move(spread));
  }
  return spreads;
}

std::string sentence(const LawSpread& spread) {
  if (spread.laws.size() < 2) return "";
  const auto size = [](double n) { return base::format_number(n, 2, base::Notation::suffix); };
  const std::string sizes =
      std::isnan(spread.n_params_lowest)
          ? std::string()
          : fmt::format("N* from {} to {}, ", size(spread.n_params_lowest), size(spread.n_params_highest));
  return fmt::format("at {}, laws that predict as well ({}) give {}loss from {} to {}",
                     base::format_flop(spread.compute), fmt::join(spread.laws, ", "), sizes,
                     base::format_number(spread.loss_lowest, 4), base::format_number(spread.loss_highest, 4));
}

base::Value to_value(const LawSpread& spread) {
  return base::Value::table(
      {{"compute", spread.compute},
       {"laws", base::Value(spread.laws)},
       {"n_params", base::Value::table({{"lowest", spread.n_params_lowest}, {"highest", spread.n_params_highest}})},
       {"loss", base::Value::table({{"lowest", spread.loss_lowest}, {"highest", spread.loss_highest}})}});
}

Plan averaged_plan(const std::vector<WeightedFit>& fits, const std::vector<double>& computes,
                   const PlanOptions& options) {
  const AveragedPlanner planner(voters(fits, options.situation), options.situation);
  for (const double compute : computes) (void)planner.best(compute);  // errors first
  Plan plan{"averaged",
            "weighted geometric mean of " + planner.description(),
            "hull over the laws of: " + planner.first().method(),
            base::enum_to_text(options.situation.cost.convention),
            planner.first().level(),
            {},
            {},
            {},
            {}};
  for (const double compute : computes) plan.points.push_back(planner.at_compute(compute));
  return plan;
}

}  // namespace phaselaw::advice
