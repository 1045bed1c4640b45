// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/candidates.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>

#include "phaselaw/base/number.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

namespace {

constexpr int kOwnName = 0, kUsualName = 1, kLooseName = 2, kWithinPath = 3;

struct Meaning {
  std::size_t known = 0;
  int closeness = kOwnName;
  std::size_t order = 0;
};

// Every name that columns are known by, once for the program.
class KnownNames {
 public:
  KnownNames() {
    const std::vector<KnownColumn>& columns = known_columns();
    for (std::size_t k = 0; k < columns.size(); ++k) {
      letters_.emplace(columns[k].expression_alias, k);
      add(columns[k].name, {k, kOwnName, 0});
      for (std::size_t i = 0; i < columns[k].also.size(); ++i)
        add(columns[k].also[i], {k, columns[k].also[i] == "time" ? kLooseName : kUsualName, i + 1});
    }
  }
  // What a name can mean; nothing for an unknown one.
  [[nodiscard]] std::vector<Meaning> of(const std::string& name) const {
    if (const auto letter = letters_.find(name); letter != letters_.end() && !name.empty())
      return {{letter->second, kOwnName, 0}};
    const std::string key = plain_name(name);
    const auto at = key.size() > 1 ? by_key_.find(key) : by_key_.end();
    return at == by_key_.end() ? std::vector<Meaning>{} : at->second;
  }

 private:
  void add(const std::string& name, const Meaning& meaning) { by_key_[plain_name(name)].push_back(meaning); }
  std::unordered_map<std::string, std::size_t> letters_;
  std::unordered_map<std::string, std::vector<Meaning>> by_key_;
};

using Lists = std::vector<std::vector<Candidate>>;

void add_candidate(Lists& out, const Meaning& meaning, std::size_t column, int more, std::optional<double> factor) {
  std::vector<Candidate>& list = out[meaning.known];
  const Candidate candidate = {column, meaning.closeness + more, meaning.order, factor.has_value(), factor.value_or(1)};
  if (list.empty() || list.back().column != column)
    list.push_back(candidate);
  else if (candidate.closeness < list.back().closeness)
    list.back() = candidate;
}

// The heading as a whole, and without its unit; `more` is added to the closeness.
void add_meanings(const KnownNames& names, const std::string& header, std::size_t column, int more, Lists& out) {
  for (const Meaning& meaning : names.of(header)) add_candidate(out, meaning, column, more, std::nullopt);
  if (const Heading heading = heading_of(header); !heading.unit.empty())
    for (const Meaning& meaning : names.of(heading.name))
      if (const auto factor = unit_factor(known_columns()[meaning.known], heading.unit))
        add_candidate(out, meaning, column, more, factor);
  std::size_t at = header.size();
  constexpr std::size_t kMostSplits = 3;
  for (std::size_t split = 0; split < kMostSplits && at > 0; ++split) {
    at = header.find_last_of("_ -/", at - 1);
    if (at == std::string::npos || at == 0) break;
    const std::string name = header.substr(0, at);
    for (const Meaning& meaning : names.of(name))
      if (const auto suffix = suffix_unit(known_columns()[meaning.known], header); suffix && suffix->name == name)
        add_candidate(out, meaning, column, more, suffix->factor);
  }
}

// What trackers write before the name of every parameter of a run. A last part behind a dot or slash is found without it.
constexpr std::string_view kRunPrefixes[] = {"params_", "user_attrs_", "hparams_", "hyperparameters_", "config_"};

// For each heading, the length of such a prefix if other headings have it too: params_n_params beside params_lr, but not
// params_total alone. 0: none.
std::vector<std::size_t> shared_prefixes(const std::vector<std::string>& header) {
  std::vector<std::size_t> out(header.size(), 0);
  for (const std::string_view prefix : kRunPrefixes) {
    const auto has_it = [&](const std::string& name) {
      return name.starts_with(prefix) && name.size() > prefix.size() + 1;
    };
    if (std::count_if(header.begin(), header.end(), has_it) < 2) continue;
    for (std::size_t c = 0; c < header.size(); ++c)
      if (has_it(header[c])) out[c] = prefix.size();
  }
  return out;
}

}  // namespace

Lists candidates_of(const Table& table) {
  static const KnownNames names;
  Lists out(known_columns().size());
  const std::vector<std::size_t> prefixes = shared_prefixes(table.header);
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    const std::string& header = table.header[c];
    add_meanings(names, header, c, 0, out);
    const std::size_t part = header.find_last_of("/.");
    if (part != std::string::npos) add_meanings(names, header.substr(part + 1), c, kWithinPath, out);
    if (prefixes[c] > 0) add_meanings(names, header.substr(prefixes[c]), c, kWithinPath, out);
  }
  return out;
}

bool has_numbers(const Table& table, std::size_t column) {
  if (table.holds_numbers(column) || !table.ambiguity(column).empty()) return true;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const base::NumberKind kind = table.count(row, column).kind;
    if (kind != base::NumberKind::missing && kind != base::NumberKind::not_a_number) return true;
  }
  return false;
}

bool same_numbers(const Table& table, const Candidate& a, const Candidate& b, std::size_t& row) {
  constexpr double kRounding = 1e-9;
  const auto value = [&](const Candidate& of) {
    base::Number number = table.count(row, of.column);
    number.value *= of.factor;
    return number;
  };
  for (row = 0; row < table.n_rows(); ++row) {
    const base::Number x = value(a), y = value(b);
    if (x.kind != y.kind) return false;
    if (x.kind == base::NumberKind::finite &&
        std::abs(x.value - y.value) > kRounding * std::max(std::abs(x.value), std::abs(y.value)))
      return false;
  }
  return true;
}

}  // namespace phaselaw::tables
