// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The header of NumPy's .npy files, versions 1 to 3 [T: NumPy enhancement proposal 1]: a literal of a Python dict.
namespace phaselaw::base {

// A field of a structured dtype.
struct NpyField {
  std::string name;   // empty: padding
  std::string descr;  // "<f8"
  std::vector<std::int64_t> shape = {};
};

struct NpyHeader {
  int version = 1;
  std::string descr;             // "<f8", "<u2", "|u1"; empty for a structured dtype
  std::vector<NpyField> fields;  // of a structured dtype, in the order of their bytes
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::size_t data = 0;  // offset of the first value
};

inline constexpr std::string_view kNpyMagic = "\x93NUMPY";

// From the first bytes of a file, or all of it. InputError at `path`: other bytes, another version, a header that is
// cut or longer than 1 MiB, one that cannot be parsed, structures within structures. Linear in the header.
[[nodiscard]] NpyHeader npy_header(std::string_view start, const std::string& path);

// The number of values of `item` bytes. InputError if shape, bytes per value and size of the file do not agree.
[[nodiscard]] std::size_t npy_value_count(const NpyHeader& header, std::size_t item, std::size_t file_size,
                                          const std::string& path);

[[nodiscard]] std::string npy_shape_text(std::span<const std::int64_t> shape);  // "(2, 3)", "(6,)"

}  // namespace phaselaw::base
