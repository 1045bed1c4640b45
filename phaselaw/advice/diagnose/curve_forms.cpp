// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/curve_forms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::advice {

namespace {

constexpr double kLargestInflation = 50;
constexpr std::size_t kFewestBlocks = 5;
constexpr double kLargestPower = 3;  // largest late exponent that still describes a power law

struct Described {
  const char* form;
  const char* expression;  // of x
  bool exponential_start;
  const char* bend_parameter;
  double bend_factor;
  const char* exponent_parameter;
};
constexpr Described kForms[] = {
    {"two-stage", "E + A*exp(-q*lambert_w(x/C0))", true, "C0", 2.718281828459045, "q"},
    {"shifted-power", "E + A*(1 + x/t0)^-q", false, "t0", 1, "q"},
    {"exponential", "E + A*exp(-x/t0)", true, "", 1, ""},
    {"exponential-power", "E + A*exp(-x/t0) + B*x^-q", true, "", 1, "q"},
    {"broken-power", "E + A*(x/C1)^-q0*(1 + (x/C1)^(1/f))^((q0 - q)*f)", false, "C1", 1, "q"},
    {"power", "E + A*x^-alpha", false, "", 1, "alpha"},
};

const char* letter_of(const std::string& clock) {
  if (clock == "compute") return "C";
  if (clock == "tokens") return "D";
  return clock == "lr_sum" ? "S1" : "t";
}

laws::Parameter described(const std::string& name, const LossCurve& curve) {
  const double first = curve.x.front(), last = curve.x.back();
  if (name == "E") return {name, laws::ParameterDomain::non_negative, "loss", "floor"};
  if (name == "q" || name == "alpha") return {name, laws::ParameterDomain::positive, "1", "late exponent", 0.03, 3};
  if (name == "q0") return {name, laws::ParameterDomain::positive, "1", "early exponent", 0.01, 3};
  if (name == "f") return {name, laws::ParameterDomain::positive, "1", "width of the break: 0 is sharp", 0.1, 1.5};
  if (name == "t0" || name == "C0" || name == "C1")
    return {name, laws::ParameterDomain::positive, curve.unit, "scale of the clock", first / (name == "C0" ? 3 : 1),
            last};
  return {name, laws::ParameterDomain::positive, "loss", name == "K" ? "annealing" : "amplitude"};
}

laws::Law law_of(const Described& form, const LossCurve& curve) {
  std::string text = form.expression;
  for (std::size_t at = text.find('x'); at != std::string::npos; at = text.find('x', at + 1)) {
    if (at > 0 && text[at - 1] == 'e') continue;  // exp
    text.replace(at, 1, letter_of(curve.clock));
  }
  if (curve.annealed) text += " - K*S2";
  const laws::Expression expression = laws::Expression::parse(text, {});
  std::vector<laws::Parameter> parameters;
  for (const std::string& name : expression.parameters()) parameters.push_back(described(name, curve));
  return laws::make_law(form.form, "a loss curve", "docs/diagnose.md [T]", text, parameters);
}

std::vector<double> log_residuals(const CurveFits& fits, const fitting::Fit& fit) {
  std::vector<double> left = block_values(fits, fit);
  for (std::size_t b = 0; b < left.size(); ++b) left[b] = std::log(fits.data.output[b] / left[b]);
  return left;
}

double weighted_square(const std::vector<double>& residual, const std::vector<double>& weights) {
  double square = 0, total = 0;
  for (std::size_t b = 0; b < residual.size(); ++b) {
    const double w = weights.empty() ? 1 : weights[b];
    square += w * residual[b] * residual[b];
    total += w;
  }
  return square / total;
}

// Finds s of Mandel and Paule: sum r^2/(sd^2 + s^2) = n - k.
double scatter_of(const std::vector<double>& residual, const std::vector<double>& sd, double k) {
  const double goal = std::max(1.0, static_cast<double>(residual.size()) - k);
  const auto total = [&](double s) {
    double sum = 0;
    for (std::size_t b = 0; b < residual.size(); ++b) sum += residual[b] * residual[b] / (sd[b] * sd[b] + s * s);
    return sum;
  };
  if (!(total(0) > goal)) return 0;
  double low = 0, high = 1;
  while (total(high) > goal) high *= 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (total(middle) > goal ? low : high) = middle;
  }
  return high;
}

// Returns why the fitted parameters do not mean what their names say; empty if they do.
std::string degenerate(const Described& form, const LossCurve& curve, const fitting::Fit& fit) {
  const std::string exponent = form.exponent_parameter;
  if (exponent.empty()) return {};
  if (const double q = fit.find(exponent)->value; q > kLargestPower)
    return fmt::format("its late exponent {} is too large for a power law", base::format_number(q, 2));
  if (std::string_view(form.form) != "broken-power") return {};
  const double c1 = fit.find("C1")->value;
  return c1 > curve.x.front() && c1 < curve.x.back() ? "" : "its break lies outside the curve";
}

