// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/npy_columns.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/npy_header.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/npy_values.h"
#include "phaselaw/documents/zip_members.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kHeaderBytes = (1 << 20) + 12;  // the longest header that is accepted
constexpr std::int64_t kMostPositions = 64;           // columns of an array without names for them

// The columns of one file, which have one length.
struct NpyColumns {
  std::vector<NpyColumn> columns;
  std::size_t rows = 0;
};

[[noreturn]] void refuse_npy(const std::string& source, const std::string& what) {
  throw base::InputError({source}, what);
}

std::string name_of_file(const std::string& source) {
  std::string name = std::filesystem::path(source).filename().string();
  name = name.substr(0, name.find(".npy"));
  return name.empty() || source == "standard input" ? "values" : name;
}

NpyColumns fields_of(std::string_view file, const base::NpyHeader& header, const std::string& source) {
  if (header.shape.size() != 1)
    refuse_npy(source, fmt::format("expected records on one axis, found shape {}; save one axis",
                                   base::npy_shape_text(header.shape)));
  NpyColumns result;
  std::size_t item = 0;
  for (const base::NpyField& field : header.fields) {
    const auto bytes = npy_item_bytes(field.descr);
    if (!bytes) refuse_npy(source, fmt::format("the field '{}' {}", field.name, why_not_read(field.descr)));
    const std::int64_t many = field.shape.empty() ? 1 : field.shape.size() == 1 ? field.shape[0] : kMostPositions + 1;
    if (many > kMostPositions)
      refuse_npy(source, fmt::format("the field '{}' has the shape {}; expected at most {} values", field.name,
                                     base::npy_shape_text(field.shape), kMostPositions));
    const auto type = npy_type(field.descr);
    if (!type && !field.name.empty())
      refuse_npy(source, fmt::format("the field '{}' {}", field.name, why_not_read(field.descr)));
    for (std::int64_t i = 0; i < many; ++i, item += *bytes)
      if (type && !field.name.empty())
        result.columns.push_back({.name = field.shape.empty() ? field.name : fmt::format("{}.{}", field.name, i),
                                  .type = *type,
                                  .bytes = file.substr(std::min(file.size(), header.data + item)),
                                  .stride = 0});
  }
  if (item == 0 || result.columns.empty()) refuse_npy(source, "the records hold no values; save the array again");
  for (NpyColumn& column : result.columns) column.stride = item;
  result.rows = base::npy_value_count(header, item, file.size(), source);
  return result;
}

// An array of a plain dtype with at most two axes.
NpyColumns positions_of(std::string_view file, const base::NpyHeader& header, const NpyType& type,
                        const std::string& name, const std::string& source) {
  if (type.bytes == 0) refuse_npy(source, "the texts of the array are all empty; save the array again");
  const std::size_t axes = header.shape.size();
  if (axes == 0 || axes > 2 || (axes == 2 && header.shape[1] > kMostPositions))
    refuse_npy(source,
               fmt::format("expected one axis, or two with at most {} columns, found shape {}; save one array for each "
                           "column with numpy.savez(\"FILE\", step=..., loss=...)",
                           kMostPositions, base::npy_shape_text(header.shape)));
  const std::size_t count = base::npy_value_count(header, type.bytes, file.size(), source);
  const std::size_t rows = static_cast<std::size_t>(header.shape[0]);
  const std::size_t columns = axes == 2 ? static_cast<std::size_t>(header.shape[1]) : 1;
  if (count == 0) refuse_npy(source, "the array is empty; check that the run has written to it");
  NpyColumns result{.columns = {}, .rows = rows};
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t first = c * type.bytes * (header.fortran_order ? rows : 1);
    result.columns.push_back({.name = axes == 2 ? fmt::format("c{}", c) : name,
                              .type = type,
                              .bytes = file.substr(header.data + first),
                              .stride = type.bytes * (header.fortran_order ? 1 : columns)});
  }
  return result;
}

