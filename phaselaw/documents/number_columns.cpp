// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/number_columns.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "phaselaw/documents/number_evidence.h"
#include "phaselaw/documents/number_parts.h"

namespace phaselaw::documents {

namespace {

enum class SignReading { decimal, groups, unclear, open };

// What the columns of a table show together.
struct Country {
  std::size_t decimal_points = 0, decimal_commas = 0;  // columns that show the decimal sign by themselves
  std::size_t point_groups = 0, comma_groups = 0;      // columns that show the sign between thousands only
  std::size_t ungrouped = 0;                           // columns that write thousands without a sign
  bool semicolons = false;
};

struct ColumnContext {
  const Table& table;
  std::size_t column;
  const ColumnEvidence& evidence;
};

std::string at_line(const ColumnContext& context, std::size_t row) {
  const long line = context.table.line(row);
  return fmt::format("'{}'{}", context.table.view(row, context.column),
                     line > 0 ? fmt::format(" at line {}", line) : "");
}

std::string two_forms(const ColumnContext& context, std::size_t a, std::size_t b, std::string_view rest) {
  return fmt::format("column `{}` holds {} and {}, {}", context.table.header[context.column], at_line(context, a),
                     at_line(context, b), rest);
}

// Steps from cells without a sign to cells such as 1.000 and back, as logarithms of their ratio in both readings.
struct Transitions {
  std::size_t count = 0;
  double as_decimal = 0, as_groups = 0;                  // mean |ln ratio|
  bool rises_as_decimal = true, rises_as_groups = true;  // over all cells
};

Transitions transitions_of(const ColumnContext& context, char sign) {
  Transitions result;
  double last_decimal = NAN, last_groups = NAN;
  bool last_bare = false;
  for (std::size_t row = 0; row < context.table.n_rows(); ++row) {
    NumberBuffer buffer;
    const NumberParts parts = number_parts(context.table.view(row, context.column), buffer);
    if (parts.kind != PartsKind::number) continue;
    const DigitShape shape = shape_of(parts);
    const base::Number decimal = number_of_digits(parts.digits, parts.exponent, sign, '\0');
    const base::Number groups = shape.either == sign ? number_of_digits(parts.digits, 0, '\0', sign) : decimal;
    if (decimal.kind != base::NumberKind::finite || groups.kind != base::NumberKind::finite) continue;
    if (shape.either == sign || shape.bare) {
      if (last_decimal != 0 && decimal.value != 0 && shape.bare != last_bare && !std::isnan(last_decimal)) {
        ++result.count;
        result.as_decimal += std::abs(std::log(std::abs(decimal.value / last_decimal)));
        result.as_groups += std::abs(std::log(std::abs(groups.value / last_groups)));
      }
      last_bare = shape.bare;
    }
    if (decimal.value <= last_decimal) result.rises_as_decimal = false;
    if (groups.value <= last_groups) result.rises_as_groups = false;
    last_decimal = decimal.value;
    last_groups = groups.value;
  }
  if (result.count > 0) {
    result.as_decimal /= static_cast<double>(result.count);
    result.as_groups /= static_cast<double>(result.count);
  }
  return result;
}

// Cells such as 500 beside 1.000: a format of three decimals would have written 500.000, and one that drops zeros would
// have written 1. Otherwise only the order of the rows tells the readings apart.
SignReading by_cells_without_sign(const ColumnContext& context, char sign) {
  const ColumnEvidence& e = context.evidence;
  if (!e.has(Sign::digits)) return SignReading::open;
  constexpr double kClear = 1.5;  // a factor of 4.5
  const Transitions steps = transitions_of(context, sign);
  const double gain = steps.as_decimal - steps.as_groups;
  const std::size_t either = e.count(sign == '.' ? Sign::point_either : Sign::comma_either);
  if (e.has(Sign::many_digits)) return e.has(Sign::round_either) ? SignReading::unclear : SignReading::open;
  if (e.has(Sign::round_either))
    return gain > kClear ? SignReading::groups : gain < -kClear ? SignReading::decimal : SignReading::unclear;
  if (gain > kClear)
    return either > 1 && steps.rises_as_groups && !steps.rises_as_decimal ? SignReading::groups : SignReading::unclear;
  return gain < -kClear ? SignReading::decimal : SignReading::open;
}

// Points between thousands in another column do not make 3.412 a thousand: people also write 64.000 beside 6.10.
SignReading of_points(const ColumnEvidence& e, const Country& country) {
  const bool all_round = e.count(Sign::round_either) == e.count(Sign::point_either);
  if (country.semicolons && all_round && country.decimal_commas == 0) return SignReading::unclear;
  if (country.decimal_points > 0)
    return country.decimal_commas + country.point_groups > 0 ? SignReading::unclear : SignReading::decimal;
  if (country.decimal_commas > 0) return SignReading::groups;
  return country.point_groups > 0 ? SignReading::unclear : SignReading::decimal;
}

SignReading of_commas(const Country& country) {
  if (country.decimal_commas > 0)
    return country.decimal_points + country.comma_groups > 0 ? SignReading::unclear : SignReading::decimal;
  if (country.decimal_points > 0) return SignReading::groups;
  if (country.semicolons)
    return country.ungrouped > 0 && country.comma_groups == 0 ? SignReading::decimal : SignReading::unclear;
  return country.ungrouped > 0 && country.comma_groups == 0 ? SignReading::unclear : SignReading::groups;
}

// The decimal sign and the sign between thousands. Returns the ambiguity, or nothing.
std::string decide_signs(const ColumnContext& context, const Country& country, const DocumentOptions& options,
                         NumberStyle& style) {
  const ColumnEvidence& e = context.evidence;
  const auto first_of = [&](Sign a, Sign b) { return e.row(e.has(a) ? a : b); };
  const int groups = e.has(Sign::spaces) + e.has(Sign::apostrophes) + e.has(Sign::underscores);
  const bool points = e.points_are_decimal(), commas = e.commas_are_decimal();
  const std::string_view unclear = "so the decimal sign is not clear; write them with the same decimal sign";
  if (points && commas && options.decimal.empty())
    return two_forms(context, first_of(Sign::decimal_point, Sign::comma_groups),
                     first_of(Sign::decimal_comma, Sign::point_groups), unclear);
  if (points != commas || (points && commas)) {
    style.decimal = points && commas ? options.decimal[0] : points ? '.' : ',';
    const bool other_sign = style.decimal == '.' ? e.has(Sign::comma_groups) || e.has(Sign::comma_either)
                                                 : e.has(Sign::point_groups) || e.has(Sign::point_either);
    if (other_sign) style.thousands = style.decimal == '.' ? ',' : '.';
  } else if (e.has(Sign::point_either) && e.has(Sign::comma_either) && options.decimal.empty()) {
    return two_forms(context, e.row(Sign::point_either), e.row(Sign::comma_either), unclear);
  } else if (e.has(Sign::point_either) || e.has(Sign::comma_either)) {
    const char sign = e.has(Sign::point_either) ? '.' : ',', other = sign == '.' ? ',' : '.';
    SignReading reading = SignReading::open;
    if (!options.decimal.empty()) reading = options.decimal[0] == sign ? SignReading::decimal : SignReading::groups;
    if (reading == SignReading::open && groups > 0) reading = SignReading::decimal;
    if (reading == SignReading::open) reading = by_cells_without_sign(context, sign);
    if (reading == SignReading::open) reading = sign == '.' ? of_points(e, country) : of_commas(country);
    if (reading == SignReading::unclear) {
      const std::size_t row = e.row(sign == '.' ? Sign::point_either : Sign::comma_either);
      NumberBuffer buffer;
      const NumberParts parts = number_parts(context.table.view(row, context.column), buffer);
      const double decimal = number_of_digits(parts.digits, 0, sign, '\0').value;
      return fmt::format("{} in column `{}` is {} or {}; give --decimal {} if it is {}, or --decimal {} if it is {}",
                         at_line(context, row), context.table.header[context.column], decimal, decimal * 1000, sign,
                         decimal, other, decimal * 1000);
    }
    style.decimal = reading == SignReading::decimal ? sign : other;
    if (reading == SignReading::groups) style.thousands = sign;
    if (e.has(Sign::point_either) && e.has(Sign::comma_either)) style.thousands = style.decimal == '.' ? ',' : '.';
  }
  if (groups > 1 || (groups == 1 && style.thousands != '\0'))
    return fmt::format("column `{}` writes thousands in different ways; write them in the same way",
                       context.table.header[context.column]);
  if (groups == 1) style.thousands = e.has(Sign::spaces) ? ' ' : e.has(Sign::apostrophes) ? '\'' : '_';
  return "";
}

// Percent signs, factors and units, which all cells or none must have.
std::string decide_units(const ColumnContext& context, NumberStyle& style) {
  const ColumnEvidence& e = context.evidence;
  const std::string_view same_unit = "which are different units; write all cells in one unit, or split the column";
  style.percent = e.has(Sign::percent);
  style.counts = e.has(Sign::factor) || e.has(Sign::small_b_or_t);
  style.unit = e.unit;
  const bool small = e.has(Sign::small_m) || e.has(Sign::small_b_or_t);
  if (e.has(Sign::other_unit)) return two_forms(context, e.row(Sign::unit), e.row(Sign::other_unit), same_unit);
  if (e.has(Sign::percent) && (style.counts || small || e.has(Sign::unit)))
    return two_forms(context, e.row(Sign::percent),
                     e.row(e.has(Sign::unit)     ? Sign::unit
                           : e.has(Sign::factor) ? Sign::factor
                                                 : Sign::small_m),
                     same_unit);
  if (small && e.has(Sign::unit))
    return two_forms(context, e.row(e.has(Sign::small_m) ? Sign::small_m : Sign::small_b_or_t), e.row(Sign::unit),
                     same_unit);
  if (e.has(Sign::small_m) && (e.has(Sign::factor) || !e.has(Sign::small_b_or_t)))
    return fmt::format("{} in column `{}` is in millions or in a unit called m; write M for millions",
                       at_line(context, e.row(Sign::small_m)), context.table.header[context.column]);
  return "";
}

// Cells without percent sign, factor or unit in a column that has them: zeros may be, and numbers not far below the
// smallest one with a factor (500, 1k, 2k).
std::string fault_of_cells_alone(const ColumnContext& context, const NumberStyle& style) {
  constexpr double kFar = 100;
  const ColumnEvidence& e = context.evidence;
  if (!e.has(Sign::alone) || !(style.percent || style.counts || !style.unit.empty())) return "";
  NumberStyle without = style;
  without.percent = without.counts = false;
  without.unit.clear();
  double smallest = HUGE_VAL, largest = 0;
  std::size_t row_with = 0, row_alone = 0;
  for (std::size_t row = 0; row < context.table.n_rows(); ++row) {
    const std::string_view cell = context.table.view(row, context.column);
    const base::Number alone = parse_number(cell, without);
    if (alone.kind == base::NumberKind::finite) {
      if (std::abs(alone.value) > largest) {
        largest = std::abs(alone.value);
        row_alone = row;
      }
      continue;
    }
    const base::Number with = parse_number(cell, style);
    if (with.kind == base::NumberKind::finite && std::abs(with.value) < smallest) {
      smallest = std::abs(with.value);
      row_with = row;
    }
  }
  if (largest == 0 || (!style.percent && style.unit.empty() && smallest <= kFar * largest)) return "";
  return two_forms(context, row_alone, row_with,
                   style.percent         ? "with and without a percent sign; write all cells in the same way"
                   : !style.unit.empty() ? "with and without a unit; write all cells in the same way"
                                         : "so the first may lack its letter; write all cells in the same way");
}

std::string sentence_of(Sign sign, const ColumnContext& context) {
  const auto example = [&](std::size_t row) {
    const double x = context.table.number(row, context.column).value;
    const bool whole = std::abs(x) < 1e15 && x == std::floor(x);
    return fmt::format("{} is {}", context.table.view(row, context.column),
                       whole ? fmt::format("{:.0f}", x) : fmt::format("{:.6g}", x));
  };
  const auto thousands = [&](std::string_view signs) {
    return fmt::format("Numbers in {{}} have {} between thousands: {}.", signs, example(context.evidence.row(sign)));
  };
  switch (sign) {
    case Sign::decimal_comma:
      return "Numbers in {} have a decimal comma.";
    case Sign::point_groups:
    case Sign::point_either:
      return thousands("points");
    case Sign::comma_groups:
    case Sign::comma_either:
      return thousands("commas");
    case Sign::spaces:
      return thousands("spaces");
    case Sign::apostrophes:
      return thousands("apostrophes");
    case Sign::underscores:
      return thousands("underscores");
    case Sign::mark:
      return "Signs around the numbers in {} were left out.";
    case Sign::uncertainty:
      return "Uncertainties behind the numbers in {} were left out.";
    case Sign::percent:
      return fmt::format("Numbers in {{}} are percentages: {}.", example(context.evidence.row(sign)));
    case Sign::factor: {
      const ColumnEvidence& e = context.evidence;
      return fmt::format("Letters behind the numbers in {{}} multiply: {}.",
                         example(e.row(e.has(Sign::factor) ? Sign::factor : Sign::small_b_or_t)));
    }
    case Sign::unit:
      return fmt::format("The unit `{}` behind the numbers in {{}} was left out.", context.evidence.unit);
    default:
      return "";
  }
}

// One note for each convention, with the columns that have it.
class ConventionNotes {
 public:
  void add(const ColumnContext& context, const NumberStyle& style) {
    const ColumnEvidence& e = context.evidence;
    if (style.decimal == ',' && (e.has(Sign::decimal_comma) || style.thousands != ',') &&
        (e.has(Sign::decimal_comma) || e.has(Sign::comma_either)))
      add("decimal comma", Sign::decimal_comma, context);
    if (style.thousands == '.') add(".", e.has(Sign::point_either) ? Sign::point_either : Sign::point_groups, context);
    if (style.thousands == ',') add(",", e.has(Sign::comma_groups) ? Sign::comma_groups : Sign::comma_either, context);
    if (style.thousands == ' ') add("spaces", Sign::spaces, context);
    if (style.thousands == '\'') add("'", Sign::apostrophes, context);
    if (style.thousands == '_') add("_", Sign::underscores, context);
    if (style.marked) add("marks", Sign::mark, context);
    if (style.uncertainty) add("uncertainty", Sign::uncertainty, context);
    if (style.percent) add("%", Sign::percent, context);
    if (style.counts) add("letters", Sign::factor, context);
    if (!style.unit.empty()) add("unit " + style.unit, Sign::unit, context);
  }

