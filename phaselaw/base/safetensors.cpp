// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "phaselaw/base/files.h"
#include "phaselaw/base/half.h"

namespace phaselaw::base {

static_assert(std::endian::native == std::endian::little, "files are little-endian and are copied without conversion");

namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit
constexpr std::int64_t kMostCommas = 1'000'000;  // of the header: about 200,000 tensors, and 500 MB while it is read

constexpr std::array kItemBytes{std::pair{std::string_view("F64"), 8U}, std::pair{std::string_view("F32"), 4U},
                                std::pair{std::string_view("F16"), 2U}, std::pair{std::string_view("BF16"), 2U},
                                std::pair{std::string_view("I64"), 8U}, std::pair{std::string_view("I32"), 4U},
                                std::pair{std::string_view("I16"), 2U}, std::pair{std::string_view("I8"), 1U},
                                std::pair{std::string_view("U64"), 8U}, std::pair{std::string_view("U32"), 4U},
                                std::pair{std::string_view("U16"), 2U}, std::pair{std::string_view("U8"), 1U},
                                std::pair{std::string_view("BOOL"), 1U}};

std::size_t item_bytes(const std::string& dtype) {
  for (const auto& [name, size] : kItemBytes)
    if (name == dtype) return size;
  return 0;
}

[[noreturn]] void fail(const std::string& source, const std::string& what) { throw InputError({source}, what); }

void refuse_other_formats(const std::string& bytes, const std::string& source) {
  const auto begins = [&](std::string_view with) { return bytes.compare(0, with.size(), with) == 0; };
  const bool zip = begins("PK\x03\x04"),
             pickle = bytes.size() > 1 && bytes[0] == '\x80' && bytes[1] >= 1 && bytes[1] <= 5;
  if (zip || pickle)
    fail(source,
         "expected a .safetensors file, found a PyTorch pickle, which is a program and is never loaded; "
         "save the weights with safetensors.torch.save_file(model.state_dict(), \"weights.safetensors\")");
  if (bytes.size() < kLengthBytes)
    fail(source, fmt::format("expected a .safetensors file, found {} bytes; copy it again", bytes.size()));
}

std::vector<std::int64_t> integers(const Value& list) {
  std::vector<std::int64_t> result;
  for (const auto& item : list.list()) result.push_back(item.integer());
  return result;
}

Tensor describe(const std::string& source, const std::string& name, const Value& entry, std::string_view data) {
  const auto wrong = [&](const std::string& what) { fail(source, fmt::format("tensor {}: {}", name, what)); };
  Tensor tensor;
  tensor.name = name;
  std::vector<std::int64_t> offsets;
  try {
    tensor.dtype = entry.at("dtype").text();
    tensor.shape = integers(entry.at("shape"));
    offsets = integers(entry.at("data_offsets"));
  } catch (const InputError& error) {
    wrong(fmt::format("its header entry is malformed ({})", error.what()));
  }
  if (offsets.size() != 2 || offsets[0] < 0 || offsets[1] < offsets[0])
    wrong(fmt::format("expected data_offsets [begin, end], found [{}]", fmt::join(offsets, ", ")));
  const auto begin = static_cast<std::uint64_t>(offsets[0]), end = static_cast<std::uint64_t>(offsets[1]);
  if (end > data.size())
    wrong(fmt::format("its data end at byte {}, but the file has {}; the file is incomplete, copy it again", end,
                      data.size()));
  tensor.bytes = data.substr(begin, end - begin);
  const std::size_t item = item_bytes(tensor.dtype);
  if (item == 0) wrong(fmt::format("unknown dtype {}; convert the file to F32 or F64", tensor.dtype));
  std::uint64_t needed = item;
  for (const std::int64_t size : tensor.shape) {
    if (size < 0) wrong(fmt::format("expected sizes >= 0, found shape ({})", fmt::join(tensor.shape, ", ")));
    if (size > 0 && needed > std::numeric_limits<std::uint64_t>::max() / static_cast<std::uint64_t>(size))
      wrong(fmt::format("shape ({}) has more numbers than any file", fmt::join(tensor.shape, ", ")));
    needed *= static_cast<std::uint64_t>(size);
  }
  if (needed != tensor.bytes.size()) wrong(fmt::format("expected {} bytes, found {}", needed, tensor.bytes.size()));
  return tensor;
}

// 1 sign, 5 exponent, 10 fraction bits; exact in float.
template <class From, class T, class Convert>
void copy(std::string_view bytes, std::vector<T>& to, Convert&& convert) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    From value;
    std::memcpy(&value, bytes.data() + i * sizeof(From), sizeof(From));
    to[i] = static_cast<T>(convert(value));
  }
}

}  // namespace

std::size_t Tensor::count() const { return bytes.size() / std::max<std::size_t>(item_bytes(dtype), 1); }

Safetensors Safetensors::read(const std::string& path) { return parse(read_text(path), path); }