Start start_of(const Described& form, const LossCurve& curve, const fitting::Fit& fit) {
  if (!form.exponential_start) return Start::power;
  const std::string name = form.form;
  const double first = curve.x.front();
  const double scale = name == "two-stage" ? form.bend_factor * fit.find("C0")->value : fit.find("t0")->value;
  if (scale <= first) return Start::power;
  if (name != "exponential-power") return Start::exponential;
  const double fast = fit.find("A")->value * (std::exp(-first / scale) - std::exp(-1.0));
  const double q = fit.find("q")->value;
  const double slow = fit.find("B")->value * (std::pow(first, -q) - std::pow(scale, -q));
  if (fast > 2 * slow) return Start::exponential;
  return slow > 2 * fast ? Start::power : Start::mixed;
}

// Fits one form if there are enough rows; if the form cannot be fitted, a note says why.
void fit_one(const Described& form, const LossCurve& curve, CurveFits& fits, const fitting::FitOptions& options) {
  const laws::Law law = law_of(form, curve);
  if (fits.data.output.size() < law.parameters.size() + 2) {
    fits.notes.push_back(fmt::format("{}: not fitted, it has {} parameters and the curve only {} blocks", form.form,
                                     law.parameters.size(), fits.data.output.size()));
    return;
  }
  try {
    fitting::Fit fit = fitting::fit_law(law, fits.data, options);
    if (fit.theta.empty()) {
      fits.notes.push_back(fmt::format("{}: not fitted, {}", form.form, fit.convergence.status));
      return;
    }
    const std::string problem = degenerate(form, curve, fit);
    if (!problem.empty()) {
      fits.notes.push_back(fmt::format("{}: discarded, {}", form.form, problem));
      return;
    }
    const Start start = start_of(form, curve, fit);
    fits.forms.push_back({std::move(fit), form.form, start, form.bend_parameter, form.bend_factor,
                          form.exponent_parameter, 0, 0, base::kNaN});
  } catch (const base::InputError& error) {
    fits.notes.push_back(fmt::format("{}: not fitted, {}", form.form, error.what()));
  }
}

void set_weights(const LossCurve& curve, CurveFits& fits) {
  const bool known = std::all_of(curve.sd.begin(), curve.sd.end(), [](double sd) { return sd > 0; });
  if (!known) return;
  // The scatter is estimated from a first fit with equal weights, of the forms that are quick to fit.
  fitting::FitOptions equal = fits.options;
  for (const Described& form : kForms)
    if (std::string_view(form.form) != "broken-power") fit_one(form, curve, fits, equal);
  double best = std::numeric_limits<double>::infinity();
  const CurveFormFit* found = nullptr;
  for (const CurveFormFit& form : fits.forms) {
    const double square = weighted_square(log_residuals(fits, form.fit), {});
    if (square < best) {
      best = square;
      found = &form;
    }
  }
  if (found != nullptr)
    fits.scatter = scatter_of(log_residuals(fits, found->fit), curve.sd, static_cast<double>(found->fit.theta.size()));
  fits.forms.clear();
  fits.notes.clear();
  for (const double sd : curve.sd) fits.options.weights.push_back(1 / (sd * sd + fits.scatter * fits.scatter));
}

double holdout_error(const CurveFits& fits, const CurveFormFit& form) {
  const std::size_t n = fits.data.output.size(), kept = n - std::max<std::size_t>(2, n / 5);
  std::vector<std::size_t> first(kept);
  std::iota(first.begin(), first.end(), std::size_t{0});
  if (kept < form.fit.law.parameters.size() + 2) return base::kNaN;
  // The annealing of rows that were hardly annealed does not predict that of rows taken entirely from the decay
  // phase.
  if (fits.data.columns.has("lr_drop")) {
    const std::vector<double> drop = fits.data.columns.get("lr_drop");
    if (drop.back() > 2 * drop[kept - 1]) return base::kNaN;
  }
  const fitting::Fit fit = fitting::fit_law(form.fit.law, fits.data.rows(first), fits.options.rows(first));
  if (fit.theta.empty()) return base::kNaN;
  const std::vector<double> value = evaluate(fit.law, fits.data.columns, fit.value);
  double total = 0;
  for (std::size_t b = kept; b < n; ++b) total += std::abs(value[b] / fits.data.output[b] - 1);
  return total / static_cast<double>(n - kept);
}

// The mean weighted square of a form's residuals, under the weights of `reference`; above 0, for its logarithm.
double square_under(const CurveFits& reference, const CurveFits& fits, const CurveFormFit& form) {
  return std::max(weighted_square(log_residuals(fits, form.fit), reference.options.weights), 1e-30);
}

}  // namespace

