// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/recognise.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/tables/candidates.h"
#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/messages.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

namespace {

std::vector<std::string> headings_of(const Table& table, const std::vector<Candidate>& candidates) {
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates) names.push_back(table.header[candidate.column]);
  return names;
}

// Columns of words are no candidates beside columns of numbers.
void keep_numbers(const Table& table, std::vector<Candidate>& candidates) {
  if (candidates.size() < 2) return;
  std::vector<Candidate> numbers;
  std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(numbers),
               [&](const Candidate& candidate) { return has_numbers(table, candidate.column); });
  if (!numbers.empty()) candidates = std::move(numbers);
}

// The first of the others that is as close as the best and has other numbers, with the row in which they differ.
const Candidate* rival_of(const Table& table, const Candidate& best, const std::vector<Candidate>& others,
                          std::size_t& row) {
  for (const Candidate& other : others)
    if (other.closeness == best.closeness && !same_numbers(table, best, other, row)) return &other;
  return nullptr;
}

std::string rivals_text(const Table& table, const std::string& name, const Candidate& a, const Candidate& b,
                        std::size_t row) {
  const std::string& first = table.header[a.column];
  return fmt::format("{}: {} could be {} or {}, which differ: {} and {} in line {}; choose with --col {} or --col {}",
                     base::to_string({table.source(), 1}), name, first, table.header[b.column],
                     table.text(row, a.column), table.text(row, b.column), table.line(row), shell_argument(name, first),
                     shell_argument(name, table.header[b.column]));
}

void recognise_known(const Table& table, const KnownColumn& known, std::vector<Candidate> candidates,
                     Recognised& found) {
  keep_numbers(table, candidates);
  if (candidates.empty()) return;
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::pair(a.closeness, a.order) < std::pair(b.closeness, b.order);
  });
  const Candidate best = candidates.front();
  const std::vector<Candidate> others(candidates.begin() + 1, candidates.end());
  std::size_t row = 0;
  if (const Candidate* rival = rival_of(table, best, others, row)) {
    found.ambiguous[known.name] = rivals_text(table, known.name, best, *rival, row);
    return;
  }
  found.column[known.name] = best.column;
  if (!others.empty())
    found.notes.push_back(fmt::format("{} is taken from {}, but {} would also fit; choose with --col {}=COLUMN",
                                      known.name, table.header[best.column],
                                      fmt::join(headings_of(table, others), ", "), known.name));
}

bool looks_like_loss(const std::string& header) {
  const std::string key = plain_name(header);
  for (const char* bound : {"upper", "lower", "std", "stderr"})
    if (key.find(bound) != std::string::npos) return false;
  for (const char* word : {"loss", "logppl", "nll", "entropy", "bpb", "bitsperbyte"})
    if (key.find(word) != std::string::npos) return true;
  return false;
}

// The loss of a fit: the most held-out one. Two of the same role are refused, unless one has the exact name.
void recognise_fitted_loss(const Table& table, std::vector<Candidate> losses, Recognised& found) {
  keep_numbers(table, losses);
  if (losses.empty()) return;
  const auto place = [&](const Candidate& loss) {
    const Role role = role_of(table.header[loss.column]);
    const int order = role == Role::held_out ? 0 : role == Role::unspecified ? 1 : role == Role::training ? 2 : 3;
    return std::tuple(order, loss.closeness == 0 ? 0 : 1, loss.closeness, loss.order);
  };
  std::stable_sort(losses.begin(), losses.end(),
                   [&](const Candidate& a, const Candidate& b) { return place(a) < place(b); });
  const Candidate best = losses.front();
  const std::string& heading = table.header[best.column];
  std::vector<Candidate> others(losses.begin() + 1, losses.end());
  for (const Candidate& other : others) {
    const bool same_role = role_of(table.header[other.column]) == role_of(heading);
    std::size_t row = 0;
    if (!same_role || (best.closeness == 0 && other.closeness != 0) || same_numbers(table, best, other, row)) continue;
    throw base::InputError(
        {table.source(), 1},
        fmt::format(
            "the loss could be {} or {}, which differ: {} and {} in line {}; choose with --loss {} or --loss {}",
            heading, table.header[other.column], table.text(row, best.column), table.text(row, other.column),
            table.line(row), in_shell(heading), in_shell(table.header[other.column])));
  }
  found.column["loss"] = best.column;
  if (!others.empty())
    found.notes.push_back(fmt::format("loss is taken from {}, but {} would also fit; choose with --loss COLUMN",
                                      heading, fmt::join(headings_of(table, others), ", ")));
}

