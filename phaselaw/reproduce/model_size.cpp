// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/model_size.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/verdict.h"

// The measurement, the exponents and the claims; figures and table are in model_size_figures.cpp.
namespace phaselaw::reproduce {

namespace {

// d_head is 1, so that n_heads and with it every block of parameters grows with d_hidden.
constexpr const char* kModel = R"(seed = 1
[model]
n_layers = 1
seq_len = 4
d_model = 4
d_hidden = {0}
n_heads = {1}
d_head = 1
branch_scale = 0.7
[data]
source = "teacher"
teacher_d_hidden = 1024
teacher_n_heads = 256
n_test = 512
)";
constexpr const char* kClean = R"(n_data = 8192
noise = 0.0
[training]
optimizer = "adamw"
learning_rate = 0.01
schedule = "wsd"
decay = 0.5
batch = 32
steps = 8000
measurements_per_doubling = 1
[grid]
seeds = {2}
)";
constexpr const char* kNoisy = R"([training]
optimizer = "adamw"
learning_rate = 0.01
schedule = "wsd"
decay = 0.9
batch = 32
steps = 1600
measurements_per_doubling = 4
[grid]
seeds = {2}
)";

constexpr int kWidths[] = {4, 8, 16, 32, 64, 128};  // d_hidden; n_heads is a quarter of it
constexpr const char* kDataGrid = "\"data.n_data\" = [128, 256, 512, 1024]\n\"data.noise\" = [0.5]\n";
constexpr const char* kNoiseGrid = "\"data.n_data\" = [512]\n\"data.noise\" = [0.35, 1.0]\n";
constexpr int kQuickTeachers = 4, kFullTeachers = 16;

void carry_out(const Context& context, const std::string& name, const std::string& toml, std::vector<SizeRun>& runs,
               base::Value& studies) {
  const auto study = carry_out_study(context, name, context.document(toml, toml, name));
  studies.push_back(base::parse_json(study.study.json, name));
  std::map<std::int64_t, const sweep::Point*> points;
  for (const auto& point : study.study.points) points[point.index] = &point;
  for (const auto& record : study.runs) {
    const auto& point = *points.at(record.index);
    SizeRun run{point.experiment.seed,       point.n_params, point.experiment.data.n_data,
                point.experiment.data.noise, base::kNaN,     base::kNaN};
    if (record.status == store::Status::kFinished) {
      run.last = record.measurements.back().excess_risk;
      for (const auto& m : record.measurements)
        if (!(m.excess_risk >= run.best)) run.best = m.excess_risk;
    }
    runs.push_back(run);
  }
}

std::vector<Observation> clean_points(const ModelSize& e) {
  std::vector<Observation> points;
  for (const auto& run : e.clean) points.push_back({run.teacher, static_cast<double>(run.n_params), run.last});
  return points;
}

// M* of each teacher in each cell (n_data, noise).
struct Saturation {
  std::int64_t teacher = 0, n_data = 0;
  double noise = 0, n_params = 0;
};
std::vector<Saturation> saturations(const ModelSize& e) {
  std::map<std::pair<std::int64_t, std::int64_t>, double> clean;  // by teacher and size
  for (const auto& run : e.clean) clean[{run.teacher, run.n_params}] = run.last;
  std::map<std::tuple<std::int64_t, std::int64_t, double>, std::map<std::int64_t, double>> curves;
  for (const auto& run : e.noisy) curves[{run.teacher, run.n_data, run.noise}][run.n_params] = run.best;
  std::vector<Saturation> result;
  for (const auto& [cell, curve] : curves) {
    const auto [teacher, n_data, noise] = cell;
    std::vector<double> sizes, without, with;
    for (const auto& [size, risk] : curve) {
      const auto known = clean.find({teacher, size});
      if (known == clean.end()) continue;
      sizes.push_back(static_cast<double>(size));
      without.push_back(known->second);
      with.push_back(risk);
    }
    result.push_back({teacher, n_data, noise, saturation_of(sizes, without, with)});
  }
  return result;
}

// The value of `fixed` at which `varied` has the most values.
template <class Fixed, class Varied>
Fixed richest(const std::vector<Saturation>& points, Fixed Saturation::*fixed, Varied Saturation::*varied) {
  std::map<Fixed, std::set<Varied>> values;
  for (const auto& point : points) values[point.*fixed].insert(point.*varied);
  return std::max_element(values.begin(), values.end(),
                          [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); })
      ->first;
}

template <class Fixed, class Varied>
std::vector<Observation> along(const ModelSize& e, Fixed Saturation::*fixed, Varied Saturation::*varied) {
  const auto points = saturations(e);
  if (points.empty()) return {};
  const Fixed at = richest(points, fixed, varied);
  std::vector<Observation> result;
  for (const auto& point : points)
    if (point.*fixed == at) result.push_back({point.teacher, static_cast<double>(point.*varied), point.n_params});
  return result;
}

std::string number(const Effect& effect) { return base::format_value(effect.value, effect.lo, effect.hi); }

Effect negated(const Effect& effect) { return {-effect.value, -effect.hi, -effect.lo, effect.degrees}; }

// The slopes between neighbouring sizes, mean over teachers: "-1.3, -1.1, -0.9".
std::string local_slopes(const std::vector<Observation>& points) {
  const auto curves = complete_curves(points);
  std::string text;
  if (curves.empty()) return text;
  for (std::size_t i = 1; i < curves.front().x.size(); ++i) {
    double sum = 0;
    for (const auto& curve : curves)
      sum += (curve.log_y[i] - curve.log_y[i - 1]) / std::log(curve.x[i] / curve.x[i - 1]);
    text += (text.empty() ? "" : ", ") + base::format_number(sum / static_cast<double>(curves.size()), 2);
  }
  return text;
}