Reading reading_of(const Document& document, std::string shape) {
  Reading reading;
  reading.shape = std::move(shape);
  reading.compression = document.compression;
  return reading;
}

void require_memory(std::size_t columns, std::size_t rows, const std::string& source, const DocumentOptions& options) {
  if (rows <= options.most_bytes() / sizeof(double) / (columns + 1) && rows <= Table::kMostCells / (columns + 1))
    return;
  refuse_npy(source, fmt::format("{} rows of {} columns are too many for --memory-limit {}; save fewer, or raise the "
                                 "limit",
                                 rows, columns, base::bytes_text(static_cast<double>(options.memory_limit))));
}

void add_column(Reading& reading, const NpyColumn& column) {
  if (add_npy_column(reading.table, column))
    reading.notes.push_back(fmt::format("Whole numbers of column '{}' beyond 2^53 were rounded.", column.name));
}

template <class Named>
void require_distinct(const std::vector<Named>& all, const std::string& source) {
  std::unordered_set<std::string_view> seen;
  for (const Named& each : all)
    if (!seen.insert(each.name).second)
      refuse_npy(source, fmt::format("two arrays have the name '{}'; save them under different names", each.name));
}

void add_rows(Table& table, std::size_t rows) {
  for (std::size_t row = 0; row < rows; ++row) table.add_row(static_cast<long>(row) + 1);
}

// One array of an .npz file.
struct Member {
  std::string name;
  const ZipMember* place = nullptr;
  NpyType type;
  std::size_t rows = 0;
  bool repeated = false;  // it has no axis
};

class NpzReader {
 public:
  NpzReader(const Document& document, const DocumentOptions& options)
      : file_(*document.text),
        source_(document.source),
        options_(options),
        reading_(reading_of(document, "NumPy archive")),
        places_(zip_members(file_, source_, options.most_bytes())) {}

  Reading read() {
    for (const ZipMember& place : places_) inspect(place);
    require_distinct(members_, source_);
    const std::size_t rows = chosen_length();
    std::erase_if(members_, [&](const Member& m) { return !m.repeated && m.rows != rows; });
    require_memory(members_.size(), rows, source_, options_);
    reading_.table = Table(source_);
    add_rows(reading_.table, rows);
    std::string storage;
    for (const Member& member : members_) {
      const std::string_view bytes = zip_content(file_, *member.place, source_, storage);
      const base::NpyHeader header = base::npy_header(bytes, inside(member.name));
      add_column(reading_, {.name = member.name,
                            .type = member.type,
                            .bytes = bytes.substr(header.data),
                            .stride = member.repeated ? 0 : member.type.bytes});
    }
    return std::move(reading_);
  }

 private:
  [[nodiscard]] std::string inside(const std::string& name) const { return fmt::format("{} ({}.npy)", source_, name); }

  void skip(const std::string& reason, const std::string& name) {
    auto& all = reading_.skipped;
    auto at = std::find_if(all.begin(), all.end(), [&](const Skipped& s) { return s.reason == reason; });
    if (at == all.end()) at = all.insert(at, Skipped{.reason = reason});
    at->add(0, name);
    at->lines.clear();
  }

  void inspect(const ZipMember& place) {
    if (!place.name.ends_with(".npy")) return skip("files in the archive that are no arrays", place.name);
    Member member{.name = place.name.substr(0, place.name.size() - 4), .place = &place, .type = {}};
    std::string storage;
    const std::string_view bytes = zip_start(file_, place, source_, storage, kHeaderBytes);
    const base::NpyHeader header = base::npy_header(bytes, inside(member.name));
    if (header.shape.size() > 1) return skip("arrays of more than one axis", member.name);
    const auto type = header.fields.empty() ? npy_type(header.descr) : std::nullopt;
    if (!type || type->bytes == 0 || member.name.empty()) {
      const bool objects = header.descr.find('O') != std::string::npos;
      return skip(objects ? "arrays of Python objects (pickles), which are never loaded" : "arrays of other dtypes",
                  member.name);
    }
    member.type = *type;
    member.rows = base::npy_value_count(header, type->bytes, place.size, inside(member.name));
    member.repeated = header.shape.empty();
    members_.push_back(std::move(member));
  }

