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
steps = 4000
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
steps = 1000
measurements_per_doubling = 4
[grid]
seeds = {2}
)";

constexpr int kWidths[] = {4, 8, 16, 32, 64, 128};  // d_hidden; n_heads is a quarter of it
constexpr const char* kDataGrid = "\"data.n_data\" = [256, 512, 1024]\n\"data.noise\" = [0.5]\n";
constexpr const char* kNoiseGrid = "\"data.n_data\" = [512]\n\"data.noise\" = [0.35, 0.71]\n";
constexpr int kQuickTeachers = 4, kFullTeachers = 12;

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
  std::map<std::tuple<std::int64_t, std::int64_t, double>, std::map<std::int64_t, double>> curves;
  for (const auto& run : e.noisy) curves[{run.teacher, run.n_data, run.noise}][run.n_params] = run.best;
  std::vector<Saturation> result;
  for (const auto& [cell, curve] : curves) {
    std::vector<double> sizes, risks;
    for (const auto& [size, risk] : curve) {
      sizes.push_back(static_cast<double>(size));
      risks.push_back(risk);
    }
    result.push_back({std::get<0>(cell), std::get<1>(cell), std::get<2>(cell), saturation_of(sizes, risks)});
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

// The local exponents between neighbouring sizes, mean over teachers: "1.3, 1.1, 0.9".
std::string local_exponents(const std::vector<Observation>& points) {
  const auto curves = complete_curves(points);
  std::string text;
  if (curves.empty()) return text;
  for (std::size_t i = 1; i < curves.front().x.size(); ++i) {
    double sum = 0;
    for (const auto& curve : curves)
      sum -= (curve.log_y[i] - curve.log_y[i - 1]) / std::log(curve.x[i] / curve.x[i - 1]);
    text += (text.empty() ? "" : ", ") + base::format_number(sum / static_cast<double>(curves.size()), 2);
  }
  return text;
}

report::Claim exponent_claim(const ModelSize& e) {
  const auto slopes = model_size_slopes(e);
  const auto exponent = model_size_exponent(e);
  report::Claim claim;
  claim.id = "E4.model_size.exponent";
  claim.statement = "Without noise and with much data, the excess risk falls as 1/M in the model size.";
  claim.source = "docs/theory/excess-risk.md: approximation term c_M/M [S]";
  claim.standing = report::Standing::kStated;
  claim_exponent(1, claim);
  set_measured(exponent, claim);
  claim.undecidable = slopes.undecidable();
  const bool bends = slopes.bend.lo > 0 || slopes.bend.hi < 0;
  claim.reading = fmt::format(
      "a of M^-a over {} sizes: {}. Local exponents from the smallest to the largest pair of sizes: {}{}.",
      slopes.values, slopes.described(), local_exponents(clean_points(e)),
      bends ? fmt::format(
                  "; the curve is not one power, because the exponent of the upper half of the sizes differs by {} "
                  "from that of the lower half, so that a holds for this range only",
                  number(negated(slopes.bend)))
            : "; no bend is visible within the interval");
  claim.would_change = "Larger models, a teacher without a width of its own, or longer training.";
  claim.finding = fmt::format("Without noise the excess risk falls as M^-a with a = {}{}; the paper states 1.",
                              number(exponent), bends ? ", not as one power" : "");
  return claim;
}

report::Claim saturation_claim(const char* id, const char* statement, const char* in, double predicted,
                               const std::vector<Observation>& points) {
  const auto slopes = teacher_slopes(points);
  report::Claim claim;
  claim.id = std::string("E4.model_size.") + id;
  claim.statement = statement;
  claim.source = "docs/theory/excess-risk.md: saturation at M* ~ n/xi^2 [S]";
  claim.standing = report::Standing::kStated;
  claim_exponent(predicted, claim);
  set_measured(slopes, claim);
  claim.reading = fmt::format(
      "Slope of ln M* on ln {} over {} values: {}. M* is the size at which the best risk is twice its lowest value over the "
      "sizes.",
      in, slopes.values, slopes.described());
  claim.would_change = "Larger models, and more data or less noise, so that M* covers a wider range.";
  claim.finding = fmt::format(
      "The model size beyond which the risk stops falling goes as {} to the power {}; the paper "
      "states {}.",
      in, number(slopes.slope), base::format_number(predicted));
  return claim;
}

}  // namespace

double saturation_of(const std::vector<double>& n_params, const std::vector<double>& risk) {
  if (n_params.size() < 2) return base::kNaN;
  double lowest = base::kInfinity;
  for (const double value : risk) {
    if (!(value > 0)) return base::kNaN;
    lowest = std::min(lowest, value);
  }
  const double level = 2 * lowest;
  for (std::size_t i = 1; i < risk.size(); ++i) {
    if (risk[i] > level) continue;
    if (!(risk[i - 1] > level)) return base::kNaN;  // below the smallest size
    const double share = std::log(risk[i - 1] / level) / std::log(risk[i - 1] / risk[i]);
    const double size = n_params[i - 1] * std::pow(n_params[i] / n_params[i - 1], share);
    return size <= kLargestShare * n_params.back() ? size : base::kNaN;
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
  return {exponent_claim(e),
          saturation_claim("saturation_data", "The model size beyond which the risk stops falling grows as n.",
                           "n_data", 1, saturation_against_data(e)),
          saturation_claim("saturation_noise", "The model size beyond which the risk stops falling grows as noise^-2.",
                           "noise", -2, saturation_against_noise(e))};
}

ModelSize measure_model_size(const Context& context, Finding& finding) {
  const int teachers = context.full() ? kFullTeachers : kQuickTeachers;
  ModelSize e;
  base::Value studies;
  for (const int width : kWidths) {
    const auto toml = [&](const std::string& rest) {
      return fmt::format(fmt::runtime(kModel + rest), width, width / 4, teachers);
    };
    carry_out(context, fmt::format("model_size.clean.{}", width), toml(kClean), e.clean, studies);
    carry_out(context, fmt::format("model_size.data.{}", width), toml(kNoisy + std::string(kDataGrid)), e.noisy,
              studies);
    carry_out(context, fmt::format("model_size.noise.{}", width), toml(kNoisy + std::string(kNoiseGrid)), e.noisy,
              studies);
  }
  finding.configurations.emplace_back("model_size studies", base::to_json(studies));
  return e;
}

}  // namespace phaselaw::reproduce