Safetensors Safetensors::parse(std::string bytes, std::string source) {
  Safetensors file;
  file.source_ = std::move(source);
  file.bytes_ = std::move(bytes);
  refuse_other_formats(file.bytes_, file.source_);
  std::uint64_t length = 0;
  std::memcpy(&length, file.bytes_.data(), kLengthBytes);
  if (length > kLongestHeader || length > file.bytes_.size() - kLengthBytes)
    fail(
        file.source_,
        fmt::format(
            "expected a .safetensors header of {} bytes, but the file has only {} after its start; it is incomplete or has another format",
            length, file.bytes_.size() - kLengthBytes));
  file.data_start_ = kLengthBytes + length;
  const std::string json = file.bytes_.substr(kLengthBytes, length);
  if (std::count(json.begin(), json.end(), ',') > kMostCommas)
    fail(file.source_,
         fmt::format("expected a .safetensors header of at most {} values, found more; save the tensors in "
                     "several files",
                     kMostCommas));
  const Value header = parse_json(json, file.source_);
  if (!header.is_table()) fail(file.source_, "expected a JSON object as .safetensors header, found " + header.kind());
  const std::string_view data = std::string_view(file.bytes_).substr(file.data_start_);
  for (const auto& [name, entry] : header.entries()) {
    if (name != "__metadata__") {
      file.tensors_.push_back(describe(file.source_, name, entry, data));
      continue;
    }
    if (!entry.is_table() || std::any_of(entry.entries().begin(), entry.entries().end(),
                                         [](const auto& text) { return !text.second.is_text(); }))
      fail(file.source_, "expected texts under __metadata__ in the .safetensors header, found others");
    file.metadata_ = entry;
  }
  file.require_packed();
  for (std::size_t i = 0; i < file.tensors_.size(); ++i) file.places_.emplace(file.tensors_[i].name, i);
  return file;
}

const Tensor* Safetensors::find(std::string_view name) const {
  const auto found = places_.find(std::string(name));
  return found == places_.end() ? nullptr : &tensors_[found->second];
}

void Safetensors::require_packed() const {
  std::vector<std::pair<std::size_t, std::size_t>> pieces;
  const char* const start = bytes_.data() + data_start_;
  for (const auto& tensor : tensors_) {
    const auto begin = static_cast<std::size_t>(tensor.bytes.data() - start);
    pieces.emplace_back(begin, begin + tensor.bytes.size());
  }
  std::sort(pieces.begin(), pieces.end());
  std::size_t at = 0;
  for (const auto& [begin, end] : pieces) {
    if (begin != at)
      fail(source_, fmt::format("expected tensor data without gaps or overlaps, found one at byte {}", at));
    at = end;
  }
  if (at != bytes_.size() - data_start_)
    fail(source_, fmt::format("expected {} bytes of tensor data, found {}", at, bytes_.size() - data_start_));
}

template <class T>
std::vector<T> numbers_of(const Tensor& tensor, const std::string& source) {
  std::vector<T> numbers(tensor.count());
  const auto same = [](auto x) { return x; };
  if (tensor.dtype == "F32")
    copy<float>(tensor.bytes, numbers, same);
  else if (tensor.dtype == "F64" && sizeof(T) == 8)
    copy<double>(tensor.bytes, numbers, same);
  else if (tensor.dtype == "F16")
    copy<std::uint16_t>(tensor.bytes, numbers, from_half);
  else if (tensor.dtype == "BF16")
    copy<std::uint16_t>(tensor.bytes, numbers, from_bfloat16);
  else
    fail(source, fmt::format("tensor {}: expected dtype F32, F16, BF16{}, found {}; convert the file", tensor.name,
                             sizeof(T) == 8 ? " or F64" : "", tensor.dtype));
  return numbers;
}

std::string safetensors_bytes(const Value& metadata, std::span<const Tensor> tensors) {
  Value header = Value::table();
  if (!metadata.is_null()) header["__metadata__"] = metadata;
  std::size_t at = 0;
  std::string data;
  for (const auto& tensor : tensors) {
    header[tensor.name] = Value::table({{"dtype", tensor.dtype},
                                        {"shape", Value(tensor.shape)},
                                        {"data_offsets", Value(Value::List{at, at + tensor.bytes.size()})}});
    at += tensor.bytes.size();
    data += tensor.bytes;
  }
  std::string json = to_json(header, -1);
  json.append((kLengthBytes - json.size() % kLengthBytes) % kLengthBytes, ' ');  // numbers start aligned
  const std::uint64_t length = json.size();
  std::string file(kLengthBytes, '\0');
  std::memcpy(file.data(), &length, kLengthBytes);
  return file + json + data;
}

template std::vector<float> numbers_of<float>(const Tensor&, const std::string&);
template std::vector<double> numbers_of<double>(const Tensor&, const std::string&);

}  // namespace phaselaw::base
