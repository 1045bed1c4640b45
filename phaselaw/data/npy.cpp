// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/npy.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"

namespace phaselaw::data {

static_assert(std::endian::native == std::endian::little, "files are little-endian and are copied without conversion");

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kLongestHeader = 1 << 20;  // a header of three axes has about 100 bytes

// The header is a Python dict literal: {'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }.
struct Header {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  Header parse() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        if (peek() != '\'' && peek() != '"') fail("a plain dtype such as '<f8'");
        header.descr = quoted();
        has_descr = true;
      } else if (key == "fortran_order") {
        header.fortran_order = boolean();
        has_order = true;
      } else if (key == "shape") {
        header.shape = tuple();
        has_shape = true;
      } else {
        fail("the keys descr, fortran_order and shape");
      }
      if (!accept(',') && peek() != '}') fail("',' or '}'");
    }
    if (!has_descr || !has_order || !has_shape) fail("the keys descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& expected) const {
    throw base::InputError(
        {path_},
        fmt::format(
            "the .npy header is not understood: expected {} at its byte {}; save the array again with numpy.save",
            expected, at_));
  }
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(fmt::format("'{}'", c));
  }
  std::string quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("text in quotes");
    const auto end = text_.find(quote, ++at_);
    if (end == std::string_view::npos) fail("a closing quote");
    std::string result(text_.substr(at_, end - at_));
    at_ = end + 1;
    return result;
  }
  bool boolean() {
    static_cast<void>(peek());
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"False", false}, {"True", true}})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    fail("True or False");
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> shape;
    expect('(');
    while (!accept(')')) {
      if (peek() < '0' || peek() > '9') fail("a length");
      std::int64_t length = 0;
      for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
        length = 10 * length + (text_[at_] - '0');
        if (length > std::int64_t{1} << 48) fail("a length below 2^48");
      }
      shape.push_back(length);
      if (!accept(',') && peek() != ')') fail("',' or ')'");
    }
    return shape;
  }

  std::string_view text_;
  std::string path_;
  std::size_t at_ = 0;
};

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

std::vector<std::int64_t> index_of(std::size_t flat, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = static_cast<std::int64_t>(flat) % shape[axis];
    flat /= static_cast<std::size_t>(shape[axis]);
  }
  return index;
}

template <class T>
void copy_values(const char* from, std::vector<double>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    T value;
    std::memcpy(&value, from + i * sizeof(T), sizeof(T));
    to[i] = static_cast<double>(value);
  }
}

}  // namespace

NpyLayout npy_layout(std::string_view file, const std::string& path) {
  const auto fail = [&](const std::string& what) { throw base::InputError({path}, what); };
  if (!file.starts_with(kMagic) || file.size() < 10)
    fail("expected a .npy file, found other bytes; save it with numpy.save");
  const int version = static_cast<unsigned char>(file[6]);
  if (version != 1 && version != 2)
    fail(fmt::format("expected .npy version 1 or 2, found {}; save it with numpy.save", version));
  const std::size_t start = version == 1 ? 10 : 12;
  if (file.size() < start) fail("the .npy file ends within its header; copy it again");
  std::size_t length = 0;
  for (std::size_t i = start; i-- > 8;) length = length << 8 | static_cast<unsigned char>(file[i]);
  if (length > kLongestHeader)
    fail(fmt::format("expected a .npy header of at most {} bytes, found {}", kLongestHeader, length));
  if (length > file.size() - start)
    fail(fmt::format("the .npy header has {} bytes, the file only {} after its start; copy it again", length,
                     file.size() - start));
  Header header = HeaderParser(file.substr(start, length), path).parse();
  return {std::move(header.descr), header.fortran_order, std::move(header.shape), start + length};
}

std::size_t npy_count(const NpyLayout& layout, std::size_t item, std::size_t file_size, const std::string& path) {
  const auto fail = [&](const std::string& what) { throw base::InputError({path}, what); };
  if (layout.fortran_order) fail("expected C order, found Fortran order; convert it with numpy.ascontiguousarray");
  std::size_t count = 1;
  for (const auto extent : layout.shape) {
    const auto factor = static_cast<std::size_t>(extent);
    if (factor != 0 && count > std::numeric_limits<std::size_t>::max() / item / factor)
      fail(fmt::format("the shape {} is too large for any memory", shape_text(layout.shape)));
    count *= factor;
  }
  const std::size_t found = file_size - layout.data;
  if (found != count * item)
    fail(fmt::format("shape {} of {} needs {} bytes of data, found {}; copy the file again", shape_text(layout.shape),
                     layout.descr, count * item, found));
  return count;
}

NpyArray read_npy(const std::string& path, int rank) {
  const std::string file = base::read_text(path);
  const auto fail = [&](const std::string& what) { throw base::InputError({path}, what); };
  const NpyLayout header = npy_layout(file, path);
  if (header.descr != "<f8" && header.descr != "<f4")
    fail(fmt::format("expected dtype <f4 or <f8, found {}; convert it with array.astype('<f8')", header.descr));
  if (rank >= 0 && header.shape.size() != static_cast<std::size_t>(rank))
    fail(fmt::format("expected an array of {} axes, found shape {}", rank, shape_text(header.shape)));
  const std::size_t item = header.descr == "<f8" ? 8 : 4;
  const std::size_t count = npy_count(header, item, file.size(), path);
  NpyArray array{header.shape, std::vector<double>(count)};
  const char* data = file.data() + header.data;
  if (item == 8)
    copy_values<double>(data, array.values);
  else
    copy_values<float>(data, array.values);
  for (std::size_t i = 0; i < count; ++i)
    if (!std::isfinite(array.values[i]))
      fail(fmt::format("expected finite numbers, found {} at index {}; remove or replace such values", array.values[i],
                       shape_text(index_of(i, array.shape))));
  return array;
}

namespace {

std::int64_t count_of(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const auto extent : shape) count *= extent;
  return count;
}

std::string header_of(std::span<const std::int64_t> shape, std::size_t item) {
  std::string header =
      fmt::format("{{'descr': '<f{}', 'fortran_order': False, 'shape': {}, }}", item, shape_text(shape));
  constexpr std::size_t kStart = 10, kAlignment = 64;
  header.append(kAlignment - 1 - (kStart + header.size()) % kAlignment, ' ');
  header += '\n';
  PHASELAW_CHECK_LE(header.size(), std::size_t{0xFFFF});
  std::string start(kMagic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  return start + header;
}

template <class T>
void write(const std::string& path, std::span<const std::int64_t> shape, std::span<const T> values) {
  NpyPieces<T> file(path, shape);
  file.append(values);
  file.commit();
}

}  // namespace

template <class T>
NpyPieces<T>::NpyPieces(const std::string& path, std::span<const std::int64_t> shape)
    : file_(path), missing_(count_of(shape)) {
  file_.append(header_of(shape, sizeof(T)));
}

template <class T>
void NpyPieces<T>::append(std::span<const T> values) {
  missing_ -= static_cast<std::int64_t>(values.size());
  file_.append({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

template <class T>
void NpyPieces<T>::commit() {
  PHASELAW_CHECK_EQ(missing_, 0);
  file_.commit();
}

template class NpyPieces<float>;
template class NpyPieces<double>;

void write_npy(const std::string& path, std::span<const std::int64_t> shape, std::span<const double> values) {
  write(path, shape, values);
}
void write_npy(const std::string& path, std::span<const std::int64_t> shape, std::span<const float> values) {
  write(path, shape, values);
}

}  // namespace phaselaw::data