  void write(std::vector<std::string>& notes) const {
    constexpr std::size_t kShownColumns = 8;
    for (const Entry& entry : entries_) {
      const std::size_t shown = std::min(kShownColumns, entry.columns.size());
      std::string columns = fmt::format(
          "`{}`", fmt::join(entry.columns.begin(), entry.columns.begin() + static_cast<long>(shown), "`, `"));
      if (shown < entry.columns.size()) columns += fmt::format(" and {} more columns", entry.columns.size() - shown);
      std::string sentence = entry.sentence;
      notes.push_back(sentence.replace(sentence.find("{}"), 2, columns));
    }
  }

 private:
  struct Entry {
    std::string sentence;
    std::vector<std::string> columns;
  };

  void add(const std::string& key, Sign sign, const ColumnContext& context) {
    const auto [at, is_new] = places_.try_emplace(key, entries_.size());
    if (is_new) entries_.push_back({sentence_of(sign, context), {}});
    entries_[at->second].columns.push_back(context.table.header[context.column]);
  }

  std::unordered_map<std::string, std::size_t> places_;
  std::vector<Entry> entries_;
};

Country country_of(const std::vector<ColumnEvidence>& all, std::string_view separator) {
  Country country;
  country.semicolons = separator == "semicolon";
  for (const ColumnEvidence& e : all) {
    if (!e.is_numeric()) continue;
    const bool point = e.has(Sign::decimal_point), comma = e.has(Sign::decimal_comma);
    country.decimal_points += point && !comma;
    country.decimal_commas += comma && !point;
    country.point_groups += !point && !comma && e.has(Sign::point_groups);
    country.comma_groups += !point && !comma && e.has(Sign::comma_groups);
    country.ungrouped += e.has(Sign::many_digits);
  }
  return country;
}

}  // namespace

void decide_styles(Table& table, const DocumentOptions& options, std::vector<std::string>& notes,
                   std::string_view separator) {
  if (!options.decimal.empty() && options.decimal != "." && options.decimal != ",")
    throw base::InputError({"--decimal"}, fmt::format("expected . or , found '{}'", options.decimal));
  std::vector<ColumnEvidence> all(table.n_columns());
  for (std::size_t c = 0; c < all.size(); ++c)
    if (!table.holds_numbers(c)) all[c] = evidence_of(table, c);
  const Country country = country_of(all, separator);
  ConventionNotes conventions;
  for (std::size_t c = 0; c < all.size(); ++c) {
    if (!all[c].is_numeric() || (all[c].is_plain() && options.decimal.empty())) continue;
    const ColumnContext context = {table, c, all[c]};
    NumberStyle style = {.marked = all[c].has(Sign::mark), .uncertainty = all[c].has(Sign::uncertainty)};
    std::string ambiguity = decide_signs(context, country, options, style);
    if (ambiguity.empty()) ambiguity = decide_units(context, style);
    if (ambiguity.empty()) ambiguity = fault_of_cells_alone(context, style);
    if (!ambiguity.empty()) {
      table.set_ambiguity(c, std::move(ambiguity));
      continue;
    }
    table.set_style(c, style);
    conventions.add(context, style);
  }
  conventions.write(notes);
}

}  // namespace phaselaw::documents
