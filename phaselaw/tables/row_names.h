// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

// A name for each row, where many rows have the same one: each name is stored once, and 4 bytes for each row. Reads like
// a list of texts, and becomes one where a list is wanted.
namespace phaselaw::tables {

class RowNames {
 public:
  RowNames() = default;
  // `id`: of each row, an index of `names`.
  RowNames(std::vector<std::uint32_t> id, std::vector<std::string> names)
      : id_(std::move(id)), names_(std::move(names)) {}

  [[nodiscard]] std::size_t size() const { return id_.size(); }
  [[nodiscard]] bool empty() const { return id_.empty(); }
  [[nodiscard]] const std::string& operator[](std::size_t row) const { return names_[id_[row]]; }
  [[nodiscard]] const std::vector<std::uint32_t>& ids() const { return id_; }
  // Of each id; also names that no row has.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  // The names of these rows.
  [[nodiscard]] RowNames rows(std::span<const std::size_t> chosen) const {
    RowNames out;
    out.names_ = names_;
    if (id_.empty()) return out;
    out.id_.reserve(chosen.size());
    for (const std::size_t row : chosen) out.id_.push_back(id_[row]);
    return out;
  }

  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string*;
    using reference = const std::string&;
    const_iterator() = default;
    const_iterator(const RowNames* all, std::size_t row) : all_(all), row_(row) {}
    reference operator*() const { return (*all_)[row_]; }
    pointer operator->() const { return &(*all_)[row_]; }
    const_iterator& operator++() {
      ++row_;
      return *this;
    }
    const_iterator operator++(int) { return {all_, row_++}; }
    friend bool operator==(const const_iterator&, const const_iterator&) = default;

   private:
    const RowNames* all_ = nullptr;
    std::size_t row_ = 0;
  };
  using iterator = const_iterator;
  using value_type = std::string;
  [[nodiscard]] const_iterator begin() const { return {this, 0}; }
  [[nodiscard]] const_iterator end() const { return {this, size()}; }

  operator std::vector<std::string>() const { return {begin(), end()}; }  // NOLINT(google-explicit-constructor)
  friend bool operator==(const RowNames& a, const std::vector<std::string>& b) {
    return std::vector<std::string>(a) == b;
  }

 private:
  std::vector<std::uint32_t> id_;
  std::vector<std::string> names_;
};

}  // namespace phaselaw::tables
