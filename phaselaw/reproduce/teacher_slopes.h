// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/reproduce/random_effect.h"
#include "phaselaw/reproduce/verdict.h"

// An exponent measured for each teacher, with an interval that contains the choice of the teacher.
//
// Every teacher is measured at the same values of x (depths, widths, sizes). For each teacher the slope of ln y on ln x
// is the least-squares line through the means of ln y at each x, and the exponent is the mean over teachers with
// Student's t interval (random_effect.h). Scatter within a teacher enters only through the scatter between teachers, so
// points of one teacher need not be independent [T].
//
// A teacher counts if it has a finite y > 0 at every x of the design. A slope over part of the range would be another
// quantity, and which teachers lack a point is no accident: with more than kMostIncomplete of them, the exponent is
// reported, and `undecidable` says why no claim is decided by it.
namespace phaselaw::reproduce {

inline constexpr double kMostIncomplete = 0.2;     // share of the teachers
inline constexpr std::size_t kFewestTeachers = 3;  // two give intervals of 12 standard errors

struct Observation {
  std::int64_t teacher = 0;
  double x = 0, y = 0;
};

struct TeacherSlopes {
  Effect slope;               // d ln y/d ln x
  Effect lower, upper, bend;  // the slopes over the lower and the upper half of the design, and upper - lower, which is
                              // 0 for a power law; NaN for fewer than four values of x
  std::vector<double> for_each;  // the slope of each complete teacher
  std::size_t teachers = 0;      // with any point
  std::size_t values = 0;        // of x
  [[nodiscard]] std::size_t complete() const { return for_each.size(); }
  [[nodiscard]] bool bends() const { return bend.lo > 0 || bend.hi < 0; }
  [[nodiscard]] std::string undecidable() const;  // "" = the design is complete enough
  // "mean of 6 slopes, one for each teacher (Student t)", with the slopes of both halves if the curve bends
  [[nodiscard]] std::string described() const;
};
[[nodiscard]] TeacherSlopes teacher_slopes(std::span<const Observation> points);

// The points that count, with the columns that fits for each teacher need: x and the mean ln y at it, ascending in x.
struct TeacherCurve {
  std::int64_t teacher = 0;
  std::vector<double> x, log_y;
};
[[nodiscard]] std::vector<TeacherCurve> complete_curves(std::span<const Observation> points);

// The claim takes the slope as its measurement, and the reason why it is undecidable.
void set_measured(const TeacherSlopes& slopes, report::Claim& claim);

// A claim that several claims all hold [T: intersection-union test, Berger 1982]. Supporting it must refute the opposite
// of each, so its p value is the largest of theirs; refuting it needs one that fails, so its p value is the smallest of
// theirs times their number (Bonferroni). NaN for no claims, or if one has no interval.
[[nodiscard]] PValues p_values_of_all(std::span<const report::Claim> claims);

// The claim that y ~ x^predicted over the whole range: predicted, margin, measurement and p values. A slope through a
// curve that bends may agree by accident, so that with four values of x or more the exponent must hold in the lower and
// in the upper half (p_values_of_all()); with fewer, over the range.
void claim_power(double predicted, const TeacherSlopes& slopes, report::Claim& claim);

}  // namespace phaselaw::reproduce
