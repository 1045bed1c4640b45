// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/checkpoint.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/value.h"

namespace phaselaw::training {

static_assert(std::endian::native == std::endian::little, "files are little-endian and are copied as they are");

namespace {

using base::Value;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit

template <class T>
constexpr const char* kDtype = sizeof(T) == 8 ? "F64" : "F32";

}  // namespace

template <class T>
std::string checkpoint_bytes(const model::ModelOptions& options, std::span<const T> theta) {
  const model::ParameterTable table(options);
  PHASELAW_CHECK_EQ(theta.size(), static_cast<std::size_t>(table.size()));
  Value header = Value::table();
  header["__metadata__"] =
      Value::table({{"format", "phaselaw"}, {"model", base::to_json(base::write_fields(options), -1)}});
  std::string data;
  data.reserve(theta.size_bytes());
  for (const auto& block : table.blocks()) {
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(theta.data() + block.offset),
                static_cast<std::size_t>(block.size()) * sizeof(T));
    header[block.name] = Value::table({{"dtype", kDtype<T>},
                                       {"shape", Value(Value::List{block.rows, block.cols})},
                                       {"data_offsets", Value(Value::List{begin, data.size()})}});
  }
  std::string json = base::to_json(header, -1);
  json.append((kLengthBytes - json.size() % kLengthBytes) % kLengthBytes, ' ');  // numbers start aligned
  const std::uint64_t length = json.size();
  std::string file(kLengthBytes, '\0');
  std::memcpy(file.data(), &length, kLengthBytes);
  return file + json + data;
}

template <class T>
void write_checkpoint(const std::string& path, const model::ModelOptions& options, std::span<const T> theta) {
  base::write_file(path, checkpoint_bytes(options, theta));
}

namespace {

struct File {
  std::string bytes;
  Value header;
  std::size_t data_start = 0;
  [[nodiscard]] std::size_t data_size() const { return bytes.size() - data_start; }
};

[[noreturn]] void fail(const std::string& path, const std::string& what) { throw base::InputError({path}, what); }

File read_file(const std::string& path) {
  File file{base::read_text(path), {}, 0};
  if (file.bytes.size() < kLengthBytes)
    fail(path, fmt::format("expected a .safetensors file, found {} bytes; copy it again", file.bytes.size()));
  std::uint64_t length = 0;
  std::memcpy(&length, file.bytes.data(), kLengthBytes);
  if (length > kLongestHeader || length > file.bytes.size() - kLengthBytes)
    fail(path, fmt::format(
                   "the .safetensors header should have {} bytes, the file has {} after its start; it is cut off or of "
                   "another format",
                   length, file.bytes.size() - kLengthBytes));
  file.data_start = kLengthBytes + length;
  file.header = base::parse_json(file.bytes.substr(kLengthBytes, length), path);
  if (!file.header.is_table()) fail(path, "expected a JSON object as .safetensors header, found " + file.header.kind());
  return file;
}

struct Tensor {
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::size_t begin = 0, end = 0;
};

std::vector<std::int64_t> integers(const Value& list) {
  std::vector<std::int64_t> result;
  for (const auto& item : list.list()) result.push_back(item.integer());
  return result;
}

Tensor describe(const std::string& path, const std::string& name, const Value& entry, const File& file) {
  const auto wrong = [&](const std::string& what) { fail(path, fmt::format("tensor {}: {}", name, what)); };
  Tensor tensor;
  std::vector<std::int64_t> offsets;
  try {
    tensor.dtype = entry.at("dtype").text();
    tensor.shape = integers(entry.at("shape"));
    offsets = integers(entry.at("data_offsets"));
  } catch (const base::InputError& error) {
    wrong(fmt::format("its header entry is not understood ({})", error.what()));
  }
  if (offsets.size() != 2 || offsets[0] < 0 || offsets[1] < offsets[0])
    wrong(fmt::format("expected data_offsets [begin, end], found [{}]", fmt::join(offsets, ", ")));
  if (static_cast<std::uint64_t>(offsets[1]) > file.data_size())
    wrong(fmt::format("its data end at byte {}, the file has {}; it is cut off, copy it again", offsets[1],
                      file.data_size()));
  tensor.begin = static_cast<std::size_t>(offsets[0]);
  tensor.end = static_cast<std::size_t>(offsets[1]);
  return tensor;
}

template <class From, class T>
void copy_tensor(const char* from, std::span<T> to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    From value;
    std::memcpy(&value, from + i * sizeof(From), sizeof(From));
    to[i] = static_cast<T>(value);
  }
}

}  // namespace

