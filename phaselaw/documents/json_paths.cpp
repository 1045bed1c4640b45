// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_paths.h"

#include <algorithm>
#include <unordered_set>

#include "phaselaw/base/errors.h"

namespace phaselaw::documents {

JsonPaths::Id JsonPaths::child(Id parent, std::string_view key, Id previous) {
  const Id guess = previous == parent ? paths_[parent].first : paths_[previous].next;
  if (guess != 0 && paths_[guess].parent == parent && paths_[guess].key == key) return guess;
  const auto [at, is_new] = ids_.try_emplace({parent, key}, static_cast<Id>(paths_.size()));
  if (is_new) paths_.push_back({parent, 0, 0, key});
  (previous == parent ? paths_[parent].first : paths_[previous].next) = at->second;
  return at->second;
}

JsonPaths::Id JsonPaths::child(Id parent, const JsonTree& tree, JsonTree::Node key, Id previous) {
  if (!tree.is_escaped(key)) return child(parent, tree.raw(key), previous);
  std::string text = tree.unescaped(key);
  if (const auto known = find(parent, text)) return *known;
  unescaped_.push_back(std::make_unique<const std::string>(std::move(text)));
  return child(parent, *unescaped_.back(), previous);
}

std::optional<JsonPaths::Id> JsonPaths::find(Id parent, std::string_view key) const {
  const auto at = ids_.find({parent, key});
  if (at == ids_.end()) return {};
  return at->second;
}

std::string JsonPaths::name(Id path, const std::string& source) const {
  std::vector<std::string_view> keys;
  std::size_t length = 0;
  for (; path != kRoot; path = parent(path)) {
    keys.push_back(key(path));
    length += key(path).size() + 1;
    if (length > kLongestName)
      throw base::InputError({source},
                             fmt::format("the name of a column, with its keys joined by dots, has more than {} bytes; "
                                         "it ends in '{}'; shorten the keys",
                                         kLongestName, keys.front().substr(0, 40)));
  }
  std::reverse(keys.begin(), keys.end());
  return fmt::format("{}", fmt::join(keys, "."));
}

std::optional<JsonTree::Node> json_member(const JsonTree& tree, JsonTree::Node object, std::string_view key) {
  std::optional<JsonTree::Node> found;
  for (JsonTree::Node n = tree.first(object); n != tree.last(object); n = tree.next(n + 1))
    if (tree.raw(n) == key) found = n + 1;
  return found;
}

bool is_json_list_of_pairs(const JsonTree& tree, JsonTree::Node list) {
  if (tree.size(list) == 0 || !tree.is_object(tree.first(list))) return false;
  std::unordered_set<std::string_view> keys;
  for (JsonTree::Node n = tree.first(list); n != tree.last(list); n = tree.next(n)) {
    if (!tree.is_object(n) || tree.size(n) > 4) return false;
    const auto key = json_member(tree, n, "key"), value = json_member(tree, n, "value");
    if (!key || !value || tree.kind(*key) != JsonKind::text || !tree.is_scalar(*value)) return false;
    if (!keys.insert(tree.raw(*key)).second) return false;
  }
  return true;
}

}  // namespace phaselaw::documents
