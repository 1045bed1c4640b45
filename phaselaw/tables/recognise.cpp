// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/recognise.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

namespace {

// Rank of each name: its place in the list; the last part of a path ranks after all whole names.
constexpr std::size_t kByLastPart = 1000;

std::size_t rank_of(const std::string& whole_header, const KnownColumn& known) {
  const Heading heading = heading_of(whole_header);
  const std::string& header = unit_factor(known, heading.unit) ? heading.name : whole_header;
  std::vector<std::string> names = {known.name};
  names.insert(names.end(), known.also.begin(), known.also.end());
  if (header == known.expression_alias) return 1;
  const auto among = [&](const std::string& name) {
    const std::string key = plain_name(name);
    for (std::size_t i = 0; i < names.size(); ++i)
      if (key.size() > 1 && key == plain_name(names[i])) return 2 * i;
    return kNoColumn;
  };
  const std::size_t whole = among(header);
  const std::size_t part = header.find_last_of("/.");
  if (whole != kNoColumn || part == std::string::npos) return whole;
  const std::size_t last = among(header.substr(part + 1));
  return last == kNoColumn ? last : kByLastPart + last;
}

void recognise_known(const Table& table, const KnownColumn& known, Recognised& found) {
  std::size_t best = kNoColumn, best_rank = kNoColumn;
  std::vector<std::string> others;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    const std::size_t rank = rank_of(table.header[c], known);
    if (rank == kNoColumn) continue;
    if (rank < best_rank) {
      if (best != kNoColumn) others.push_back(table.header[best]);
      best = c;
      best_rank = rank;
    } else {
      others.push_back(table.header[c]);
    }
  }
  if (best == kNoColumn) return;
  found.column[known.name] = best;
  if (!others.empty())
    found.notes.push_back(fmt::format("{} is taken from {}, but {} would also fit; choose with --col {}=COLUMN",
                                      known.name, table.header[best], fmt::join(others, ", "), known.name));
}

bool looks_like_loss(const std::string& header) {
  const std::string key = plain_name(header);
  for (const char* bound : {"upper", "lower", "std", "stderr"})
    if (key.find(bound) != std::string::npos) return false;
  for (const char* word : {"loss", "logppl", "nll", "entropy"})
    if (key.find(word) != std::string::npos) return true;
  return false;
}

// Columns with names of losses, whatever else there is.
void recognise_outputs(const Table& table, const std::map<std::string, std::string>& columns, const std::string& output,
                       Recognised& found) {
  const bool named = std::any_of(columns.begin(), columns.end(),
                                 [&](const auto& entry) { return canonical_column(entry.first) == output; });
  if (named || output != "loss") {
    if (const auto at = found.column.find(output); at != found.column.end()) found.outputs = {at->second};
    return;
  }
  const auto& known = known_columns();
  const auto loss = std::find_if(known.begin(), known.end(), [](const KnownColumn& k) { return k.name == "loss"; });
  for (std::size_t c = 0; c < table.header.size(); ++c)
    if (rank_of(table.header[c], *loss) != kNoColumn) found.outputs.push_back(c);
  if (const auto at = found.column.find(output); found.outputs.empty() && at != found.column.end())
    found.outputs = {at->second};
  std::stable_sort(found.outputs.begin(), found.outputs.end(),
                   [&](std::size_t a, std::size_t b) { return role_of(table.header[a]) < role_of(table.header[b]); });
}

