// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/keys.h"

#include <algorithm>
#include <type_traits>

#include "phaselaw/base/fields_text.h"
#include "phaselaw/sweep/accounting.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/ladder.h"

namespace phaselaw::sweep {

namespace {

template <class T>
void describe_kind(const T&, Key& key) {
  if constexpr (std::is_same_v<T, bool>) {
    key.kind = KeyKind::flag;
  } else if constexpr (std::is_enum_v<T>) {
    key.kind = KeyKind::word;
    key.words = base::enum_words<T>();
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    key.kind = KeyKind::integer;
  } else if constexpr (std::is_same_v<T, double>) {
    key.kind = KeyKind::number;
  } else if constexpr (std::is_same_v<T, std::string>) {
    key.kind = KeyKind::text;
  } else {
    static_assert(std::is_same_v<T, std::vector<std::string>>, "a kind of key that files do not have yet");
    key.kind = KeyKind::texts;
  }
}
template <class T>
void describe_kind(const base::NumberOrWord<T>& field, Key& key) {
  describe_kind(field.value, key);
  key.words = field.allowed;
}

template <class Options>
void collect_keys(const char* section, const Options& defaults, std::vector<Key>& keys) {
  Options::fields(defaults,
                  [&](std::string_view name, const auto& field, const base::Domain& domain, std::string_view help) {
                    Key key{section, std::string(name), {}, {}, base::detail::write(field), domain, std::string(help)};
                    describe_kind(field, key);
                    keys.push_back(std::move(key));
                  });
}

std::vector<Key> collected_keys() {
  std::vector<Key> keys;
  const Experiment e;
  collect_keys("model", e.model, keys);
  collect_keys("data", e.data, keys);
  collect_keys("training", e.training, keys);
  collect_keys("kernel", e.kernel, keys);
  collect_keys("flow", e.flow, keys);
  collect_keys("ladder", LadderOptions{}, keys);
  collect_keys("accounting", Accounting{}, keys);
  return keys;
}

}  // namespace

const std::vector<Key>& all_keys() {
  static const std::vector<Key> keys = collected_keys();
  return keys;
}

const Key* find_key(std::string_view section, std::string_view name) {
  for (const Key& key : all_keys())
    if (key.section == section && key.name == name) return &key;
  return nullptr;
}

const std::vector<std::string>& key_sections() {
  static const std::vector<std::string> sections = {"model", "data",   "training",  "kernel",
                                                    "flow",  "ladder", "accounting"};
  return sections;
}

std::vector<std::string> key_names(std::string_view section) {
  std::vector<std::string> names;
  for (const Key& key : all_keys())
    if (key.section == section) names.push_back(key.name);
  return names;
}

std::string unknown_key(const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string section = name.substr(0, dot);
  if (dot != std::string::npos) {
    if (key_names(section).empty()) return base::unknown_name("section", section, key_sections());
    return base::unknown_name("key in [" + section + "]", name.substr(dot + 1), key_names(section));
  }
  std::vector<std::string> dotted, bare;
  for (const Key& key : all_keys()) {
    if (key.name == name) dotted.push_back(key.dotted());
    bare.push_back(key.name);
  }
  if (!dotted.empty())
    return fmt::format("the key '{}' needs its section; did you mean '{}'?", name, fmt::join(dotted, "' or '"));
  const std::string nearest = base::nearest_name(name, bare);
  const auto found =
      std::find_if(all_keys().begin(), all_keys().end(), [&](const Key& k) { return k.name == nearest; });
  return fmt::format("unknown key '{}'; {}list the keys with phaselaw keys", name,
                     found == all_keys().end() ? "" : fmt::format("did you mean '{}'? ", found->dotted()));
}

}  // namespace phaselaw::sweep
