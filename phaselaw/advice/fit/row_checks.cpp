// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/row_checks.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <span>
#include <unordered_set>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/laws/domain.h"
#include "phaselaw/laws/law_names.h"
#include "phaselaw/tables/messages.h"

namespace phaselaw::advice {

namespace {

bool one_value(const std::vector<double>& x) {
  return std::all_of(x.begin(), x.end(), [&](double value) { return value == x.front(); });
}

std::string in_its_notation(const std::string& column, double value) {
  return base::format_number(value, 4, base::notation_of(tables::unit_of(column)));
}

std::string line_list(const std::vector<long>& lines) {
  constexpr std::size_t kShown = 5;
  const std::span<const long> shown(lines.data(), std::min(lines.size(), kShown));
  return fmt::format("line{} {}{}", lines.size() == 1 ? "" : "s", fmt::join(shown, ", "),
                     lines.size() > kShown ? fmt::format(" and {} more", lines.size() - kShown) : "");
}

// What rows of one run have in common: its name, or else the size of the model.
std::vector<std::string> groups_of(const tables::Rows& rows) {
  if (!rows.run_column.empty()) return rows.run;
  std::vector<std::string> groups(rows.n_rows());
  if (!rows.data.columns.has("n_params")) return groups;
  const std::vector<double> n = rows.data.columns.get("n_params");
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = fmt::format("{}", n[i]);
  return groups;
}

const char* zero_column(const tables::Columns& columns, std::size_t row, bool lr_sum_too) {
  for (const char* name : {"compute", "tokens", "lr_sum"})
    for (std::size_t c = 0; c < columns.names.size(); ++c)
      if (columns.names[c] == name && columns.values[c][row] == 0 && (lr_sum_too || columns.names[c] != "lr_sum"))
        return name;
  return nullptr;
}

}  // namespace

void leave_out_starts(tables::Rows& rows, bool lr_sum_too) {
  bool any = false;
  for (std::size_t i = 0; i < rows.n_rows() && !any; ++i)
    any = zero_column(rows.data.columns, i, lr_sum_too) != nullptr;
  if (!any) return;
  const std::vector<std::string> groups = groups_of(rows);
  std::map<std::string, std::pair<std::size_t, std::size_t>> found;  // first row and number of rows of each group
  for (std::size_t i = 0; i < groups.size(); ++i) ++found.try_emplace(groups[i], i, 0).first->second.second;
  std::vector<std::size_t> kept;
  std::vector<long> lines;
  for (std::size_t i = 0; i < rows.n_rows(); ++i) {
    const char* column = zero_column(rows.data.columns, i, lr_sum_too);
    if (column == nullptr) {
      kept.push_back(i);
      continue;
    }
    const auto [first, size] = found.at(groups[i]);
    if (i != first || size < 2)
      throw base::InputError(
          rows.place(column, i),
          fmt::format("expected {0} > 0, found 0 in a row that is not the first of its run; leave it out with --where "
                      "'{1}>0'",
                      column, rows.own_name(column)));
    lines.push_back(rows.line[i]);
  }
  rows.notes.push_back(
      fmt::format("{} row{} with zero compute or tokens {} not used, because {} measured before the first step ({})",
                  lines.size(), lines.size() == 1 ? "" : "s", lines.size() == 1 ? "is" : "are",
                  lines.size() == 1 ? "it was" : "they were", line_list(lines)));
  rows = rows.rows(kept);
}

std::vector<std::string> constant_columns(const laws::Law& law, const tables::Columns& columns) {
  std::vector<std::string> names;
  for (const std::string& name : law.columns())
    if (one_value(columns.get(name))) names.push_back(name);
  return names;
}

void require_varied_output(const tables::Rows& rows, const std::string& output) {
  if (rows.n_rows() < 2 || !one_value(rows.data.output)) return;
  throw base::InputError(
      rows.place(output, 0),
      fmt::format("expected a {} that changes from row to row, found {} in all {} rows; check the column ({})", output,
                  base::format_number(rows.data.output.front(), 6), rows.n_rows(), rows.output_column));
}

void require_enough_rows(const laws::Law& law, const fitting::FitOptions& options, const tables::Rows& rows,
                         std::size_t in_table) {
  std::size_t free = 0, used = rows.n_rows();
  for (const laws::Parameter& parameter : law.parameters) free += options.fix.contains(parameter.name) ? 0 : 1;
  if (!options.weights.empty())
    used = static_cast<std::size_t>(
        std::count_if(options.weights.begin(), options.weights.end(), [](double w) { return w > 0; }));
  if (used < free + 1)
    throw base::InputError(
        {rows.table.source()},
        fmt::format("the law {} has {} free parameter{} and needs at least {} rows, found {}{}; add rows, or hold a "
                    "parameter with --fix",
                    law.name, free, free == 1 ? "" : "s", free + 1, used,
                    in_table > used
                        ? fmt::format(" (the table has {}, some of which are left out or repeat another)", in_table)
                        : ""));
  const std::vector<std::string> constant = constant_columns(law, rows.data.columns);
  if (constant.size() < law.columns().size()) return;
  const std::string& column = constant.front();
  throw base::InputError(
      rows.place(column, 0),
      fmt::format("expected several values of {0}, found {1} in every row, so no law of {0} can be fitted; measure at "
                  "other values, or choose a law of another column",
                  column, in_its_notation(column, rows.data.columns.get(column).front())));
}

std::vector<double> weights_of(const std::string& column, tables::Rows& rows) {
  std::vector<double> weights = rows.numbers(column);
  const auto zeros = static_cast<std::size_t>(std::count(weights.begin(), weights.end(), 0.0));
  if (zeros == weights.size())
    throw base::InputError(
        rows.place(column, 0),
        fmt::format("expected a weight > 0 in at least one row, found 0 in every row of {}", column));
  if (zeros > 0)
    rows.notes.push_back(fmt::format("{} row{} no influence, because the weight in {} is 0", zeros,
                                     zeros == 1 ? " has" : "s have", column));
  return weights;
}

std::vector<double> errors_of(const std::string& column, const tables::Rows& rows) {
  std::vector<double> sd = rows.numbers(column);
  for (std::size_t i = 0; i < sd.size(); ++i)
    if (!(sd[i] > 0))
      throw base::InputError(
          rows.place(column, i),
          fmt::format("expected a standard error > 0 in {0}, found {1}; give its true size, or leave the row out with "
                      "--where '{0}>0'",
                      rows.own_name(column), sd[i]));
  return sd;
}

void require_clear_names(const laws::Law& law, const std::vector<std::string>& header,
                         const std::vector<std::string>& told) {
  if (law.source != "user") return;
  const std::unordered_set<std::string_view> headings(header.begin(), header.end());
  std::vector<std::string> names, taken = header, columns;
  for (const laws::Parameter& parameter : law.parameters) {
    taken.push_back(parameter.name);
    if (!headings.contains(parameter.name) || std::find(told.begin(), told.end(), parameter.name) != told.end())
      continue;
    names.push_back(parameter.name);
    columns.push_back(fmt::format("--col {0}={0}", parameter.name));
  }
  if (names.empty()) return;
  const bool one = names.size() == 1;
  throw base::InputError(
      {"--law"},
      fmt::format("{} {} of the law and also {} of the table; to fit {}, write --law {}; to read the {}, add {}",
                  fmt::join(names, " and "), one ? "could be a parameter" : "could be parameters",
                  one ? "a column" : "columns", one ? "it as a parameter" : "them as parameters",
                  tables::in_shell(laws::with_other_names(law.name, names, taken)), one ? "column" : "columns",
                  fmt::join(columns, " ")));
}

std::vector<Limit> variation_limits(const laws::Law& law, const tables::Columns& columns) {
  std::vector<Limit> limits;
  for (const std::string& name : law.columns()) {
    const std::vector<double> x = columns.get(name);
    const auto [low, high] = std::minmax_element(x.begin(), x.end());
    if (!(*low > 0) || *high == *low || *high >= kSmallVariation * *low) continue;
    limits.push_back(
        {Harm::undetermined,
         fmt::format("{} varies only from {} to {}, so a power of it looks like a constant; measure over a factor of "
                     "2 or more",
                     name, in_its_notation(name, *low), in_its_notation(name, *high))});
  }
  return limits;
}

void require_domain(const laws::Law& law, const fitting::FitOptions& options, const tables::Rows& rows) {
  std::vector<std::optional<double>> held(law.parameters.size());
  for (std::size_t p = 0; p < held.size(); ++p)
    if (const auto at = options.fix.find(law.parameters[p].name); at != options.fix.end()) held[p] = at->second;
  const bool raw = options.objective == fitting::Objective::l2_raw || options.objective == fitting::Objective::l1_raw;
  const auto outside = laws::outside_domain(law, rows.data.columns, held, !raw);
  if (!outside) return;
  const std::size_t row = outside->rows.front();
  const std::string& column = outside->column;
  const bool everywhere = outside->rows.size() == rows.n_rows();
  if (everywhere)
    throw base::InputError({"--law"}, fmt::format("{} is {} in all {} rows of {}, whatever the parameters are, so the "
                                                  "law cannot be fitted; write it in another form",
                                                  outside->part, outside->value, rows.n_rows(), rows.table.source()));
  const std::string others =
      outside->rows.size() > 1 ? fmt::format(" (and in {} other rows)", outside->rows.size() - 1) : "";
  if (column.empty())
    throw base::InputError(rows.place("", row),
                           fmt::format("{} is {} here{}, whatever the parameters are; leave the row out with --where",
                                       outside->part, outside->value, others));
  const double value = rows.data.columns.get(column)[row];
  throw base::InputError(rows.place(column, row),
                         fmt::format("{} is {}{}, where {} is {}; leave it out: --where '{}{}'", column,
                                     base::format_number(value, 6), others, outside->part, outside->value,
                                     rows.own_name(column), value == 0 ? ">0" : fmt::format("!={}", value)));
}

void throw_no_optimum(const fitting::Fit& fit, const fitting::FitOptions& options, const tables::Rows& rows) {
  require_domain(fit.law, options, rows);
  throw base::RunError(fmt::format(
      "{}: the law {} could not be fitted ({}); hold a parameter with --fix, or write the law in another form",
      rows.table.source(), fit.name(), fit.convergence.status));
}

}  // namespace phaselaw::advice