// Columns with names of losses, whatever else there is.
void recognise_outputs(const Table& table, const std::map<std::string, std::string>& columns, const std::string& output,
                       std::vector<Candidate> losses, Recognised& found) {
  const bool named = std::any_of(columns.begin(), columns.end(),
                                 [&](const auto& entry) { return canonical_column(entry.first) == output; });
  if (!named && output == "loss") {
    keep_numbers(table, losses);
    for (const Candidate& loss : losses) found.outputs.push_back(loss.column);
  }
  if (const auto at = found.column.find(output); found.outputs.empty() && at != found.column.end())
    found.outputs = {at->second};
  std::stable_sort(found.outputs.begin(), found.outputs.end(),
                   [&](std::size_t a, std::size_t b) { return role_of(table.header[a]) < role_of(table.header[b]); });
}

// Columns with a word of a loss in their names, for a table without a usual one, if each has a role of its own. For a fit
// the most held-out one is the loss.
std::vector<Candidate> loose_losses(const Table& table) {
  std::vector<Candidate> losses;
  std::set<Role> roles;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    if (!looks_like_loss(table.header[c]) || !has_numbers(table, c)) continue;
    if (!roles.insert(role_of(table.header[c])).second) return {};
    losses.push_back({.column = c, .closeness = 2});
  }
  return losses.size() < 2 ? std::vector<Candidate>() : losses;
}

// A single column called value, as exports of one metric have it.
std::optional<std::size_t> only_value(const Table& table) {
  std::optional<std::size_t> found;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    if (plain_name(table.header[c]) != "value" || !has_numbers(table, c)) continue;
    if (found) return {};
    found = c;
  }
  return found;
}

// An output without a usual name.
void recognise_output(const Table& table, const std::string& output, Recognised& found) {
  if (found.column.contains(output)) return;
  if (const auto own = table.find(output)) {
    found.column[output] = *own;
    return;
  }
  std::vector<std::string> candidates, perplexities;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    const std::string& name = table.header[c];
    if (output == "loss" && looks_like_loss(name) && has_numbers(table, c)) candidates.push_back(name);
    const std::string key = plain_name(name);
    if (key.find("ppl") != std::string::npos || key.find("perplexity") != std::string::npos)
      perplexities.push_back(name);
  }
  if (candidates.size() == 1) {
    found.column[output] = table.column(candidates.front());
    found.notes.push_back(fmt::format("the loss is taken from {}", candidates.front()));
    return;
  }
  if (const auto value = only_value(table); value && output == "loss" && candidates.empty() && perplexities.empty()) {
    found.column[output] = *value;
    found.kept_notes.push_back(fmt::format(
        "the loss is taken from {}, the only column of values; if it is something else, say what the loss is with "
        "--col loss=COLUMN",
        table.header[*value]));
    return;
  }
  std::string what = fmt::format("no column with the {} was found among: {}; name it with --col {}=COLUMN", output,
                                 listed(table.header), output);
  if (candidates.size() > 1)
    what = fmt::format("several columns could be the loss: {}; choose one with --col {}", listed(candidates),
                       shell_argument("loss", candidates.front()));
  else if (output == "loss" && !perplexities.empty())
    what = fmt::format(
        "no column with the loss was found, only the perplexity {0}; the loss in nats is its logarithm: --col {1}",
        perplexities.front(), shell_argument("loss", fmt::format("ln({})", in_expression(perplexities.front()))));
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
  if (const auto several = ambiguous.find(canonical_column(name)); several != ambiguous.end())
    throw base::InputError(several->second);
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

