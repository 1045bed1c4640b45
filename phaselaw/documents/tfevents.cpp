// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/tfevents.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "phaselaw/base/crc32c.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/half.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/encoding.h"
#include "phaselaw/documents/protobuf.h"

namespace phaselaw::documents {

namespace {

using Wire = ProtobufReader::Wire;

template <class V>
V fixed_at(std::string_view bytes, std::size_t at) {
  V value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

// Kinds of numbers of a tensor, as TensorFlow counts them.
enum class TensorKind : std::uint64_t {
  float32 = 1,
  float64 = 2,
  int32 = 3,
  uint8 = 4,
  int16 = 5,
  int8 = 6,
  int64 = 9,
  boolean = 10,
  bfloat16 = 14,
  float16 = 19
};

// The only number of a tensor's content.
std::optional<double> single_value(TensorKind kind, std::string_view content) {
  const auto as = [&]<class V>(V) -> std::optional<double> {
    if (content.size() != sizeof(V)) return std::nullopt;
    return static_cast<double>(fixed_at<V>(content, 0));
  };
  switch (kind) {
    case TensorKind::float32:
      return as(float{});
    case TensorKind::float64:
      return as(double{});
    case TensorKind::int32:
      return as(std::int32_t{});
    case TensorKind::int64:
      return as(std::int64_t{});
    case TensorKind::int16:
      return as(std::int16_t{});
    case TensorKind::int8:
      return as(std::int8_t{});
    case TensorKind::uint8:
    case TensorKind::boolean:
      return as(std::uint8_t{});
    case TensorKind::bfloat16:
    case TensorKind::float16: {
      const auto bits = as(std::uint16_t{});
      if (!bits) return std::nullopt;
      const auto half = static_cast<std::uint16_t>(*bits);
      return kind == TensorKind::float16 ? base::from_half(half) : base::from_bfloat16(half);
    }
  }
  return std::nullopt;
}

// TensorProto { dtype = 1; tensor_shape = 2; tensor_content = 4; float_val = 5; double_val = 6; int_val = 7;
// int64_val = 10; bool_val = 11; half_val = 13; }: its number, if it has exactly one.
std::optional<double> number_of_tensor(std::string_view tensor) {
  ProtobufReader field(tensor);
  TensorKind kind{};
  std::string_view content;
  std::optional<double> value;
  std::size_t values = 0;
  const auto keep = [&](double number) {
    value = number;
    ++values;
  };
  // A list of one number: packed into bytes, or a field of its own.
  const auto fixed = [&](std::uint64_t id, auto zero, Wire own) {
    using V = decltype(zero);
    if (field.is(id, Wire::bytes)) {
      if (field.bytes().size() == sizeof(V))
        keep(static_cast<double>(fixed_at<V>(field.bytes(), 0)));
      else
        values += field.bytes().size() / sizeof(V);
    } else if (field.is(id, own)) {
      const std::uint64_t bits = field.number();
      V number;
      std::memcpy(&number, &bits, sizeof number);
      keep(static_cast<double>(number));
    }
  };
  const auto whole = [&](std::uint64_t id) {
    const auto keep_whole = [&](std::uint64_t bits) {
      const auto half = static_cast<std::uint16_t>(bits);
      keep(id != 13                       ? static_cast<double>(static_cast<std::int64_t>(bits))
           : kind == TensorKind::bfloat16 ? base::from_bfloat16(half)
                                          : base::from_half(half));
    };
    if (field.is(id, Wire::varint)) keep_whole(field.number());
    if (!field.is(id, Wire::bytes)) return;
    ProtobufReader list(field.bytes());
    while (!list.at_end() && list.good() && values < 2) keep_whole(list.varint());
  };
  while (field.next()) {
    if (field.is(1, Wire::varint)) kind = static_cast<TensorKind>(field.number());
    if (field.is(4, Wire::bytes)) content = field.bytes();
    fixed(5, float{}, Wire::fixed32);
    fixed(6, double{}, Wire::fixed64);
    for (const std::uint64_t id : {7U, 10U, 11U, 13U}) whole(id);
  }
  if (!field.good()) return std::nullopt;
  if (!content.empty()) return single_value(kind, content);
  return values == 1 ? value : std::nullopt;
}

// Value { tag = 1; simple_value = 2; image = 4; histo = 5; audio = 6; tensor = 8; metadata = 9; }
struct Summary {
  std::string_view tag;
  std::optional<double> value;
  bool good = true;
};

Summary summary_of(std::string_view message) {
  Summary summary;
  ProtobufReader field(message);
  while (field.next()) {
    if (field.is(1, Wire::bytes)) summary.tag = field.bytes();
    if (field.is(2, Wire::fixed32)) summary.value = std::bit_cast<float>(static_cast<std::uint32_t>(field.number()));
    if (field.is(8, Wire::bytes)) summary.value = number_of_tensor(field.bytes());
  }
  summary.good = field.good();
  return summary;
}

constexpr std::size_t kLengthBytes = 12, kSumBytes = 4;  // a length with its sum, and the sum of the data

class EventReader {
 public:
  EventReader(const Document& document, const DocumentOptions& options)
      : file_(*document.text), source_(document.source), options_(options) {
    reading_.shape = "TensorBoard events";
    reading_.compression = document.compression;
  }

  Reading read() {
    while (!file_.empty() && next_record()) {
    }
    if (scalars_.empty())
      throw base::InputError({source_}, fmt::format("expected scalars, found none in {} records of TensorBoard{}; log "
                                                    "the loss with add_scalar, or name another event file",
                                                    record_, left_out()));
    make_table();
    for (Skipped* skipped : {&others_, &wrong_sums_, &undecoded_, &cut_})
      if (skipped->count > 0) reading_.skipped.push_back(std::move(*skipped));
    return std::move(reading_);
  }

 private:
  struct Row {
    long record = 0;
    double step = 0, wall_time = 0;
  };
  struct Scalar {
    std::uint32_t row = 0, tag = 0;
    double value = 0;
  };

  // False at an incomplete record.
  bool next_record() {
    ++record_;
    if (file_.size() < kLengthBytes || file_.find_first_not_of('\0') == std::string_view::npos) return cut();
    const auto length = fixed_at<std::uint64_t>(file_, 0);
    if (base::masked_crc32c(file_.substr(0, 8)) != fixed_at<std::uint32_t>(file_, 8))
      throw base::InputError(
          {source_, record_},
          fmt::format("the event file is damaged at its record {}: the check sum of its length differs; copy the file "
                      "again, or cut it after {} bytes",
                      record_, position_));
    if (length > file_.size() - kLengthBytes || file_.size() - kLengthBytes - length < kSumBytes) return cut();
    const std::string_view data = file_.substr(kLengthBytes, length);
    const auto sum = fixed_at<std::uint32_t>(file_, kLengthBytes + length);
    const std::size_t bytes = kLengthBytes + length + kSumBytes;
    file_.remove_prefix(bytes);
    position_ += bytes;
    if (base::masked_crc32c(data) != sum)
      wrong_sums_.add(record_, "");
    else
      read_event(data);
    return true;
  }

  bool cut() {
    cut_.add(record_, "");
    reading_.notes.push_back("The last record is incomplete and was left out; a training may still write to the file.");
    return false;
  }

  // Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; }
  void read_event(std::string_view data) {
    ProtobufReader field(data);
    Row row{.record = record_};
    std::string_view summary;
    while (field.next()) {
      if (field.is(1, Wire::fixed64)) row.wall_time = std::bit_cast<double>(field.number());
      if (field.is(2, Wire::varint)) row.step = static_cast<double>(static_cast<std::int64_t>(field.number()));
      if (field.is(5, Wire::bytes)) summary = field.bytes();
    }
    if (!field.good()) return undecoded_.add(record_, "");
    ProtobufReader value(summary);
    while (value.next())
      if (value.is(1, Wire::bytes)) add(row, summary_of(value.bytes()));
    if (!value.good()) undecoded_.add(record_, "");
  }

  void add(const Row& row, const Summary& summary) {
    if (!summary.good) return undecoded_.add(record_, "");
    if (!summary.value) return others_.add(record_, summary.tag);
    const auto [at, is_new] = places_.try_emplace(summary.tag, tags_.size());
    if (is_new) {
      tags_.push_back(summary.tag);
      last_row_.push_back(kNoRow);
    }
    const bool same = !rows_.empty() && rows_.back().step == row.step;
    if (!same || last_row_[at->second] + 1 == rows_.size()) rows_.push_back(row);
    require_memory_for_events();
    last_row_[at->second] = static_cast<std::uint32_t>(rows_.size() - 1);
    scalars_.push_back({last_row_[at->second], static_cast<std::uint32_t>(at->second), *summary.value});
  }

  void require_memory_for_events() const {
    const std::size_t columns = tags_.size() + 2;
    if (rows_.size() <= std::min(Table::kMostCells, options_.most_bytes() / sizeof(double)) / columns) return;
    throw base::InputError({source_}, fmt::format("{} rows of {} tags are too many for --memory-limit {}; log fewer "
                                                  "tags, or raise the limit",
                                                  rows_.size(), tags_.size(),
                                                  base::bytes_text(static_cast<double>(options_.memory_limit))));
  }

  void make_table() {
    Table table(source_);
    std::vector<double> steps, times;
    for (const Row& row : rows_) {
      table.add_row(row.record);
      steps.push_back(row.step);
      times.push_back(row.wall_time);
    }
    table.add_numbers("step", std::move(steps));
    table.add_numbers("wall_time", std::move(times));
    // Scalars by their tags: begin_[t] is where those of tag t begin.
    std::vector<std::size_t> begin(tags_.size() + 1);
    for (const Scalar& scalar : scalars_) ++begin[scalar.tag + 1];
    for (std::size_t t = 0; t < tags_.size(); ++t) begin[t + 1] += begin[t];
    std::vector<Scalar> sorted(scalars_.size());
    std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
    for (const Scalar& scalar : scalars_) sorted[next[scalar.tag]++] = scalar;
    for (std::size_t t = 0; t < tags_.size(); ++t)
      add_tag(table, t, std::span(sorted).subspan(begin[t], begin[t + 1] - begin[t]));
    reading_.table = std::move(table);
  }

  void add_tag(Table& table, std::size_t tag, std::span<const Scalar> scalars) {
    std::vector<double> values(rows_.size());
    std::vector<bool> known(rows_.size());
    for (const Scalar& scalar : scalars) {
      values[scalar.row] = scalar.value;
      known[scalar.row] = true;
    }
    const std::size_t column = table.add_numbers(heading(tag), std::move(values));
    if (scalars.size() == rows_.size()) return;
    for (std::size_t row = 0; row < rows_.size(); ++row)
      if (!known[row]) table.set_empty(row, column);
  }

  // The tag as a heading that no other column has.
  std::string heading(std::size_t tag) {
    std::string name = as_utf8(tags_[tag]);
    const bool taken = name.empty() || name == "step" || name == "wall_time";
    if (!taken) return name;
    std::string free = name.empty() ? "scalar" : name + " (scalar)";
    while (places_.contains(free)) free += "'";
    if (!name.empty())
      reading_.notes.push_back(
          fmt::format("The scalar '{}' is the column '{}', because every event has a {}.", name, free, name));
    return free;
  }

  [[nodiscard]] std::string left_out() const {
    std::string text;
    for (const Skipped* skipped : {&others_, &wrong_sums_, &undecoded_, &cut_})
      if (skipped->count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", skipped->count, skipped->reason);
    return text.empty() ? "" : fmt::format(" (left out: {})", text);
  }

  static constexpr std::uint32_t kNoRow = std::numeric_limits<std::uint32_t>::max();

  std::string_view file_;
  const std::string& source_;
  const DocumentOptions& options_;
  Reading reading_;
  long record_ = 0;
  std::size_t position_ = 0;
  std::vector<Row> rows_;
  std::vector<Scalar> scalars_;
  std::vector<std::string_view> tags_;
  std::vector<std::uint32_t> last_row_;  // of each tag
  std::unordered_map<std::string_view, std::size_t> places_;
  Skipped others_{.reason = "summaries that are no scalars"};
  Skipped wrong_sums_{.reason = "records with a wrong check sum"};
  Skipped undecoded_{.reason = "records that cannot be decoded"};
  Skipped cut_{.reason = "incomplete records"};
};

}  // namespace

bool begins_tfevents(std::string_view head) {
  return head.size() >= kLengthBytes && base::masked_crc32c(head.substr(0, 8)) == fixed_at<std::uint32_t>(head, 8);
}

std::optional<std::string> folder_of_events(const std::string& source) {
  const std::filesystem::path path(source);
  if (path.filename().string().find("tfevents") == std::string::npos) return std::nullopt;
  return path.parent_path().string();
}

std::optional<Reading> read_tfevents(const Document& document, const DocumentOptions& options) {
  if (!begins_tfevents(*document.text)) return std::nullopt;
  return EventReader(document, options).read();
}

}  // namespace phaselaw::documents
