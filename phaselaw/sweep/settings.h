// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/fields_text.h"
#include "phaselaw/base/value.h"

// Keys of an experiment or study file that are given beside the file: --set model.n_layers=4, and in Python
// set={"model.n_layers": 4}. They replace those of the file before it is checked, so that the stored configuration is
// the merged one.
//
//   section.key   a key of the file: model.n_layers, training.optimizer, accounting.compute
//   seed          the seed above the sections
//   grid.KEY      of a study: grid.seeds, grid.n_params, grid.data.n_data
// The right side is a value of TOML: 4, 1e-3, true, [32, 64], "text". Where the key holds text or a word, it needs no
// quotation marks: training.optimizer=adamw, data.path=notes.txt. An expression (computed_keys.h) needs none either.
//
// A request with a field of this type has the option in the program and in Python.
namespace phaselaw::sweep {

inline constexpr const char* kSetHelp =
    "value of a key instead of that in the file, such as model.n_layers=4; may be repeated";

struct Setting {
  std::string key;
  base::Value value;  // its place is "--set model.n_layers"
};
struct Settings {
  std::vector<Setting> list;

  // For base/fields.h and base/fields_text.h:
  void read(const base::Value& value, std::string_view key);
  [[nodiscard]] base::Value to_value() const;
  [[nodiscard]] base::FlagShape flag_shape() const { return {.type = "KEY=VALUE", .repeats = true}; }
  void read_flags(const std::vector<std::string>& texts);
};

// "model.n_layers=4". InputError at --set without an equals sign; at "--set KEY" for an unknown key, with the nearest
// known one, and for a value that is none.
[[nodiscard]] Setting setting_from(const std::string& text);

// The document with these keys. Places in messages: that of a value is "--set model.n_layers", and that of its section is
// "exp.toml:3:1 with --set model.n_layers". InputError for a key that is given twice, and for one that the grid varies,
// which would have no effect.
[[nodiscard]] base::Value with_settings(base::Value document, const Settings& settings);

}  // namespace phaselaw::sweep