  // The length of the arrays; if there are several, the one of --table.
  std::size_t chosen_length() const {
    std::vector<std::pair<std::size_t, std::string>> lengths;  // with the names of the arrays
    std::unordered_map<std::size_t, std::size_t> place;
    for (const Member& member : members_) {
      if (member.repeated) continue;
      const auto [at, is_new] = place.try_emplace(member.rows, lengths.size());
      if (is_new)
        lengths.emplace_back(member.rows, member.name);
      else if (constexpr std::size_t kShown = 100; lengths[at->second].second.size() < kShown)
        lengths[at->second].second += ", " + member.name;
    }
    if (lengths.empty()) refuse_npy(source_, fmt::format("expected arrays of one axis, found none{}", left_out()));
    std::vector<std::string> names, listed;
    for (const auto& [length, arrays] : lengths) {
      names.push_back(std::to_string(length));
      if (constexpr std::size_t kListed = 8; listed.size() < kListed)
        listed.push_back(fmt::format("{} ({})", length, arrays));
    }
    if (!options_.table.empty()) {
      const auto at = std::find(names.begin(), names.end(), options_.table);
      if (at == names.end()) throw base::InputError({"--table"}, base::unknown_name("length", options_.table, names));
      return lengths[static_cast<std::size_t>(at - names.begin())].first;
    }
    if (lengths.size() > 1)
      refuse_npy(source_,
                 fmt::format("expected arrays of one length, found the lengths {}{}; choose one with --table {}",
                             fmt::join(listed, ", "), listed.size() < lengths.size() ? ", ..." : "", names[0]));
    if (lengths[0].first == 0) refuse_npy(source_, "the arrays are empty; check that the run has written to them");
    return lengths[0].first;
  }

  [[nodiscard]] std::string left_out() const {
    std::vector<std::string> parts;
    for (const Skipped& skipped : reading_.skipped)
      parts.push_back(fmt::format("{} {}", skipped.count, skipped.reason));
    return parts.empty() ? "" : fmt::format(" (left out: {})", fmt::join(parts, ", "));
  }

  std::string_view file_;
  const std::string& source_;
  const DocumentOptions& options_;
  Reading reading_;
  std::vector<ZipMember> places_;
  std::vector<Member> members_;
};

}  // namespace

bool begins_npy(std::string_view head) { return head.starts_with(base::kNpyMagic); }

bool begins_npz(std::string_view head) { return first_zip_name(head).ends_with(".npy"); }

std::optional<Reading> read_npy(const Document& document, const DocumentOptions& options) {
  const std::string_view file = *document.text;
  if (!begins_npy(file)) return std::nullopt;
  const std::string& source = document.source;
  const base::NpyHeader header = base::npy_header(file, source);
  NpyColumns found;
  if (header.fields.empty()) {
    const auto type = npy_type(header.descr);
    if (!type) refuse_npy(source, fmt::format("the array {}", why_not_read(header.descr)));
    found = positions_of(file, header, *type, name_of_file(source), source);
  } else {
    found = fields_of(file, header, source);
  }
  require_distinct(found.columns, source);
  require_memory(found.columns.size(), found.rows, source, options);
  Reading reading = reading_of(document, "NumPy array");
  const bool has_text = std::any_of(found.columns.begin(), found.columns.end(),
                                    [](const NpyColumn& column) { return column.type.kind == 'S'; });
  reading.table = has_text ? Table(source, document.text) : Table(source);
  add_rows(reading.table, found.rows);
  for (const NpyColumn& column : found.columns) add_column(reading, column);
  return reading;
}

std::optional<Reading> read_npz(const Document& document, const DocumentOptions& options) {
  if (!begins_npz(*document.text)) return std::nullopt;
  return NpzReader(document, options).read();
}

}  // namespace phaselaw::documents
