// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/output_direction.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/tables/messages.h"
#include "phaselaw/tables/output_kind.h"

namespace phaselaw::advice {

namespace {

using tables::OutputKind;

constexpr double kRises = 0.5, kRisesStrongly = 0.8;  // rank correlations

bool is_computed(const std::vector<std::string>& computed, const std::string& heading) {
  return std::find(computed.begin(), computed.end(), heading) != computed.end();
}

// At most this many rows, evenly chosen.
std::vector<std::size_t> some_rows(std::size_t n) {
  constexpr std::size_t kMost = 500;
  std::vector<std::size_t> rows;
  const std::size_t stride = (n + kMost - 1) / kMost;
  for (std::size_t row = 0; row < n; row += std::max<std::size_t>(stride, 1)) rows.push_back(row);
  return rows;
}

// Whether some parameters of its domain let the law go up where these rows do.
bool can_follow(const laws::Law& law, const tables::Measurements& data) {
  const tables::Measurements rows = data.rows(some_rows(data.output.size()));
  constexpr int kDraws = 64;
  std::mt19937_64 draw(1);
  const auto uniform = [&] { return static_cast<double>(draw() >> 11U) * 0x1p-53; };
  for (int k = 0; k < kDraws; ++k) {
    std::vector<double> parameters;
    for (const laws::Parameter& parameter : law.parameters) {
      const double size = std::pow(10.0, -2 + 3 * uniform());
      parameters.push_back(parameter.domain == laws::ParameterDomain::real && uniform() < 0.5 ? -size : size);
    }
    const auto agreement = tables::rank_correlation(laws::evaluate(law, rows.columns, parameters), rows.output);
    if (agreement && *agreement > 0) return true;
  }
  return false;
}

// The column with which the output rises, and how clearly; none if it falls with another.
std::optional<std::pair<std::string, double>> rise_of(const std::vector<std::string>& names, const tables::Rows& rows) {
  std::optional<std::pair<std::string, double>> most;
  for (const std::string& name : names) {
    std::optional<double> with;
    try {
      with = tables::rank_correlation(rows.data.columns.get(name), rows.data.output);
    } catch (const base::InputError&) {
      continue;  // a column that this table does not have
    }
    if (with && *with < -kRises) return std::nullopt;
    if (with && *with >= kRises && (!most || *with > most->second)) most = {name, *with};
  }
  return most;
}

std::string range_text(std::span<const double> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format("{} to {}", base::format_number(*low, 4), base::format_number(*high, 4));
}

std::string falling_advice(OutputKind kind, const std::string& heading, std::span<const double> values) {
  const std::string form = tables::falling_form(kind, heading, values);
  return form.empty()
             ? std::string("give a quantity that falls, by an expression of this column in --col loss=EXPRESSION")
             : fmt::format("give {} with --col {}", kind == OutputKind::score ? "the error" : "its negative",
                           tables::shell_argument("loss", form));
}

}  // namespace

void require_falling_output(const std::optional<laws::Law>& law, tables::Rows& rows) {
  const std::string& heading = rows.output_column;
  if ((law && law->output != "loss") || is_computed(rows.computed, heading)) return;
  const OutputKind kind = tables::output_kind(heading);
  if (kind == OutputKind::loss) return;
  const auto rise =
      rise_of(law ? law->columns() : std::vector<std::string>{"compute", "tokens", "n_params", "step"}, rows);
  if (!rise || (law && can_follow(*law, rows.data))) return;
  const std::string what =
      fmt::format("{} rises with {} ({})", heading, rows.own_name(rise->first), range_text(rows.data.output));
  if (kind == OutputKind::unknown) {
    if (rise->second >= kRisesStrongly)
      rows.warnings.push_back(fmt::format(
          "{}, but a law of a loss only falls; if it is a score, {}, or write a law that rises; if it is a loss, larger "
          "runs are worse here",
          what, falling_advice(OutputKind::score, heading, rows.data.output)));
    return;
  }
  throw base::InputError(
      rows.place("loss", 0),
      fmt::format("{}, as a {} does, but {} only falls; {}, or fit a law that rises: --law 'I-A*{}^-a' --objective "
                  "l2-raw",
                  what, kind == OutputKind::score ? "score" : "likelihood or a reward",
                  law ? "the law " + law->name : "every law of a loss", falling_advice(kind, heading, rows.data.output),
                  rise->first));
}

void require_falling_curves(const std::vector<tables::Curve>& curves, const std::vector<std::string>& computed) {
  std::size_t rising = 0, falling = 0, judged = 0;
  const tables::Curve* example = nullptr;
  for (const tables::Curve& curve : curves) {
    const OutputKind kind = tables::output_kind(curve.quantity);
    if (kind == OutputKind::loss || is_computed(computed, curve.quantity)) continue;
    const auto along = tables::rank_correlation(curve.progress(), curve.loss);
    ++judged;
    if (along && *along < -kRises) ++falling;
    if (!along || *along < (kind == OutputKind::unknown ? kRisesStrongly : kRises)) continue;
    ++rising;
    if (example == nullptr) example = &curve;
  }
  if (example == nullptr || 2 * rising <= judged || falling > 0) return;
  OutputKind kind = tables::output_kind(example->quantity);
  const bool unknown = kind == OutputKind::unknown;
  if (unknown) kind = OutputKind::score;
  throw base::InputError(
      fmt::format("{} rises along {} ({}){}; a diagnosis is of a loss, which falls; {}", example->quantity,
                  rising == 1 ? fmt::format("the run {}", example->name) : fmt::format("{} of {} runs", rising, judged),
                  range_text(example->loss), unknown ? ": is it a score?" : ", as a score does",
                  falling_advice(kind, example->quantity, example->loss)));
}

}  // namespace phaselaw::advice
