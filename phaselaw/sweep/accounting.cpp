// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/accounting.h"

#include <array>
#include <cmath>
#include <memory>

#include "phaselaw/sweep/experiment.h"

namespace phaselaw::sweep {

using base::InputError;
using base::Value;

namespace {

constexpr std::array<std::pair<std::string_view, Compute>, 5> kComputes = {
    {{"auto", Compute::automatic},
     {"flop", Compute::flop},
     {"steps", Compute::steps},
     {"model-data-steps", Compute::model_data_steps},
     {"monomial", Compute::monomial}}};

// The exponents with the names and values of their columns.
struct Factor {
  std::string_view name;
  double exponent, value;
};
std::array<Factor, 5> factors(const Accounting& a, const ChargedColumns& c = {}) {
  return {{{"n_params", a.n_params, c.n_params},
           {"n_data", a.n_data, c.n_data},
           {"n_steps", a.n_steps, c.n_steps},
           {"tokens", a.tokens, c.tokens},
           {"seq_len", a.seq_len, c.seq_len}}};
}

bool has_exponents(const Accounting& a) {
  for (const Factor& factor : factors(a))
    if (factor.exponent != 0) return true;
  return false;
}

// What the runs of a study are measured by: no envelope can mix these.
std::string measured_quantity(const Experiment& e) {
  if (e.model.reads_tokens())
    return e.data.knows_distribution() ? "excess risk in nats per token" : "loss in nats per token";
  return e.data.source == data::Source::teacher ? "excess risk, squared" : "squared loss without a known target";
}

}  // namespace

base::EnumNames<Compute> enum_names(Compute) { return kComputes; }

Accounting accounting_from(const Value& document) {
  Accounting a;
  const Value* section = document.find("accounting");
  if (section != nullptr) base::read_fields(*section, a, "accounting");
  const bool own = has_exponents(a);
  if (a.compute == Compute::automatic) a.compute = own ? Compute::monomial : Compute::flop;
  if (own && a.compute != Compute::monomial)
    throw InputError(
        section->where(),
        fmt::format("accounting.compute = \"{}\" has its own exponents; remove the exponents, or choose \"monomial\"",
                    base::enum_name(a.compute)));
  if (a.compute == Compute::steps) a.n_steps = 1;
  if (a.compute == Compute::model_data_steps) a.n_params = a.n_data = a.n_steps = 1;
  if (!a.is_flop() && !(a.n_steps + a.tokens > 0))
    throw InputError(section->where(),
                     fmt::format("accounting: expected a charge that grows along a run, with an exponent > 0 of "
                                 "n_steps or tokens; found {}; add n_steps = 1",
                                 own ? in_words(a) : "no exponents"));
  return a;
}

Accounting accounting_of(const store::Store& store) {
  return accounting_from(base::parse_json(store.study_json(), store.path()));
}

void require_comparable(const Study& study, const base::Location& where) {
  const std::string first = measured_quantity(study.points.front().experiment);
  for (const Point& point : study.points) {
    if (study.accounting.n_data > 0 && point.experiment.data.one_pass)
      throw InputError(where,
                       fmt::format("accounting: n_data is not defined along a one-pass run (run {}), where it is "
                                   "the sequences seen at the end; charge tokens instead",
                                   point.index));
    if (const std::string quantity = measured_quantity(point.experiment); quantity != first)
      throw InputError(where, fmt::format("the runs of a study must measure the same quantity; run 0 measures {}, and "
                                          "run {} measures {}; make one study for each",
                                          first, point.index, quantity));
  }
}

double charged_compute(const Accounting& accounting, const ChargedColumns& columns) {
  if (accounting.is_flop()) return columns.compute_flop;
  double charge = 1;
  for (const Factor& factor : factors(accounting, columns))
    if (factor.exponent != 0) charge *= std::pow(factor.value, factor.exponent);
  return charge;
}

std::string in_words(const Accounting& accounting) {
  if (accounting.is_flop()) return "exact FLOP";
  std::string words;
  for (const Factor& factor : factors(accounting)) {
    if (factor.exponent == 0) continue;
    words += fmt::format("{}{}", words.empty() ? "" : " ", factor.name);
    if (factor.exponent != 1) words += fmt::format("^{}", factor.exponent);
  }
  return words;
}

std::string compute_label(const Accounting& a) { return a.is_flop() ? "training compute" : "charged compute"; }
std::string compute_unit(const Accounting& a) { return a.is_flop() ? "FLOP, exact" : in_words(a); }

std::vector<store::DerivedColumn> charged_column(const Accounting& accounting) {
  if (accounting.is_flop()) return {};
  // Rows come run by run, so the configuration is read once for each run.
  struct Last {
    std::string configuration;
    ChargedColumns columns;
  };
  const auto last = std::make_shared<Last>();
  const auto charge = [accounting, last](const store::RunRecord& run, const store::Measurement& m) {
    if (last->configuration != run.configuration || last->configuration.empty()) {
      const std::string where = fmt::format("run {}", run.index);
      const Value configuration = base::parse_json(run.configuration, where);
      last->configuration = run.configuration;
      last->columns.n_params = base::parse_json(run.summary, where).at("n_params").number();
      last->columns.n_data = configuration.at("data").at("n_data").number();
      last->columns.seq_len = configuration.at("model").at("seq_len").number();
    }
    ChargedColumns columns = last->columns;
    columns.n_steps = static_cast<double>(m.step);
    columns.tokens = m.tokens;
    columns.compute_flop = m.compute_flop;
    return charged_compute(accounting, columns);
  };
  return {{"charged_compute", charge}};
}

}  // namespace phaselaw::sweep