double inflation_of(const std::vector<double>& residual, const std::vector<double>& weights) {
  double lagged = 0, square = 0;
  std::vector<double> standard = residual;
  if (!weights.empty())
    for (std::size_t b = 0; b < standard.size(); ++b) standard[b] *= std::sqrt(weights[b]);
  for (std::size_t b = 0; b < standard.size(); ++b) {
    square += standard[b] * standard[b];
    if (b > 0) lagged += standard[b] * standard[b - 1];
  }
  const double rho = square > 0 ? std::clamp(lagged / square, 0.0, 1.0) : 0;
  return std::min((1 + rho) / std::max(1 - rho, 1e-9), kLargestInflation);
}

std::vector<double> block_values(const CurveFits& fits, const fitting::Fit& fit) {
  return evaluate(fit.law, fits.data.columns, fit.value);
}

std::vector<double> form_values(const LossCurve& curve, const fitting::Fit& fit, const std::vector<double>& x) {
  tables::Columns columns;
  columns.add(curve.clock, x);
  if (curve.annealed) columns.add("lr_drop", std::vector<double>(x.size(), 0.0));
  return evaluate(fit.law, columns, fit.value);
}

CurveFits fit_curve_forms(const LossCurve& curve, double level) {
  CurveFits fits;
  fits.data.columns.add(curve.clock, curve.x);
  if (curve.annealed) fits.data.columns.add("lr_drop", curve.drop);
  fits.data.output = curve.loss;
  fits.options.objective = fitting::Objective::l2;
  fits.options.interval = fitting::IntervalMethod::none;
  fits.options.level = level;
  const std::size_t n = curve.x.size();
  fits.independent = static_cast<double>(n);
  if (n < kFewestBlocks) {
    fits.notes.push_back(
        fmt::format("{} usable row{}: too few to fit a form; record the loss more often", n, n == 1 ? "" : "s"));
    return fits;
  }
  const auto [low, high] = std::minmax_element(curve.loss.begin(), curve.loss.end());
  if (*low == *high) {
    fits.notes.push_back("all losses are equal, so nothing can be fitted");
    return fits;
  }
  // Noise takes some blocks of a curve that has reached its floor below it.
  if (std::all_of(curve.sd.begin(), curve.sd.end(), [](double sd) { return sd > 0; }))
    fits.options.floor_room = fitting::floor_room(curve.loss, curve.sd);
  set_weights(curve, fits);
  for (const Described& form : kForms) {
    base::throw_if_interrupted();
    fit_one(form, curve, fits, fits.options);
  }
  if (fits.forms.empty()) return fits;

  const auto square = [&](const CurveFormFit& form) { return square_under(fits, fits, form); };
  const auto best = std::min_element(fits.forms.begin(), fits.forms.end(),
                                     [&](const auto& a, const auto& b) { return square(a) < square(b); });
  fits.inflation = inflation_of(log_residuals(fits, best->fit), fits.options.weights);
  fits.independent = static_cast<double>(n) / fits.inflation;
  fits.options.variance_inflation = fits.inflation;
  for (CurveFormFit& form : fits.forms) {
    const double k = static_cast<double>(form.fit.theta.size()) + 1;
    const double left = static_cast<double>(n) - k - 1;
    form.misfit = fits.independent * std::log(square(form));
    form.qaicc = form.misfit + 2 * k + (left > 0 ? 2 * k * (k + 1) / left : std::numeric_limits<double>::infinity());
    form.holdout_error = holdout_error(fits, form);
  }
  std::stable_sort(fits.forms.begin(), fits.forms.end(),
                   [](const auto& a, const auto& b) { return a.qaicc < b.qaicc; });
  const double lowest = fits.forms.front().qaicc;
  for (CurveFormFit& form : fits.forms) form.delta = std::isfinite(form.qaicc) ? form.qaicc - lowest : form.qaicc;
  return fits;
}

double misfit_under(const CurveFits& reference, const CurveFits& fits) {
  if (fits.forms.empty()) return std::numeric_limits<double>::infinity();
  return reference.independent * std::log(square_under(reference, fits, fits.forms.front()));
}

fitting::Fit with_intervals(const CurveFits& fits, const CurveFormFit& form, fitting::FitOptions& options) {
  options = fits.options;
  options.interval = fitting::IntervalMethod::profile;
  options.variance_inflation =
      std::max(fits.inflation, inflation_of(log_residuals(fits, form.fit), fits.options.weights));
  std::map<std::string, double> start;
  for (std::size_t p = 0; p < form.fit.law.parameters.size(); ++p)
    start[form.fit.law.parameters[p].name] = form.fit.value[p];
  options.starts = {start};
  return fitting::fit_law(form.fit.law, fits.data, options);
}

}  // namespace phaselaw::advice
