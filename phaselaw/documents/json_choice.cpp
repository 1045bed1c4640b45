// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_choice.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace phaselaw::documents {

namespace {

bool json_list_holds(const JsonList& list, std::string_view heading) {
  return std::find(list.header.begin(), list.header.end(), heading) != list.header.end();
}

// A curve: it counts its rows and has something measured.
bool is_json_curve(const JsonList& list) {
  if (!list.has_counter) return false;
  return list.has_metric || list.form == JsonForm::matrix || (json_list_holds(list, "x") && json_list_holds(list, "y"));
}

std::string_view last_json_key(std::string_view name) { return name.substr(name.rfind('.') + 1); }

bool is_usual_json_name(const JsonList& list) {
  constexpr std::array<std::string_view, 10> kNames = {"log_history", "history", "logs",    "log",  "metrics",
                                                       "curve",       "records", "results", "rows", "data"};
  return std::find(kNames.begin(), kNames.end(), last_json_key(list.name)) != kNames.end();
}

// Whether a list may hold the rows, when the user names none.
bool is_eligible_json_list(const JsonList& list, const JsonSurvey& survey, bool is_document) {
  if (is_json_curve(list)) return true;
  const bool record_is_row = survey.has_metric && survey.has_counter;
  if (is_document && record_is_row) return list.has_metric || list.has_counter;
  if (is_document && list.form == JsonForm::records) return true;
  if (is_document && !survey.has_metric) return true;
  if (record_is_row || (list.form == JsonForm::columns && !list.has_counter && survey.has_counter)) return false;
  return list.has_metric || list.has_counter || list.has_lists;
}

std::vector<const JsonList*> lists_that(const std::vector<const JsonList*>& lists, bool (*wanted)(const JsonList&)) {
  std::vector<const JsonList*> out;
  std::copy_if(lists.begin(), lists.end(), std::back_inserter(out),
               [&](const JsonList* list) { return wanted(*list); });
  return out;
}

void note_other_json_lists(const JsonSurvey& survey, const JsonList& chosen, Reading& reading) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> others;
  std::size_t count = 0;
  for (const JsonList& list : survey.lists)
    if (list.name != chosen.name && count++ < kShown) others.push_back(fmt::format("'{}'", list.name));
  if (count == 0) return;
  reading.notes.push_back(
      fmt::format("The rows are those of '{}'; {} of the document {} not read as rows: {}{}. To read another list, add "
                  "--table with its name.",
                  chosen.name, count == 1 ? "one other list" : fmt::format("{} other lists", count),
                  count == 1 ? "is" : "are", fmt::join(others, ", "), count > kShown ? ", ..." : ""));
}

const JsonList* json_list_of_user(const JsonSurvey& survey, const DocumentOptions& options) {
  if (options.table.empty()) return nullptr;
  for (const JsonList& list : survey.lists)
    if (options.table == list.name) return &list;
  for (const JsonList& list : survey.lists)
    if (options.table.starts_with(list.name + ".")) return &list;
  return nullptr;
}

}  // namespace

std::optional<JsonList> chosen_json_list(const JsonSurvey& survey, const JsonLevel& level, const Document& document,
                                         const DocumentOptions& options, JsonLines& lines, const JsonTree& tree,
                                         Reading& reading) {
  if (survey.lists.empty()) return {};
  if (const JsonList* list = json_list_of_user(survey, options)) return *list;
  const bool is_document = level.name.empty() && level.records.size() == 1;
  std::vector<const JsonList*> lists;
  for (const JsonList& list : survey.lists)
    if (is_eligible_json_list(list, survey, is_document)) lists.push_back(&list);
  if (lists.empty()) return {};
  const bool names_a_list_above = options.table == level.name;
  if (names_a_list_above || options.table.empty()) {
    if (lists.size() > 1)
      if (auto curves = lists_that(lists, is_json_curve); !curves.empty()) lists = std::move(curves);
    if (lists.size() > 1)
      if (auto usual = lists_that(lists, is_usual_json_name); usual.size() == 1) lists = std::move(usual);
  }
  if (lists.size() > 1 || (!options.table.empty() && !names_a_list_above)) {
    std::vector<FoundTable> found;
    for (const JsonList* list : lists)
      found.push_back({list->name, lines.line_of(tree.place(list->first)), list->rows, list->header});
    DocumentOptions asked = options;
    if (names_a_list_above) asked.table.clear();
    lists = {lists[chosen_table(found, document, asked)]};
  }
  if (!is_document)
    reading.notes.push_back(fmt::format("The rows are those of '{}' in each record.", lists.front()->name));
  note_other_json_lists(survey, *lists.front(), reading);
  return *lists.front();
}

}  // namespace phaselaw::documents
