// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/number_evidence.h"

#include "phaselaw/documents/number_parts.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kWordsThatMakeText = 1000;

std::size_t digits_from(std::string_view cell, std::size_t at) {
  std::size_t end = at;
  while (end < cell.size() && static_cast<unsigned char>(cell[end] - '0') < 10) ++end;
  return end - at;
}

// A cell of ASCII digits with at most one point and an exponent; false if it is anything else.
bool add_plain(std::string_view cell, std::size_t row, ColumnEvidence& evidence) {
  std::size_t at = cell[0] == '-' ? 1 : 0;
  const std::size_t begin = at, whole = digits_from(cell, at);
  at += whole;
  bool point = false;
  std::size_t fraction = 0;
  if (at < cell.size() && cell[at] == '.') {
    point = true;
    fraction = digits_from(cell, ++at);
    at += fraction;
  }
  if (whole + fraction == 0) return false;
  const bool exponent = at < cell.size() && (cell[at] == 'e' || cell[at] == 'E');
  if (exponent) {
    ++at;
    if (at < cell.size() && (cell[at] == '-' || cell[at] == '+')) ++at;
    const std::size_t digits = digits_from(cell, at);
    if (digits == 0) return false;
    at += digits;
  }
  if (at != cell.size()) return false;
  evidence.add(Sign::number, row);
  evidence.add(Sign::alone, row);
  if (!point) {
    if (!exponent) evidence.add(Sign::digits, row);
    if (!exponent && whole > 3) evidence.add(Sign::many_digits, row);
  } else if (!exponent && fraction == 3 && whole >= 1 && whole <= 3 && cell[begin] != '0') {
    evidence.add(Sign::point_either, row);
    if (cell.back() == '0') evidence.add(Sign::round_either, row);
  } else {
    evidence.add(Sign::decimal_point, row);
  }
  return true;
}

void add_shape(const DigitShape& shape, std::string_view digits, std::size_t row, ColumnEvidence& evidence) {
  if (shape.decimal != '\0') evidence.add(shape.decimal == '.' ? Sign::decimal_point : Sign::decimal_comma, row);
  if (shape.either != '\0') {
    evidence.add(shape.either == '.' ? Sign::point_either : Sign::comma_either, row);
    if (digits.back() == '0') evidence.add(Sign::round_either, row);
  }
  switch (shape.groups) {
    case '.':
      evidence.add(Sign::point_groups, row);
      break;
    case ',':
      evidence.add(Sign::comma_groups, row);
      break;
    case ' ':
      evidence.add(Sign::spaces, row);
      break;
    case '\'':
      evidence.add(Sign::apostrophes, row);
      break;
    case '_':
      evidence.add(Sign::underscores, row);
      break;
    default:
      break;
  }
  if (!shape.bare) return;
  evidence.add(Sign::digits, row);
  if (digits.size() > 3) evidence.add(Sign::many_digits, row);
}

void add_unit(const NumberParts& parts, std::size_t row, ColumnEvidence& evidence) {
  if (parts.factor != 1) evidence.add(Sign::factor, row);
  if (parts.percent) evidence.add(Sign::percent, row);
  if (parts.factor == 1 && parts.unit == "m") {
    evidence.add(Sign::small_m, row);
  } else if (parts.factor == 1 && (parts.unit == "b" || parts.unit == "t")) {
    evidence.add(Sign::small_b_or_t, row);
  } else if (!parts.unit.empty()) {
    if (evidence.unit.empty()) evidence.unit = parts.unit;
    evidence.add(parts.unit == evidence.unit ? Sign::unit : Sign::other_unit, row);
  } else if (parts.factor == 1 && !parts.percent) {
    evidence.add(Sign::alone, row);
  }
}

void add_cell(std::string_view cell, std::size_t row, ColumnEvidence& evidence) {
  if (cell.empty() || add_plain(cell, row, evidence)) return;
  NumberBuffer buffer;
  const NumberParts parts = number_parts(cell, buffer);
  const DigitShape shape = parts.kind == PartsKind::number ? shape_of(parts) : DigitShape{};
  if (parts.kind == PartsKind::text || (parts.kind == PartsKind::number && !shape.valid)) {
    evidence.add(Sign::word, row);
    return;
  }
  if (parts.marked) evidence.add(Sign::mark, row);
  if (parts.kind != PartsKind::number) return;
  evidence.add(Sign::number, row);
  add_shape(shape, parts.digits, row, evidence);
  if (parts.uncertain) {
    evidence.add(Sign::uncertainty, row);
    if (!parts.uncertainty.empty()) {
      NumberParts own;
      own.digits = parts.uncertainty;
      const DigitShape own_shape = shape_of(own);
      if (own_shape.valid && !own_shape.bare && own_shape.either == '\0')
        add_shape(own_shape, own.digits, row, evidence);
    }
  }
  add_unit(parts, row, evidence);
}

}  // namespace

bool ColumnEvidence::is_plain() const {
  for (const Sign sign : {Sign::decimal_comma, Sign::point_groups, Sign::comma_groups, Sign::comma_either, Sign::spaces,
                          Sign::apostrophes, Sign::underscores, Sign::mark, Sign::uncertainty, Sign::percent,
                          Sign::factor, Sign::small_m, Sign::small_b_or_t, Sign::unit})
    if (has(sign)) return false;
  return !has(Sign::point_either) || has(Sign::decimal_point);
}

ColumnEvidence evidence_of(const Table& table, std::size_t column) {
  ColumnEvidence evidence;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    add_cell(table.view(row, column), row, evidence);
    if (evidence.count(Sign::word) == kWordsThatMakeText && !evidence.has(Sign::number)) break;
  }
  return evidence;
}

}  // namespace phaselaw::documents