model::ModelOptions read_checkpoint_options(const std::string& path) {
  const File file = read_file(path);
  const Value* metadata = file.header.find("__metadata__");
  const Value* section = metadata != nullptr && metadata->is_table() ? metadata->find("model") : nullptr;
  if (section == nullptr) fail(path, "expected the metadata entry \"model\" that phaselaw writes; found none");
  model::ModelOptions options;
  base::read_fields(base::parse_json(section->text(), path), options, "model");
  model::validate(options, {path});
  return options;
}

template <class T>
std::vector<T> read_checkpoint(const std::string& path, const model::ModelOptions& options) {
  const File file = read_file(path);
  const model::ParameterTable table(options);
  std::vector<T> theta(static_cast<std::size_t>(table.size()));
  std::vector<std::string> known;
  std::vector<std::pair<std::size_t, std::size_t>> pieces;
  for (const auto& block : table.blocks()) {
    known.push_back(block.name);
    const Value* entry = file.header.find(block.name);
    if (entry == nullptr)
      fail(path, fmt::format("tensor {} is missing; the model has other layers or readout", block.name));
    const Tensor tensor = describe(path, block.name, *entry, file);
    if (tensor.shape != std::vector<std::int64_t>{block.rows, block.cols})
      fail(path, fmt::format("tensor {}: expected shape ({}, {}), found ({}); the model has other sizes", block.name,
                             block.rows, block.cols, fmt::join(tensor.shape, ", ")));
    const bool wide = tensor.dtype == "F64";
    if (!(tensor.dtype == "F32" || (wide && sizeof(T) == 8)))
      fail(path, fmt::format("tensor {}: expected dtype {}, found {}; convert the file", block.name,
                             sizeof(T) == 8 ? "F32 or F64" : "F32", tensor.dtype));
    const std::size_t needed = static_cast<std::size_t>(block.size()) * (wide ? 8U : 4U);
    if (tensor.end - tensor.begin != needed)
      fail(path, fmt::format("tensor {}: expected {} bytes, found {}", block.name, needed, tensor.end - tensor.begin));
    const auto to =
        std::span(theta).subspan(static_cast<std::size_t>(block.offset), static_cast<std::size_t>(block.size()));
    const char* from = file.bytes.data() + file.data_start + tensor.begin;
    if (wide)
      copy_tensor<double>(from, to);
    else
      copy_tensor<float>(from, to);
    pieces.emplace_back(tensor.begin, tensor.end);
  }
  for (const auto& [name, entry] : file.header.entries())
    if (name != "__metadata__" && std::find(known.begin(), known.end(), name) == known.end())
      fail(path, base::unknown_name("tensor", name, known));
  std::sort(pieces.begin(), pieces.end());
  std::size_t at = 0;
  for (const auto& [begin, end] : pieces) {
    if (begin != at) fail(path, fmt::format("expected tensor data without gaps or overlaps, found one at byte {}", at));
    at = end;
  }
  if (at != file.data_size())
    fail(path, fmt::format("expected {} bytes of tensor data, found {}", at, file.data_size()));
  return theta;
}

template std::string checkpoint_bytes<float>(const model::ModelOptions&, std::span<const float>);
template std::string checkpoint_bytes<double>(const model::ModelOptions&, std::span<const double>);
template void write_checkpoint<float>(const std::string&, const model::ModelOptions&, std::span<const float>);
template void write_checkpoint<double>(const std::string&, const model::ModelOptions&, std::span<const double>);
template std::vector<float> read_checkpoint<float>(const std::string&, const model::ModelOptions&);
template std::vector<double> read_checkpoint<double>(const std::string&, const model::ModelOptions&);

}  // namespace phaselaw::training
