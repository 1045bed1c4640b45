// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/group_fits.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "phaselaw/advice/fit/fit_page.h"
#include "phaselaw/advice/fit/fit_tables.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/log.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/report/format.h"
#include "phaselaw/tables/group_rows.h"
#include "phaselaw/tables/messages.h"

namespace phaselaw::advice {

namespace {

base::Value json_of(const GroupFits& fits) {
  base::Value::List list;
  for (const GroupFit& group : fits.groups) {
    base::Value entry = group.answer ? group.answer->json : base::Value::table();
    entry["name"] = group.name;
    entry["error"] = group.error.empty() ? base::Value() : base::Value(group.error);
    list.push_back(std::move(entry));
  }
  return base::Value::table({{"by", fits.by}, {"groups", base::Value(std::move(list))}});
}

std::string values_of(const fitting::Fit& fit) {
  std::vector<std::string> values;
  for (const fitting::Estimate& e : fit.parameters)
    values.push_back(
        fmt::format("{} = {}", e.name, with_interval(e, base::notation_of(laws::unit_of(fit.law, e.name)))));
  return fmt::format("{}", fmt::join(values, ", "));
}

void add_group(const GroupFit& group, bool drawn, report::Page& page) {
  report::Section section;
  section.title = group.name;
  if (!group.answer) {
    section.paragraphs.push_back(group.error + ".");
    page.sections.push_back(std::move(section));
    return;
  }
  const FitAnswer& answer = *group.answer;
  section.lead = answer.summary;
  section.tables = fit_tables(answer.ranked ? &answer.ranking : nullptr, answer.best());
  for (const std::string& limit : limit_sentences(answer.limits)) section.paragraphs.push_back(limit + ".");
  if (drawn) {
    const auto predicted =
        fitting::predict(answer.best().fit, answer.rows.data, answer.options, answer.rows.data.columns);
    section.figures = fit_page(answer, predicted).figures;
  }
  page.sections.push_back(std::move(section));
}

}  // namespace

GroupFits fit_groups(const FitRequest& request, documents::Reading reading) {
  if (request.read.by.empty()) throw base::InputError({"--by"}, "expected the column of groups, found nothing");
  GroupFits out;
  out.by = request.read.by;
  const FitRows all = read_fit_rows(request, std::move(reading));
  tables::log_messages(all.rows.notes, all.rows.warnings);
  for (const tables::GroupRows& part : tables::groups_by(all.rows, out.by)) {
    GroupFit group{part.name, std::nullopt, ""};
    try {
      group.answer = fit(request, {all.law, all.rows.rows(part.rows), part.rows.size(), all.output});
    } catch (const base::InputError& error) {
      group.error = error.what();
    } catch (const base::RunError& error) {
      group.error = error.what();
    }
    if (!group.error.empty()) base::log_warning(fmt::format("{}: {}", group.name, group.error));
    out.groups.push_back(std::move(group));
  }
  if (std::none_of(out.groups.begin(), out.groups.end(), [](const GroupFit& g) { return g.answer.has_value(); }))
    throw base::InputError({"--by"}, fmt::format("none of the {} groups could be fitted; {}: {}", out.groups.size(),
                                                 out.groups.front().name, out.groups.front().error));
  out.json = json_of(out);
  return out;
}

report::Table group_table(const GroupFits& fits) {
  report::Table table;
  table.caption = fmt::format("Each group of {}, fitted alone.", fits.by);
  table.columns = {fits.by, "rows", "law", "values and intervals", "converged"};
  for (const GroupFit& group : fits.groups) {
    if (!group.answer) {
      table.rows.push_back({group.name, "–", "–", "not fitted", "–"});
      continue;
    }
    const fitting::Fit& fit = group.answer->best().fit;
    table.rows.push_back({group.name, fmt::to_string(group.answer->rows.n_rows()), fit.name(), values_of(fit),
                          fit.convergence.certified ? "yes" : fit.convergence.status});
  }
  return table;
}

std::string group_text(const GroupFits& fits, bool verbose) {
  const report::Table table = group_table(fits);
  std::vector<std::vector<std::string>> rows = {table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  std::string text = report::text_table(rows);
  for (const GroupFit& group : fits.groups)
    text += fmt::format("\n{} {}\n{}", fits.by, group.name,
                        group.answer ? fit_text(*group.answer, verbose) : group.error + "\n");
  return text;
}

report::Page group_page(const GroupFits& fits) {
  report::Page page;
  const auto fitted = static_cast<std::size_t>(
      std::count_if(fits.groups.begin(), fits.groups.end(), [](const GroupFit& g) { return g.answer.has_value(); }));
  page.title = fmt::format("{} groups by {}", fits.groups.size(), fits.by);
  page.answer = fmt::format("{} of {} groups of {} were fitted, each alone.", fitted, fits.groups.size(), fits.by);
  report::Section all;
  all.title = "Groups";
  all.tables = {group_table(fits)};
  page.sections.push_back(std::move(all));
  std::size_t drawn = 0;
  for (const GroupFit& group : fits.groups) add_group(group, group.answer && drawn++ < kGroupsWithFigures, page);
  return page;
}

}  // namespace phaselaw::advice
