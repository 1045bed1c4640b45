// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"

// The .safetensors format: 8 bytes little-endian header length, a JSON header {name: {dtype, shape, data_offsets}} with
// optional texts under "__metadata__", then the numbers, C order, without gaps. Source: the format's specification [T].
//
// Reading never runs code from a file: a pickle (.pt, .pth, .bin, .pkl) is recognised by its first bytes and refused.
// Every size is checked before it is used; one InputError names the file, the tensor, what was expected and found.
namespace phaselaw::base {

struct Tensor {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::string_view bytes;  // into the file's buffer
  [[nodiscard]] std::size_t count() const;
};

class Safetensors {
 public:
  // `source` names the bytes in messages. Errors: another format; a truncated file; a header that is longer than the
  // file or 100 MB, has more than a million values, or is no JSON object; a name twice; a tensor with an inconsistent
  // entry, offsets or size; tensors that do not cover the data exactly once, or bytes after them. Cost: linear in the bytes, and a sort of the tensors.
  static Safetensors read(const std::string& path);
  static Safetensors parse(std::string bytes, std::string source);
  Safetensors(Safetensors&&) noexcept = default;  // tensors look into the buffer: no copies
  Safetensors& operator=(Safetensors&&) noexcept = default;

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] const std::vector<Tensor>& tensors() const { return tensors_; }  // in the header's order
  [[nodiscard]] const Tensor* find(std::string_view name) const;                 // null if there is no such tensor
  [[nodiscard]] const Value& metadata() const { return metadata_; }              // a table of texts, or null

 private:
  Safetensors() = default;
  void require_packed() const;
  std::string source_, bytes_;
  std::size_t data_start_ = 0;
  std::vector<Tensor> tensors_;
  std::unordered_map<std::string, std::size_t> places_;  // of the tensors
  Value metadata_;
};

// All numbers of a tensor as T = float or double. F64, F32, F16 and BF16 are widened exactly; F64 is not rounded to
// float and other types are not converted: InputError at `source`.
template <class T>
[[nodiscard]] std::vector<T> numbers_of(const Tensor& tensor, const std::string& source);

// The bytes of a file with these tensors; the header is padded so that the numbers start at a multiple of 8.
[[nodiscard]] std::string safetensors_bytes(const Value& metadata, std::span<const Tensor> tensors);

}  // namespace phaselaw::base
