// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "phaselaw/documents/json_tree.h"

// The keys of nested records as paths, "cfg.lr", each with a number. Records of one kind list their keys in the same
// order, so each path remembers which one followed it the last time; otherwise a hash table is asked.
namespace phaselaw::documents {

class JsonPaths {
 public:
  using Id = std::uint32_t;
  static constexpr Id kRoot = 0;

  JsonPaths() { paths_.emplace_back(); }

  // The path of a key below `parent`, new if need be. `previous`: the key before it, or the parent. The key must outlive
  // the paths, as a place of the text does.
  [[nodiscard]] Id child(Id parent, std::string_view key, Id previous);
  // The same for a node of a tree; its escapes are resolved.
  [[nodiscard]] Id child(Id parent, const JsonTree& tree, JsonTree::Node key, Id previous);
  [[nodiscard]] std::optional<Id> find(Id parent, std::string_view key) const;

  [[nodiscard]] std::size_t size() const { return paths_.size(); }
  [[nodiscard]] Id parent(Id path) const { return paths_[path].parent; }
  [[nodiscard]] std::string_view key(Id path) const { return paths_[path].key; }
  // Keys joined by dots. InputError at the source above kLongestName bytes.
  [[nodiscard]] std::string name(Id path, const std::string& source) const;
  static constexpr std::size_t kLongestName = 1000;

 private:
  struct Path {
    Id parent = 0, first = 0, next = 0;
    std::string_view key = {};
  };
  struct Key {
    Id parent;
    std::string_view key;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& k) const {
      return std::hash<std::string_view>()(k.key) ^ (k.parent * std::size_t{0x9e3779b97f4a7c15});
    }
  };
  std::vector<Path> paths_;
  std::unordered_map<Key, Id, Hash> ids_;
  std::vector<std::unique_ptr<const std::string>> unescaped_;  // they stay in place when the paths move
};

// A list of {"key": ..., "value": ...} with distinct keys, which says the same as an object.
[[nodiscard]] bool is_json_list_of_pairs(const JsonTree& tree, JsonTree::Node list);

// The member of an object with this key, as it is written; the last one if there are several. Cost: linear.
[[nodiscard]] std::optional<JsonTree::Node> json_member(const JsonTree& tree, JsonTree::Node object,
                                                        std::string_view key);

// Visits the leaves of a record, scalars and lists, with their paths: visit(path, node). No recursion.
template <class Visit>
void walk_json_record(const JsonTree& tree, JsonPaths& paths, JsonTree::Node record, Visit&& visit) {
  struct Level {
    JsonTree::Node at, last;
    JsonPaths::Id path, previous;
    bool pairs;
  };
  std::vector<Level> stack{{tree.first(record), tree.last(record), JsonPaths::kRoot, JsonPaths::kRoot, false}};
  while (!stack.empty()) {
    Level& level = stack.back();
    if (level.at == level.last) {
      stack.pop_back();
      continue;
    }
    JsonTree::Node key = level.at, value = key + 1;
    if (level.pairs) {
      key = *json_member(tree, level.at, "key");
      value = *json_member(tree, level.at, "value");
      level.at = tree.next(level.at);
    } else {
      level.at = tree.next(value);
    }
    const JsonPaths::Id path = paths.child(level.path, tree, key, level.previous);
    level.previous = path;
    if (tree.is_object(value))
      stack.push_back({tree.first(value), tree.last(value), path, path, false});
    else if (tree.is_list(value) && is_json_list_of_pairs(tree, value))
      stack.push_back({tree.first(value), tree.last(value), path, path, true});
    else
      visit(path, value);
  }
}

}  // namespace phaselaw::documents
