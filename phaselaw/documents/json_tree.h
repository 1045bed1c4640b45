// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The values of a JSON text, in the order of the text, each with its place. Nothing is converted: a number or a string
// is a view of the text. A scalar takes 8 bytes and an array or object 24.
//
// More is accepted than the standard allows, because trainers write it: NaN, nan, Infinity and inf with or without a
// sign, and numbers such as .5 and 1. and +1.
namespace phaselaw::documents {

enum class JsonKind : std::uint8_t { null, boolean, number, text, array, object, close };

// Why a text is not JSON.
struct JsonFault {
  std::size_t place = 0;   // where in the text
  std::string expected;    // "expected ',' or '}'"
  std::size_t opened = 0;  // place of the innermost bracket that is still open
  bool is_open = false;    // whether there is one
  bool final = false;      // a limit is exceeded, so the text is refused whatever it is
};

class JsonTree {
 public:
  using Node = std::uint32_t;
  static constexpr std::size_t kDeepest = 1000;  // levels of arrays and objects

  explicit JsonTree(std::shared_ptr<const std::string> text) : text_(std::move(text)) {}

  // Reads one value at `place` and moves `place` behind it. A value with a fault is not kept.
  // Cost: about 2 ns for each byte. No recursion.
  [[nodiscard]] std::optional<JsonFault> parse(std::size_t& place);

  [[nodiscard]] const std::vector<Node>& roots() const { return roots_; }  // the values that were read
  [[nodiscard]] JsonKind kind(Node n) const { return static_cast<JsonKind>(tape_[n] >> kKindShift); }
  [[nodiscard]] std::size_t place(Node n) const { return tape_[n] & kPlaceMask; }
  // Text between the quotes, a number as written, an array or object from its first bracket to its last.
  [[nodiscard]] std::string_view raw(Node n) const;
  [[nodiscard]] bool is_escaped(Node n) const { return (tape_[n] & kEscaped) != 0; }
  // Text with its escapes resolved. An escape that is no character becomes U+FFFD.
  [[nodiscard]] std::string unescaped(Node n) const;
  [[nodiscard]] bool is_list(Node n) const { return kind(n) == JsonKind::array; }
  [[nodiscard]] bool is_object(Node n) const { return kind(n) == JsonKind::object; }
  [[nodiscard]] bool is_scalar(Node n) const { return kind(n) < JsonKind::array; }

  // The node after this one and all that it holds.
  [[nodiscard]] Node next(Node n) const { return is_scalar(n) ? n + 1 : static_cast<Node>(tape_[n + 1]); }
  // Elements of an array or object: for (n = first(a); n != last(a); n = next(n)). In an object each key comes before
  // its value.
  [[nodiscard]] Node first(Node n) const { return n + 2; }
  [[nodiscard]] Node last(Node n) const { return static_cast<Node>(tape_[n + 1]) - 1; }
  [[nodiscard]] std::size_t size(Node n) const { return tape_[n + 1] >> 32U; }  // elements, or pairs of key and value

  [[nodiscard]] const std::string& text() const { return *text_; }
  [[nodiscard]] const std::shared_ptr<const std::string>& shared_text() const { return text_; }

 private:
  friend class JsonParser;
  static constexpr unsigned kPlaceBits = 40, kLengthBits = 19, kKindShift = 60;
  static constexpr std::uint64_t kPlaceMask = (std::uint64_t{1} << kPlaceBits) - 1;
  static constexpr std::uint64_t kLongest = (std::uint64_t{1} << kLengthBits) - 1;  // longer ones are measured again
  static constexpr std::uint64_t kEscaped = std::uint64_t{1} << 59U;

  std::shared_ptr<const std::string> text_;
  std::vector<std::uint64_t> tape_;
  std::vector<Node> roots_;
};

}  // namespace phaselaw::documents