std::optional<std::size_t> usual_column(const Table& table, const std::string& name) {
  const std::string canonical = canonical_column(name);
  const std::vector<KnownColumn>& known = known_columns();
  const auto at =
      std::find_if(known.begin(), known.end(), [&](const KnownColumn& column) { return column.name == canonical; });
  if (at == known.end()) return std::nullopt;
  Recognised found;
  recognise_known(table, *at, candidates_of(table)[static_cast<std::size_t>(at - known.begin())], found);
  if (!found.ambiguous.empty()) throw base::InputError(found.ambiguous.begin()->second);
  return found.column.empty() ? std::nullopt : std::optional(found.column.begin()->second);
}

namespace {

// The user's own mapping of names to headings.
void take_named(const Table& table, const NamedColumns& named, const std::string& output, Recognised& found) {
  std::vector<std::string> names = {"run", output};
  for (const KnownColumn& known : known_columns()) names.push_back(known.name);
  names.insert(names.end(), named.inputs.begin(), named.inputs.end());
  for (const auto& [name, header] : named.columns) {
    const bool own = std::find(named.inputs.begin(), named.inputs.end(), name) != named.inputs.end();
    const std::string meaning = own ? name : canonical_column(name);
    if (std::find(names.begin(), names.end(), meaning) == names.end())
      throw base::InputError({"--col"}, base::unknown_name("name", name, names));
    if (meaning != "run") {
      found.column[meaning] = table.column(header);
      continue;
    }
    found.run_name = header;
    if (const auto whole = table.find(header)) {
      found.run = {*whole};
      continue;
    }
    for (std::size_t from = 0; from <= header.size();) {
      const std::size_t plus = std::min(header.find('+', from), header.size());
      found.run.push_back(table.column(header.substr(from, plus - from)));
      from = plus + 1;
    }
  }
}

// The progress of a curve that was recorded by epoch only.
void take_epochs_as_steps(const Table& table, bool every_stream, Recognised& found) {
  if (!every_stream) return;
  for (const char* name : {"step", "tokens", "compute"})
    if (found.column.contains(name) || found.ambiguous.contains(name)) return;
  const auto epochs = found.column.find("epochs");
  if (epochs == found.column.end()) return;
  found.column["step"] = epochs->second;
  found.kept_notes.push_back(fmt::format("no column counts steps, tokens or compute, so the steps of the curves are {}",
                                         table.header[epochs->second]));
}

}  // namespace

Recognised recognise(const Table& table, const NamedColumns& named, const std::string& output, bool every_stream) {
  Recognised found;
  take_named(table, named, output, found);
  const std::vector<std::vector<Candidate>> candidates = candidates_of(table);
  std::vector<Candidate> losses;
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    const KnownColumn& known = known_columns()[k];
    if (known.name == "loss") losses = candidates[k].empty() ? loose_losses(table) : candidates[k];
    if (found.column.contains(known.name)) continue;
    if (known.name == "loss" && output == "loss" && !every_stream)
      recognise_fitted_loss(table, losses, found);
    else if (known.name == "loss" && !losses.empty())
      found.column["loss"] = losses.front().column;
    else
      recognise_known(table, known, candidates[k], found);
  }
  recognise_output(table, output, found);
  recognise_outputs(table, named.columns, output, losses, found);
  if (every_stream) found.notes.clear();
  take_epochs_as_steps(table, every_stream, found);
  found.notes.insert(found.notes.end(), found.kept_notes.begin(), found.kept_notes.end());
  return found;
}

}  // namespace phaselaw::tables
