// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>
#include <optional>

#include "phaselaw/base/errors.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"
#include "phaselaw/theory/two_stage.h"

// phaselaw theory [numbers]: the two-stage law evaluated.
namespace phaselaw::cli {

namespace {

struct TheoryFlags {
  std::string edition = "v1";
  std::optional<double> p, r, compute, n_data;
  double a = 1, noise = 1;
};

base::Value number(const std::optional<double>& x) { return x ? base::Value(*x) : base::Value(); }

theory::Edition edition_of(const TheoryFlags& flags) {
  if (flags.edition != "free") {
    if (flags.p || flags.r)
      throw base::InputError({flags.p ? "--p" : "--r"}, "only --edition free takes it; add --edition free");
    auto edition = theory::edition_from_name(flags.edition);
    edition.a = flags.a;
    return edition;
  }
  if (!flags.p) throw base::InputError({"--edition"}, "free needs the compute exponent p; add --p, e.g. --p 6");
  return theory::edition_free(*flags.p, flags.r.value_or(1), flags.a);
}

void require_positive(const char* flag, const char* meaning, double value) {
  if (!(value > 0) || !std::isfinite(value))
    throw base::InputError({flag}, fmt::format("{} must be > 0 and finite; found {}", meaning, value));
}

void evaluate(const Common& common, const TheoryFlags& flags) {
  require_outputs(common);
  require_positive("--noise", "the noise xi", flags.noise);
  require_positive("--a", "the constant of the compute accounting", flags.a);
  if (flags.p) require_positive("--p", "the compute exponent", *flags.p);
  if (flags.r) require_positive("--r", "the risk exponent", *flags.r);
  if (flags.compute) require_positive("--compute", "the compute", *flags.compute);
  if (flags.n_data) require_positive("--n-data", "the number of sequences", *flags.n_data);
  if (!flags.compute && !flags.n_data)
    throw base::InputError("theory needs --compute, --n-data or both, e.g. phaselaw theory --compute 1e12");
  const auto edition = edition_of(flags);
  const auto s = theory::summarise(edition, {.compute = flags.compute, .n_data = flags.n_data, .noise = flags.noise});
  base::Value result =
      base::Value::table({{"edition", s.edition},
                          {"p", s.p},
                          {"risk_exponent", s.risk_exponent},
                          {"branch_scale", base::Value()},
                          {"log10_d_hidden_min", base::Value()},
                          {"rate", base::Value()},
                          {"radius_max", base::Value()},
                          {"threshold_compute", number(s.threshold_compute)},
                          {"stage", s.stage ? base::Value(theory::to_string(*s.stage)) : base::Value()},
                          {"n_data_optimal", number(s.n_data_optimal)},
                          {"excess_risk_upper", number(s.excess_risk_upper)},
                          {"excess_risk_lower", base::Value()},
                          {"slope", number(s.slope)},
                          {"gd_rate", base::Value()},
                          {"accelerated_rate", base::Value()}});
  emit_json(common, result);
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"quantity", "value"}};
  for (const auto& [key, value] : result.entries())
    if (!value.is_null())
      rows.push_back({key, value.is_text() ? value.text() : report::format_number(value.number(), 6)});
  fmt::print("{}", text_table(rows));
}

}  // namespace

void add_theory(Program& program) {
  auto flags = std::make_shared<TheoryFlags>();
  add_verb(program, "theory", "evaluate the two-stage law at given compute and data",
           "phaselaw theory --compute 1e12 --noise 0.3", [&program, flags] { evaluate(program.common, *flags); })
      .option("--compute", flags->compute, "compute in the units of a (the paper: parameters x sequences x steps)")
      .option("--n-data", flags->n_data, "training sequences n; left out: the best n for the compute")
      .option("--noise", flags->noise, "label noise xi per output coordinate")
      .option("--edition", flags->edition, "v1 (exponent 1/6), v3 (1/7), predecessor (1/8) or free")
      .option("--p", flags->p, "free: compute grows like n^p")
      .option("--r", flags->r, "free: risk falls like n^-r; default 1")
      .option("--a", flags->a, "constant of the compute accounting");
}

}  // namespace phaselaw::cli
