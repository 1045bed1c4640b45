// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/npy_header.h"

#include <limits>
#include <utility>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace {

constexpr std::size_t kMostNpyAxes = 64;
constexpr std::size_t kLongestNpyHeader = 1 << 20;  // a header of three axes has about 100 bytes

// The header is a Python dict literal: {'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }.
class NpyHeaderParser {
 public:
  NpyHeaderParser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  NpyHeader parse() {
    NpyHeader header;
    bool has_descr = false, has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        if (peek() == '[')
          header.fields = fields();
        else
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
    throw InputError(
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
  // [('step', '<i8'), ('loss', '<f4'), ('pair', '<f8', (2,))]; a name may be ('title', 'name').
  std::vector<NpyField> fields() {
    std::vector<NpyField> all;
    expect('[');
    while (!accept(']')) {
      expect('(');
      const bool titled = accept('(');
      std::string name = quoted();
      if (titled) {
        expect(',');
        name = quoted();
        expect(')');
      }
      expect(',');
      if (peek() == '[') fail("a field of plain values, found a structure within a structure,");
      NpyField field{.name = std::move(name), .descr = quoted()};
      if (accept(',') && peek() == '(') field.shape = tuple();
      expect(')');
      all.push_back(std::move(field));
      if (!accept(',') && peek() != ']') fail("',' or ']'");
    }
    if (all.empty()) fail("at least one field");
    return all;
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
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // as Python 2 wrote it
      if (shape.size() == kMostNpyAxes) fail("at most 64 axes");
      shape.push_back(length);
      if (!accept(',') && peek() != ')') fail("',' or ')'");
    }
    return shape;
  }

  std::string_view text_;
  std::string path_;
  std::size_t at_ = 0;
};

}  // namespace

std::string npy_shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

NpyHeader npy_header(std::string_view file, const std::string& path) {
  const auto fail = [&](const std::string& what) { throw InputError({path}, what); };
  if (!file.starts_with(kNpyMagic) || file.size() < 10)
    fail("expected a .npy file, found other bytes; save it with numpy.save");
  const int version = static_cast<unsigned char>(file[6]);
  if (version < 1 || version > 3)
    fail(fmt::format("expected .npy version 1, 2 or 3, found {}; save it with numpy.save", version));
  const std::size_t start = version == 1 ? 10 : 12;
  if (file.size() < start) fail("the .npy file ends within its header; copy it again");
  std::size_t length = 0;
  for (std::size_t i = start; i-- > 8;) length = length << 8 | static_cast<unsigned char>(file[i]);
  if (length > kLongestNpyHeader)
    fail(fmt::format("expected a .npy header of at most {} bytes, found {}", kLongestNpyHeader, length));
  if (length > file.size() - start)
    fail(fmt::format("the .npy header has {} bytes, the file only {} after its start; copy it again", length,
                     file.size() - start));
  NpyHeader header = NpyHeaderParser(file.substr(start, length), path).parse();
  header.version = version;
  header.data = start + length;
  return header;
}

std::size_t npy_value_count(const NpyHeader& header, std::size_t item, std::size_t file_size, const std::string& path) {
  const auto fail = [&](const std::string& what) { throw InputError({path}, what); };
  std::size_t count = 1;
  for (const auto extent : header.shape) {
    const auto factor = static_cast<std::size_t>(extent);
    if (factor != 0 && count > std::numeric_limits<std::size_t>::max() / item / factor)
      fail(fmt::format("the shape {} is too large for any memory", npy_shape_text(header.shape)));
    count *= factor;
  }
  const std::size_t found = file_size - header.data;
  if (found != count * item)
    fail(fmt::format("shape {} of {} needs {} bytes of data, found {}; copy the file again",
                     npy_shape_text(header.shape), header.fields.empty() ? header.descr : "records", count * item,
                     found));
  return count;
}

}  // namespace phaselaw::base