report::Claim exponent_claim(const ModelSize& e) {
  const auto slopes = model_size_slopes(e);
  report::Claim claim;
  claim.id = "E4.model_size.exponent";
  claim.statement = "Without noise and with much data, the excess risk falls as 1/M in the model size.";
  claim.source = "docs/theory/excess-risk.md: approximation term c_M/M [S]";
  claim.standing = report::Standing::kStated;
  claim_power(-1, slopes, claim);
  claim.predicted_text = "-1";
  claim.reading = fmt::format(
      "Slope of ln risk on ln M over {} sizes: {}. The slopes between neighbouring sizes are {}, from the smallest pair to "
      "the largest.",
      slopes.values, slopes.described(), local_slopes(clean_points(e)));
  claim.would_change = "Larger models, other ways of growing them, or longer training.";
  const auto halves =
      fmt::format(", from {} for small to {} for large models", base::format_number(slopes.lower.value, 2),
                  base::format_number(slopes.upper.value, 2));
  claim.finding = fmt::format(
      "Without noise and with much data, the excess risk falls as M to the power {}{}; the paper states -1.",
      number(slopes.slope), slopes.bends() ? halves : "");
  return claim;
}

// How many runs of the largest model were still falling at their end, so that their best risk is an upper bound.
std::string still_falling(const std::vector<SizeRun>& runs) {
  std::int64_t largest = 0;
  for (const auto& run : runs) largest = std::max(largest, run.n_params);
  std::size_t count = 0, falling = 0;
  for (const auto& run : runs) {
    if (run.n_params != largest) continue;
    ++count;
    falling += run.best == run.last ? 1 : 0;
  }
  return fmt::format("{} of {} runs of the largest model were still falling at their end", falling, count);
}

report::Claim saturation_claim(const char* id, const char* statement, const char* in, double predicted,
                               const TeacherSlopes& slopes, const ModelSize& e) {
  report::Claim claim;
  claim.id = std::string("E4.model_size.") + id;
  claim.statement = statement;
  claim.source = "docs/theory/excess-risk.md: saturation at M* ~ n/xi^2 [S]";
  claim.standing = report::Standing::kStated;
  claim_power(predicted, slopes, claim);
  claim.reading = fmt::format(
      "Slope of ln M* on ln {} over {} values: {}. M* is the size at which the best risk of a noisy run is "
      "twice the risk without noise, so that both parts of the risk are equal; {}.",
      in, slopes.values, slopes.described(), still_falling(e.noisy));
  claim.would_change =
      "A teacher with an effective dimension that does not grow with n, so that the risk of large models falls as "
      "noise^2/n; larger models, and a wider range of n and noise.";
  claim.finding = fmt::format(
      "The model size beyond which the risk stops falling goes as {} to the power {}; the paper "
      "states {}.",
      in, number(slopes.slope), base::format_number(predicted));
  return claim;
}

}  // namespace

double saturation_of(const std::vector<double>& n_params, const std::vector<double>& clean,
                     const std::vector<double>& noisy) {
  double before = base::kNaN;  // ln(noisy/(2 clean)) at the size before
  for (std::size_t i = 0; i < n_params.size(); ++i) {
    const double here = std::log(noisy[i] / (2 * clean[i]));
    if (!std::isfinite(here)) return base::kNaN;
    if (here >= 0)
      return i == 0 ? base::kNaN : n_params[i - 1] * std::pow(n_params[i] / n_params[i - 1], before / (before - here));
    before = here;
  }
  return base::kNaN;
}

TeacherSlopes model_size_slopes(const ModelSize& e) { return teacher_slopes(clean_points(e)); }

Effect model_size_exponent(const ModelSize& e) { return negated(model_size_slopes(e).slope); }

std::vector<Observation> saturation_against_data(const ModelSize& e) {
  return along(e, &Saturation::noise, &Saturation::n_data);
}

std::vector<Observation> saturation_against_noise(const ModelSize& e) {
  return along(e, &Saturation::n_data, &Saturation::noise);
}

std::vector<report::Claim> claims_of(const ModelSize& e) {
  const auto data = teacher_slopes(saturation_against_data(e)), noise = teacher_slopes(saturation_against_noise(e));
  std::vector<report::Claim> claims = {
      exponent_claim(e),
      saturation_claim("saturation_data", "The model size beyond which the risk stops falling grows as n.", "n_data", 1,
                       data, e),
      saturation_claim("saturation_noise", "The model size beyond which the risk stops falling grows as noise^-2.",
                       "noise", -2, noise, e)};
  claims.back().reading += fmt::format(" A function of n/noise^2 only would have -2 times the slope in n_data, {}.",
                                       base::format_number(-2 * data.slope.value, 2));
  return claims;
}

ModelSize measure_model_size(const Context& context, Finding& finding) {
  const int teachers = context.full() ? kFullTeachers : kQuickTeachers;
  ModelSize e;
  base::Value studies;
  const auto toml = [&](int width, const std::string& rest) {
    return fmt::format(fmt::runtime(kModel + rest), width, width / 4, teachers);
  };
  for (const int width : kWidths)
    carry_out(context, fmt::format("model_size.clean.{}", width), toml(width, kClean), e.clean, studies);
  for (const int width : kWidths)
    for (const auto& [name, grid] : {std::pair{"data", kDataGrid}, {"noise", kNoiseGrid}})
      carry_out(context, fmt::format("model_size.{}.{}", name, width), toml(width, std::string(kNoisy) + grid), e.noisy,
                studies);
  finding.configurations.emplace_back("model_size studies", base::to_json(studies));
  return e;
}

}  // namespace phaselaw::reproduce
