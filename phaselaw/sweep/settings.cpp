// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/settings.h"

#include <algorithm>
#include <set>

#include "phaselaw/base/ascii.h"
#include "phaselaw/sweep/computed_keys.h"
#include "phaselaw/sweep/keys.h"

namespace phaselaw::sweep {

using base::InputError;
using base::Location;
using base::Value;

namespace {

constexpr const char* kSetFlag = "--set";

Location place_of_setting(const std::string& key) { return {fmt::format("{} {}", kSetFlag, key)}; }

Value placed(Value value, const Location& where) {
  if (value.is_list()) {
    Value::List items;
    for (const Value& item : value.list()) items.push_back(placed(item, where));
    value = Value(std::move(items));
  } else if (value.is_table()) {
    Value::Table entries;
    for (const auto& [key, item] : value.entries()) entries.emplace_back(key, placed(item, where));
    value = Value(std::move(entries));
  }
  value.set_where(where);
  return value;
}

bool is_grid_key(const std::string& key) { return key.starts_with("grid."); }

// Null for the seed and for keys of the grid, which grid_from checks.
const Key* key_of_setting(const std::string& name) {
  if (name == "grid" || name == "grid.")
    throw InputError(
        {kSetFlag},
        fmt::format("expected a key of the grid, such as grid.seeds or grid.data.n_data; found '{}'", name));
  if (name == "seed" || is_grid_key(name)) return nullptr;
  const std::size_t dot = name.find('.');
  const Key* key = dot == std::string::npos ? nullptr : find_key(name.substr(0, dot), name.substr(dot + 1));
  if (key == nullptr) throw InputError({kSetFlag}, unknown_key(name));
  return key;
}

// The value of one line of TOML; the parser's message without its own place.
Value toml_value(const std::string& text, const Location& where) {
  try {
    const Value line = base::parse_toml("x = " + text, kSetFlag);
    const auto& entries = line.entries();
    if (entries.size() == 1 && entries.front().first == "x") return placed(entries.front().second, where);
  } catch (const InputError&) {
    // Told below, in words that fit a flag.
  }
  throw InputError(
      where, fmt::format("expected a value of TOML, such as 4, 1e-3, true, [32, 64] or \"text\"; found '{}'", text));
}

Value value_of_setting(const Key* key, const std::string& text, const Location& where) {
  Value bare(text);
  bare.set_where(where);
  if (key == nullptr) return toml_value(text, where);
  const bool quoted = text.front() == '"' || text.front() == '\'';
  const bool word = std::find(key->words.begin(), key->words.end(), text) != key->words.end();
  if (word || (!quoted && (key->kind == KeyKind::text || key->kind == KeyKind::word))) return bare;
  if (!quoted && is_expression(key->section, key->name, bare)) {
    try {
      return toml_value(text, where);  // 1e-3 has a sign, but is a number
    } catch (const InputError&) {
      return bare;
    }
  }
  return toml_value(text, where);
}

// Where the name of a key ends: at the first equals sign outside quotation marks.
std::size_t equals_sign(const std::string& text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '=' && !quoted) return i;
  }
  return std::string::npos;
}

std::string without_blanks(const std::string& name) {
  std::string out;
  for (const char c : name)
    if (c != ' ' && c != '"') out += c;
  return out;
}

// The names of a grid, each as it is reached: "data.n_data" as one key, or as a table with a key.
void collect_axes(const Value& node, const std::string& prefix, std::vector<std::string>& paths) {
  for (const auto& [name, value] : node.entries()) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    if (value.is_table() && path != "n_params")
      collect_axes(value, path, paths);
    else
      paths.push_back(path);
  }
}