void recognise_output(const Table& table, const std::string& output, Recognised& found) {
  if (found.column.contains(output)) return;
  const auto own = std::find(table.header.begin(), table.header.end(), output);
  if (own != table.header.end()) {
    found.column[output] = static_cast<std::size_t>(own - table.header.begin());
    return;
  }
  std::vector<std::string> candidates, perplexities;
  for (const std::string& name : table.header) {
    if (output == "loss" && looks_like_loss(name)) candidates.push_back(name);
    const std::string key = plain_name(name);
    if (key.find("ppl") != std::string::npos || key.find("perplexity") != std::string::npos)
      perplexities.push_back(name);
  }
  if (candidates.size() == 1) {
    found.column[output] = table.column(candidates.front());
    found.notes.push_back(fmt::format("the loss is taken from {}", candidates.front()));
    return;
  }
  std::string what = fmt::format("no column with the {} was found among: {}; name it with --col {}=COLUMN", output,
                                 fmt::join(table.header, ", "), output);
  if (candidates.size() > 1)
    what = fmt::format("several columns could be the loss: {}; choose one with --col loss={}",
                       fmt::join(candidates, ", "), candidates.front());
  else if (output == "loss" && !perplexities.empty())
    what = fmt::format(
        "no column with the loss was found, only the perplexity {}; the loss in nats is its logarithm, so add a column with the logarithm",
        perplexities.front());
  throw base::InputError({table.source(), 1}, what);
}

}  // namespace

Role role_of(std::string_view heading) {
  const std::string key = plain_name(heading);
  if (key.find("excessrisk") != std::string::npos) return Role::excess_risk;
  if (key.find("train") != std::string::npos) return Role::training;
  for (const char* word : {"val", "test", "eval"})
    if (key.find(word) != std::string::npos) return Role::held_out;
  return Role::unspecified;
}

std::size_t Recognised::find(const std::vector<std::string>& header, const std::string& name, const char* flag) const {
  const auto own = std::find(header.begin(), header.end(), name);
  if (own != header.end()) return static_cast<std::size_t>(own - header.begin());
  if (const auto known = column.find(canonical_column(name)); known != column.end()) return known->second;
  if (name == "run" && run.size() == 1) return run.front();
  throw base::InputError({flag}, base::unknown_name("column", name, header));
}

std::string similar_column(const std::string& column, const std::vector<std::string>& headers) {
  std::vector<std::string> names = {column};
  for (const KnownColumn& known : known_columns())
    if (known.name == column) names.insert(names.end(), known.also.begin(), known.also.end());
  std::vector<std::string> keys;
  for (const std::string& header : headers) {
    const std::string name = heading_of(header).name;
    keys.push_back(plain_name(name.substr(name.find_last_of("/.") + 1)));  // npos + 1 = 0
  }
  constexpr std::size_t kShortest = 4;  // nearly every shorter word is similar to another
  for (const std::string& name : names) {
    const std::string key = plain_name(name);
    const std::string nearest = key.size() < kShortest ? "" : base::nearest_name(key, keys);
    if (nearest.size() < kShortest || nearest.front() != key.front()) continue;
    return headers[static_cast<std::size_t>(std::find(keys.begin(), keys.end(), nearest) - keys.begin())];
  }
  return "";
}

Recognised recognise(const Table& table, const std::map<std::string, std::string>& columns, const std::string& output,
                     bool every_stream) {
  Recognised found;
  std::vector<std::string> names = {"run", output};
  for (const KnownColumn& known : known_columns()) names.push_back(known.name);
  for (const auto& [name, header] : columns) {
    const std::string meaning = canonical_column(name);
    if (std::find(names.begin(), names.end(), meaning) == names.end())
      throw base::InputError({"--col"}, base::unknown_name("name", name, names));
    if (meaning != "run") {
      found.column[meaning] = table.column(header);
      continue;
    }
    found.run_name = header;
    if (std::find(table.header.begin(), table.header.end(), header) != table.header.end()) {
      found.run = {table.column(header)};
      continue;
    }
    for (std::size_t from = 0; from <= header.size();) {
      const std::size_t plus = std::min(header.find('+', from), header.size());
      found.run.push_back(table.column(header.substr(from, plus - from)));
      from = plus + 1;
    }
  }
  for (const KnownColumn& known : known_columns())
    if (!found.column.contains(known.name)) recognise_known(table, known, found);
  recognise_output(table, output, found);
  recognise_outputs(table, columns, output, found);
  if (every_stream) found.notes.clear();
  return found;
}

}  // namespace phaselaw::tables
