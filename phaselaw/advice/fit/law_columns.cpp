// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/law_columns.h"

#include <algorithm>
#include <unordered_set>

#include "phaselaw/advice/fit/row_checks.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/laws/law_names.h"
#include "phaselaw/tables/messages.h"

namespace phaselaw::advice {

namespace {

// Names that --col defines and that have no usual meaning.
std::vector<std::string> own_names(const tables::ReadOptions& read) {
  std::vector<std::string> names;
  for (const auto& [name, column] : read.col) {
    const std::string meaning = tables::canonical_column(name);
    const bool usual = meaning == "run" || meaning == read.output || !tables::unit_of(meaning).empty();
    if (!usual) names.push_back(name);
  }
  return names;
}

// Of a user's expression its names, of a law of another column the name after '@'.
std::vector<std::string> written_names(const std::string& text, const laws::Law& law) {
  if (law.source == "user") return laws::words_of(text);
  const std::size_t at = text.find('@');
  return at == std::string::npos ? std::vector<std::string>{} : std::vector<std::string>{text.substr(at + 1)};
}

// The heading that --col gives for this meaning; empty if there is none.
std::string told_heading(const tables::ReadOptions& read, const std::string& meaning) {
  for (const auto& [name, heading] : read.col)
    if (tables::canonical_column(name) == meaning) return heading;
  return "";
}

}  // namespace

laws::Law law_for_table(const std::string& text, const std::vector<std::string>& header, tables::ReadOptions& read) {
  const std::vector<std::string> own = own_names(read);
  std::vector<std::string> names = header;
  names.insert(names.end(), own.begin(), own.end());
  laws::Law law = laws::law_from(text, names, own);
  require_clear_names(law, header, own);
  const std::unordered_set<std::string_view> headings(header.begin(), header.end());
  const auto& columns = law.columns();
  for (const std::string& name : written_names(text, law)) {
    const std::string meaning = tables::canonical_column(name);
    if (std::find(own.begin(), own.end(), name) != own.end() &&
        std::find(columns.begin(), columns.end(), name) != columns.end())
      read.inputs.push_back(name);
    if (!headings.contains(name) || tables::unit_of(meaning).empty() || meaning == law.output ||
        std::find(columns.begin(), columns.end(), meaning) == columns.end())
      continue;
    const std::string told = told_heading(read, meaning);
    if (!told.empty() && told != name)
      throw base::InputError(
          {"--law"},
          fmt::format(
              "{0} and {1} both mean {2}, of which a law has one; give {1} a name of its own, such as --col {3}, "
              "and write x in the law",
              told, name, meaning, tables::shell_argument("x", tables::in_expression(name))));
    read.col[meaning] = name;
  }
  return law;
}

}  // namespace phaselaw::advice
