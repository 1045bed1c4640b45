// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/arrow_stream.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_set>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/half.h"

namespace phaselaw::documents {

namespace {

// Where a column lies in every batch: the positions of the children, from the outermost struct inwards.
using ArrowPath = std::vector<std::size_t>;

enum class ArrowKind { number, truth, text, skipped };

struct ArrowColumn {
  std::string name, format;
  ArrowPath path;
  ArrowKind kind = ArrowKind::skipped;
  bool categories = false;  // format is that of the indices
  std::string value_format;
  double scale = 1;  // of decimals
  std::vector<double> numbers;
  std::vector<bool> empty;
  bool any_empty = false;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // of texts, in `texts`
};

template <class T>
struct Released {
  T value{};
  Released() = default;
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;
  ~Released() {
    if (value.release != nullptr) value.release(&value);
  }
};

template <class T>
T element(const ArrowArray& array, std::size_t buffer, std::int64_t i) {
  T x{};
  std::memcpy(&x, static_cast<const char*>(array.buffers[buffer]) + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
  return x;
}

bool bit_of(const void* bits, std::int64_t i) {
  return ((static_cast<const unsigned char*>(bits)[i / 8] >> (i % 8)) & 1U) != 0;
}

bool is_null(const ArrowArray& array, std::int64_t i) {
  return array.n_buffers > 0 && array.buffers[0] != nullptr && array.null_count != 0 && !bit_of(array.buffers[0], i);
}

std::int64_t index_at(const ArrowArray& array, char format, std::int64_t i) {
  switch (format) {
    case 'c':
      return element<std::int8_t>(array, 1, i);
    case 'C':
      return element<std::uint8_t>(array, 1, i);
    case 's':
      return element<std::int16_t>(array, 1, i);
    case 'S':
      return element<std::uint16_t>(array, 1, i);
    case 'i':
      return element<std::int32_t>(array, 1, i);
    case 'I':
      return element<std::uint32_t>(array, 1, i);
    default:
      return element<std::int64_t>(array, 1, i);
  }
}

double number_at(const ArrowArray& array, const ArrowColumn& column, std::int64_t i) {
  switch (column.format[0]) {
    case 'L':
      return static_cast<double>(element<std::uint64_t>(array, 1, i));
    case 'e':
      return static_cast<double>(base::from_half(element<std::uint16_t>(array, 1, i)));
    case 'f':
      return static_cast<double>(element<float>(array, 1, i));
    case 'g':
      return element<double>(array, 1, i);
    case 'd': {
      auto low = element<std::uint64_t>(array, 1, 2 * i), high = element<std::uint64_t>(array, 1, 2 * i + 1);
      const bool negative = (high >> 63U) != 0;
      if (negative) {
        low = ~low + 1;
        high = ~high + (low == 0 ? 1 : 0);
      }
      const double size = (std::ldexp(static_cast<double>(high), 64) + static_cast<double>(low)) / column.scale;
      return negative ? -size : size;
    }
    case 't': {
      const bool days = column.format == "tdD" || column.format == "tts" || column.format == "ttm";  // 32 bits
      return days ? element<std::int32_t>(array, 1, i) : static_cast<double>(element<std::int64_t>(array, 1, i));
    }
    default:
      return static_cast<double>(index_at(array, column.format[0], i));
  }
}

std::string_view text_at(const ArrowArray& array, const std::string& format, std::int64_t i) {
  if (format == "u") {
    const auto from = element<std::int32_t>(array, 1, i), to = element<std::int32_t>(array, 1, i + 1);
    return {static_cast<const char*>(array.buffers[2]) + from, static_cast<std::size_t>(to - from)};
  }
  if (format == "U") {
    const auto from = element<std::int64_t>(array, 1, i), to = element<std::int64_t>(array, 1, i + 1);
    return {static_cast<const char*>(array.buffers[2]) + from, static_cast<std::size_t>(to - from)};
  }
  constexpr std::int64_t kViewBytes = 16, kInline = 12;  // "vu": the text itself, or its buffer and offset
  const char* view = static_cast<const char*>(array.buffers[1]) + i * kViewBytes;
  std::int32_t words[4];
  std::memcpy(words, view, sizeof(words));
  if (words[0] <= kInline) return {view + 4, static_cast<std::size_t>(words[0])};
  return {static_cast<const char*>(array.buffers[2 + words[2]]) + words[3], static_cast<std::size_t>(words[0])};
}

ArrowKind kind_of(const std::string& format) {
  if (format == "u" || format == "U" || format == "vu") return ArrowKind::text;
  if (format == "b") return ArrowKind::truth;
  if (format.size() == 1 && std::string_view("cCsSiIlLefgn").find(format[0]) != std::string_view::npos)
    return ArrowKind::number;
  if (format.starts_with("d:") || format.starts_with("t")) return ArrowKind::number;
  return ArrowKind::skipped;
}

// 10^scale of "d:19,10"; unset for decimals of other widths than 128 bits.
std::optional<double> decimal_scale(const std::string& format) {
  int precision = 0, scale = 0, bits = 128;
  if (std::sscanf(format.c_str(), "d:%d,%d,%d", &precision, &scale, &bits) < 2 || bits != 128) return {};
  return std::pow(10.0, scale);
}

std::vector<ArrowColumn> columns_of(const ArrowSchema& schema, const std::string& source, std::string& left_out) {
  struct Place {
    const ArrowSchema* schema;
    std::string name;
    ArrowPath path;
  };
  constexpr std::size_t kDeepest = 64;
  std::vector<ArrowColumn> columns;
  std::vector<Place> open = {{&schema, "", {}}};
  while (!open.empty()) {
    const Place place = std::move(open.back());
    open.pop_back();
    const std::string format = place.schema->format == nullptr ? "" : place.schema->format;
    if (format == "+s" && place.path.size() < kDeepest) {
      for (std::int64_t i = place.schema->n_children; i-- > 0;) {
        const ArrowSchema* child = place.schema->children[i];
        const std::string own = child->name == nullptr ? "" : child->name;
        Place inner{child, place.name.empty() ? own : place.name + "." + own, place.path};
        inner.path.push_back(static_cast<std::size_t>(i));
        open.push_back(std::move(inner));
      }
      continue;
    }
    if (place.path.empty())
      throw base::InputError({source}, "expected a stream of record batches, found a stream of single values");
    ArrowColumn column;
    column.name = place.name;
    column.format = column.value_format = format;
    column.path = place.path;
    if (place.schema->dictionary != nullptr) {
      column.categories = true;
      column.value_format = place.schema->dictionary->format;
    }
    column.kind = kind_of(column.value_format);
    if (column.categories && column.kind != ArrowKind::text) column.kind = ArrowKind::skipped;
    if (const auto scale = format.starts_with("d:") ? decimal_scale(format) : 1.0)
      column.scale = *scale;
    else
      column.kind = ArrowKind::skipped;
    if (column.kind != ArrowKind::skipped)
      columns.push_back(std::move(column));
    else
      left_out += (left_out.empty() ? "" : ", ") + column.name;
  }
  return columns;
}

// A row is null where the struct around it is.
void add_batch(const ArrowArray& batch, ArrowColumn& column, std::string& texts) {
  const ArrowArray* array = &batch;
  std::vector<std::pair<const ArrowArray*, std::int64_t>> around;  // with the offsets of their parents
  std::int64_t offset = batch.offset;
  for (const std::size_t child : column.path) {
    around.emplace_back(array, offset);
    array = array->children[child];
    offset += array->offset;
  }
  for (std::int64_t row = 0; row < batch.length; ++row) {
    const std::int64_t i = offset + row;
    bool null = column.format == "n" || is_null(*array, i);
    for (std::size_t depth = 1; depth < around.size(); ++depth)
      null = null || is_null(*around[depth].first, around[depth].second + row);
    std::string_view text;
    if (!null && column.categories) {
      const std::int64_t at = index_at(*array, column.format[0], i) + array->dictionary->offset;
      null = is_null(*array->dictionary, at);
      if (!null) text = text_at(*array->dictionary, column.value_format, at);
    } else if (!null && column.kind == ArrowKind::text) {
      text = text_at(*array, column.format, i);
    } else if (!null && column.kind == ArrowKind::truth) {
      text = bit_of(array->buffers[1], i) ? "true" : "false";
    }
    if (column.kind == ArrowKind::number) {
      column.numbers.push_back(null ? 0 : number_at(*array, column, i));
      column.empty.push_back(null);
      column.any_empty = column.any_empty || null;
    } else {
      column.places.emplace_back(texts.size(), text.size());
      texts += text;
    }
  }
}

}  // namespace

Reading read_arrow(ArrowArrayStream& stream, const std::string& source) {
  const auto failed = [&](int code) {
    const char* why = stream.get_last_error(&stream);
    return base::InputError(
        {source}, fmt::format("the frame could not be read ({})", why != nullptr ? why : std::strerror(code)));
  };
  Released<ArrowSchema> schema;
  if (const int code = stream.get_schema(&stream, &schema.value)) throw failed(code);
  std::string left_out;
  std::vector<ArrowColumn> columns = columns_of(schema.value, source, left_out);
  if (columns.empty())
    throw base::InputError({source}, left_out.empty()
                                         ? "expected columns, found none"
                                         : fmt::format("expected columns of numbers or text, found only {}", left_out));
  std::string texts;
  std::size_t rows = 0;
  while (true) {
    Released<ArrowArray> batch;
    if (const int code = stream.get_next(&stream, &batch.value)) throw failed(code);
    if (batch.value.release == nullptr) break;
    if ((rows += static_cast<std::size_t>(batch.value.length)) * columns.size() > Table::kMostCells)
      throw base::InputError({source}, fmt::format("expected at most {} cells; found more in {} columns",
                                                   Table::kMostCells, columns.size()));
    for (ArrowColumn& column : columns) add_batch(batch.value, column, texts);
  }
  const auto text = std::make_shared<const std::string>(std::move(texts));
  Reading reading;
  reading.table = Table(source, text);
  reading.shape = "frame";
  for (std::size_t row = 0; row < rows; ++row) reading.table.add_row(static_cast<long>(row) + 1);
  std::unordered_set<std::string> names;
  for (ArrowColumn& column : columns) {
    if (!names.insert(column.name).second)
      throw base::InputError({source}, fmt::format("two columns are named '{}'; rename one", column.name));
    if (column.kind == ArrowKind::number) {
      const std::size_t at = reading.table.add_numbers(column.name, std::move(column.numbers));
      for (std::size_t row = 0; column.any_empty && row < rows; ++row)
        if (column.empty[row]) reading.table.set_empty(row, at);
      continue;
    }
    const std::size_t at = reading.table.add_column(column.name);
    for (std::size_t row = 0; row < rows; ++row)
      reading.table.set(row, at, std::string_view(*text).substr(column.places[row].first, column.places[row].second));
  }
  if (!left_out.empty()) reading.notes.push_back(fmt::format("Columns of lists or bytes are left out: {}.", left_out));
  return reading;
}

}  // namespace phaselaw::documents
