// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"

// The keys of the sections of experiment and study files as one list, made from the option structs. The reference of
// keys, the schema for editors, --set and computed keys all read it.
namespace phaselaw::sweep {

enum class KeyKind { flag, integer, number, word, text, texts };

struct Key {
  std::string section, name;
  KeyKind kind = KeyKind::text;
  std::vector<std::string> words;  // those that are allowed: alone (word), or instead of a number
  base::Value default_value;
  base::Domain domain;
  std::string help;

  [[nodiscard]] std::string dotted() const { return section + "." + name; }
  [[nodiscard]] bool is_numeric() const { return kind == KeyKind::integer || kind == KeyKind::number; }
};

// In the order of the option structs: model, data, training, kernel, flow, ladder, accounting.
[[nodiscard]] const std::vector<Key>& all_keys();
// Null if there is none of this name.
[[nodiscard]] const Key* find_key(std::string_view section, std::string_view name);
// The names of the sections above, and of the keys of one of them.
[[nodiscard]] const std::vector<std::string>& key_sections();
[[nodiscard]] std::vector<std::string> key_names(std::string_view section);

// "unknown key 'model.n_layer'; did you mean 'model.n_layers'? ...", also for a name without its section.
[[nodiscard]] std::string unknown_key(const std::string& name);

}  // namespace phaselaw::sweep
