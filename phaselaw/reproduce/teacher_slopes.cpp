// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/teacher_slopes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::reproduce {

namespace {

bool usable(const Observation& point) { return point.x > 0 && point.y > 0 && std::isfinite(point.y); }

std::vector<double> logs(std::span<const double> values) {
  std::vector<double> result;
  for (const double value : values) result.push_back(std::log(value));
  return result;
}

std::string number(const Effect& effect) { return base::format_value(effect.value, effect.lo, effect.hi); }

}  // namespace

std::vector<TeacherCurve> complete_curves(std::span<const Observation> points) {
  std::set<double> design;
  std::map<std::int64_t, std::map<double, std::vector<double>>> by_teacher;
  for (const auto& point : points) {
    design.insert(point.x);
    if (usable(point)) by_teacher[point.teacher][point.x].push_back(std::log(point.y));
  }
  std::vector<TeacherCurve> curves;
  for (const auto& [teacher, by_x] : by_teacher) {
    if (by_x.size() < design.size()) continue;
    TeacherCurve curve;
    curve.teacher = teacher;
    for (const auto& [x, log_y] : by_x) {
      curve.x.push_back(x);
      curve.log_y.push_back(numerics::mean(log_y));
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

TeacherSlopes teacher_slopes(std::span<const Observation> points) {
  std::set<std::int64_t> teachers;
  std::set<double> design;
  for (const auto& point : points) {
    teachers.insert(point.teacher);
    design.insert(point.x);
  }
  TeacherSlopes result;
  result.teachers = teachers.size();
  result.values = design.size();
  if (design.size() < 2) return result;
  // The halves share the middle value of x if their number is odd.
  const std::size_t half = (design.size() + 1) / 2;
  std::vector<double> lower, upper, bends;
  for (const auto& curve : complete_curves(points)) {
    const auto log_x = logs(curve.x);
    const std::span<const double> x = log_x, y = curve.log_y;
    result.for_each.push_back(numerics::least_squares_line(x, y).slope);
    if (design.size() < 4) continue;
    lower.push_back(numerics::least_squares_line(x.first(half), y.first(half)).slope);
    upper.push_back(numerics::least_squares_line(x.last(half), y.last(half)).slope);
    bends.push_back(upper.back() - lower.back());
  }
  result.slope = effect_of(result.for_each);
  result.lower = effect_of(lower);
  result.upper = effect_of(upper);
  result.bend = effect_of(bends);
  return result;
}

std::string TeacherSlopes::undecidable() const {
  const double missing = static_cast<double>(teachers - complete());
  if (complete() >= kFewestTeachers && missing <= kMostIncomplete * static_cast<double>(teachers)) return {};
  return fmt::format("only {} of {} teachers have a measurement at each of the {} points of the design", complete(),
                     teachers, values);
}

std::string TeacherSlopes::described() const {
  std::string text = fmt::format("mean of {} slopes, one for each teacher (Student t", complete());
  if (complete() < teachers)
    text += fmt::format("; {} teachers without a measurement at every point are left out", teachers - complete());
  text += ")";
  if (bends())
    text += fmt::format(
        "; the curve is not one power: the slope is {} over the lower and {} over the upper half of the range",
        number(lower), number(upper));
  return text;
}

PValues p_values_of_all(std::span<const report::Claim> claims) {
  PValues all{base::kNaN, base::kNaN};
  if (claims.empty()) return all;
  all = {0, 1};
  for (const auto& claim : claims) {
    const auto p = p_values(claim);
    if (std::isnan(p.supporting)) return {base::kNaN, base::kNaN};
    all.supporting = std::max(all.supporting, p.supporting);
    all.refuting = std::min(all.refuting, p.refuting);
  }
  all.refuting = std::min(1.0, all.refuting * static_cast<double>(claims.size()));
  return all;
}

void set_measured(const TeacherSlopes& slopes, report::Claim& claim) {
  set_measured(slopes.slope, claim);
  claim.undecidable = slopes.undecidable();
}

void claim_power(double predicted, const TeacherSlopes& slopes, report::Claim& claim) {
  claim_exponent(predicted, claim);
  set_measured(slopes, claim);
  if (!std::isfinite(slopes.bend.value)) return;
  std::vector<report::Claim> halves(2);
  for (auto& half : halves) claim_exponent(predicted, half);
  set_measured(slopes.lower, halves[0]);
  set_measured(slopes.upper, halves[1]);
  const auto p = p_values_of_all(halves);
  claim.p_supporting = p.supporting;
  claim.p_refuting = p.refuting;
}

}  // namespace phaselaw::reproduce