void set_grid_key(Value& document, const Setting& setting) {
  const std::string name = without_blanks(setting.key.substr(5));
  Value& grid = document["grid"];
  if (!grid.is_null() && !grid.is_table()) return;  // reading the study says what is wrong
  for (const auto& [spelled, value] : grid.entries())
    if (without_blanks(spelled) == name) {
      grid[spelled] = setting.value;
      return;
    }
  std::vector<std::string> nested;
  collect_axes(grid, "", nested);
  if (std::find(nested.begin(), nested.end(), name) != nested.end())
    grid.set(name, setting.value);
  else
    grid[name] = setting.value;
}

// A number that the grid then replaces would look as if it were used.
void refuse_varied_key(const Value& document, const Setting& setting) {
  const Value* grid = document.find("grid");
  if (grid == nullptr || !grid->is_table()) return;
  std::vector<std::string> axes;
  collect_axes(*grid, "", axes);
  for (const std::string& axis : axes) {
    const std::string names = "," + without_blanks(axis) + ",";
    if (names.find("," + setting.key + ",") != std::string::npos)
      throw InputError(place_of_setting(setting.key),
                       fmt::format("the grid varies this key, so the value would not be used; give its values by {} "
                                   "'grid.{}=[...]'",
                                   kSetFlag, axis));
  }
}

}  // namespace

Setting setting_from(const std::string& text) {
  const std::size_t equals = equals_sign(text);
  if (equals == std::string::npos || base::trimmed(text.substr(0, equals)).empty())
    throw InputError({kSetFlag}, fmt::format("expected section.key=value, such as model.n_layers=4; found '{}'", text));
  Setting setting{std::string(base::trimmed(text.substr(0, equals))), {}};
  const std::string value(base::trimmed(std::string_view(text).substr(equals + 1)));
  const Key* key = key_of_setting(setting.key);
  const Location where = place_of_setting(setting.key);
  if (value.empty()) throw InputError(where, "expected a value after the equals sign; found none");
  setting.value = value_of_setting(key, value, where);
  return setting;
}

Value with_settings(Value document, const Settings& settings) {
  std::set<std::string> seen;
  for (const Setting& setting : settings.list)
    if (!seen.insert(without_blanks(setting.key)).second)
      throw InputError(place_of_setting(setting.key), "is given twice; omit one of them");
  // The grid first, because it decides which other keys have an effect.
  for (const Setting& setting : settings.list)
    if (is_grid_key(setting.key)) set_grid_key(document, setting);
  for (const Setting& setting : settings.list) {
    if (is_grid_key(setting.key)) continue;
    refuse_varied_key(document, setting);
    const Value* section = document.find(setting.key.substr(0, setting.key.find('.')));
    if (setting.key != "seed" && section != nullptr && !section->is_table()) continue;  // reading the file says so
    document.set(setting.key, setting.value);
  }
  std::vector<std::string> sections = key_sections();
  sections.emplace_back("grid");
  for (const std::string& name : sections) {
    std::vector<std::string> keys;
    for (const Setting& setting : settings.list)
      if (setting.key.starts_with(name + ".")) keys.push_back(setting.key);
    if (keys.empty() || document.find(name) == nullptr) continue;
    const std::string flags = fmt::format("{} {}", kSetFlag, fmt::join(keys, ", "));
    const std::string place = base::to_string(document.find(name)->where());
    document[name].set_where({place.empty() ? flags : fmt::format("{} with {}", place, flags)});
  }
  return document;
}

void Settings::read(const Value& value, std::string_view key) {
  if (!value.is_table())
    base::detail::wrong_field(value, key, "a table of keys and values, such as {\"model.n_layers\": 4}");
  list.clear();
  for (const auto& [name, item] : value.entries()) {
    (void)key_of_setting(name);
    list.push_back({name, placed(item, place_of_setting(name))});
  }
}

Value Settings::to_value() const {
  Value table = Value::table();
  for (const Setting& setting : list) table[setting.key] = setting.value;
  return table;
}

void Settings::read_flags(const std::vector<std::string>& texts) {
  list.clear();
  for (const std::string& text : texts) list.push_back(setting_from(text));
}

}  // namespace phaselaw::sweep
