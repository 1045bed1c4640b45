// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/npy_values.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/half.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/encoding.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kUnit = 4;  // bytes of a character of kind U
constexpr std::size_t kMostItemBytes = std::size_t{1} << 30;

template <class V>
V value_at(const char* from, bool big_endian) {
  char bytes[sizeof(V)];
  std::memcpy(bytes, from, sizeof(V));
  if (big_endian) std::reverse(bytes, bytes + sizeof(V));
  V value;
  std::memcpy(&value, bytes, sizeof(V));
  return value;
}

struct Numbers {
  std::vector<double> values;
  bool rounded = false;
};

template <class V>
Numbers numbers_of_type(const NpyColumn& column, std::size_t rows) {
  Numbers numbers{std::vector<double>(rows), false};
  const char* from = column.bytes.data();
  for (double& value : numbers.values) {
    const V whole = value_at<V>(from, column.type.big_endian);
    value = static_cast<double>(whole);
    if constexpr (std::is_integral_v<V> && sizeof(V) == 8) {
      constexpr V kExact = V{1} << 53;
      numbers.rounded |= whole > kExact || (std::is_signed_v<V> && whole < V{0} - kExact);
    }
    from += column.stride;
  }
  return numbers;
}

Numbers numbers_of(const NpyColumn& column, std::size_t rows) {
  const auto [kind, bytes] = std::pair(column.type.kind, column.type.bytes);
  if (kind == 'f' && bytes == 8) return numbers_of_type<double>(column, rows);
  if (kind == 'f' && bytes == 4) return numbers_of_type<float>(column, rows);
  if (kind == 'f') {
    Numbers halves = numbers_of_type<std::uint16_t>(column, rows);
    for (double& value : halves.values) value = base::from_half(static_cast<std::uint16_t>(value));
    return halves;
  }
  if (kind == 'i')
    return bytes == 8   ? numbers_of_type<std::int64_t>(column, rows)
           : bytes == 4 ? numbers_of_type<std::int32_t>(column, rows)
           : bytes == 2 ? numbers_of_type<std::int16_t>(column, rows)
                        : numbers_of_type<std::int8_t>(column, rows);
  return bytes == 8   ? numbers_of_type<std::uint64_t>(column, rows)
         : bytes == 4 ? numbers_of_type<std::uint32_t>(column, rows)
         : bytes == 2 ? numbers_of_type<std::uint16_t>(column, rows)
                      : numbers_of_type<std::uint8_t>(column, rows);
}

// A text of kind U; zeros fill it up to its width.
std::string wide_text(const char* from, const NpyType& type) {
  std::string text;
  std::size_t end = type.bytes;
  while (end > 0 && from[end - 1] == '\0') --end;
  for (std::size_t at = 0; at < end; at += kUnit) {
    const auto c = value_at<std::uint32_t>(from + at, type.big_endian);
    append_utf8(text, c > 0x10FFFF || (c >= 0xD800 && c < 0xE000) ? 0xFFFD : c);
  }
  return text;
}

void set_texts(Table& table, std::size_t at, const NpyColumn& column) {
  const char* from = column.bytes.data();
  for (std::size_t row = 0; row < table.n_rows(); ++row, from += column.stride) {
    if (column.type.kind == 'U') {
      table.set(row, at, wide_text(from, column.type));
      continue;
    }
    std::string_view bytes(from, column.type.bytes);
    bytes = bytes.substr(0, bytes.find_last_not_of('\0') + 1);
    const bool ascii = std::all_of(bytes.begin(), bytes.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
    if (ascii)
      table.set(row, at, bytes);
    else
      table.set(row, at, as_utf8(bytes));
  }
}

struct Description {
  char order = '|', kind = 'f';
  std::size_t size = 0;
};

std::optional<Description> described(std::string_view descr) {
  if (descr.size() < 3 || std::string_view("<>|=").find(descr[0]) == std::string_view::npos) return std::nullopt;
  const auto size = base::parse_integer(descr.substr(2));
  if (!size || *size < 0 || static_cast<std::size_t>(*size) > kMostItemBytes) return std::nullopt;
  return Description{descr[0], descr[1], static_cast<std::size_t>(*size)};
}

}  // namespace

std::optional<NpyType> npy_type(std::string_view descr) {
  const auto d = described(descr);
  if (!d) return std::nullopt;
  const bool big = d->order == '>';
  const auto is_one_of = [&](std::initializer_list<std::size_t> sizes) {
    return std::find(sizes.begin(), sizes.end(), d->size) != sizes.end();
  };
  switch (d->kind) {
    case 'f':
      return is_one_of({2, 4, 8}) ? std::optional(NpyType{'f', d->size, big}) : std::nullopt;
    case 'i':
    case 'u':
      return is_one_of({1, 2, 4, 8}) ? std::optional(NpyType{d->kind, d->size, big}) : std::nullopt;
    case 'b':
      return is_one_of({1}) ? std::optional(NpyType{'b', 1, false}) : std::nullopt;
    case 'S':
    case 'a':
      return NpyType{'S', d->size, false};
    case 'U':
      return NpyType{'U', d->size * kUnit, big};
    default:
      return std::nullopt;
  }
}

std::optional<std::size_t> npy_item_bytes(std::string_view descr) {
  if (const auto type = npy_type(descr)) return type->bytes;
  const auto d = described(descr.substr(0, descr.find('[')));  // "<M8[s]"
  return d && d->kind != 'O' ? std::optional(d->size) : std::nullopt;
}

std::string why_not_read(std::string_view descr) {
  if (descr.find('O') != std::string_view::npos)
    return "holds Python objects (a pickle), which are never loaded; save it as numbers or text, with a dtype such as "
           "'f8' or 'U20'";
  return fmt::format("has the dtype {}, which is not read; convert it with array.astype('f8')", descr);
}

bool add_npy_column(Table& table, const NpyColumn& column) {
  if (column.type.kind == 'S' || column.type.kind == 'U') {
    set_texts(table, table.add_column(column.name), column);
    return false;
  }
  Numbers numbers = numbers_of(column, table.n_rows());
  table.add_numbers(column.name, std::move(numbers.values));
  return numbers.rounded;
}

}  // namespace phaselaw::documents
