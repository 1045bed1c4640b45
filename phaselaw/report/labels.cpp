// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/labels.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "phaselaw/report/format.h"

namespace phaselaw::report {

namespace {

// Of the characters from ' ' to '~', in hundredths of the font size.
constexpr unsigned char kWidths[] = {32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36,  32, 34, 64, 64, 64,
                                     64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63,
                                     58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63,  61, 73, 68, 99, 69,
                                     61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35,  63, 63, 28, 28, 58,
                                     28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59,  52, 64, 34, 64, 84};
constexpr double kLineHeight = 4.0 / 3;  // times the font size
constexpr double kGap = 10;              // px that labels in one row keep from each other

// Length in bytes of the UTF-8 character that begins with `lead`.
std::size_t character_bytes(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

// Hundredths of the font size; Greek and accented letters (two bytes) and signs such as the minus (three) by their
// widest usual form.
double character_width(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte >= 0x20 && byte < 0x7f) return kWidths[byte - 0x20];
  return byte < 0xe0 ? 70 : 100;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : clean_text(text)) {
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
      words.back() += c;
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// Clusters of labels that share columns of px, each as indices into `labels`.
std::vector<std::vector<std::size_t>> columns_of(const std::vector<PlacedText>& labels, double font) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return labels[a].x < labels[b].x; });
  std::vector<std::vector<std::size_t>> columns;
  double reach = 0;
  for (const std::size_t i : order) {
    if (columns.empty() || labels[i].x > reach + kGap) columns.emplace_back();
    columns.back().push_back(i);
    reach =
        std::max(columns.back().size() == 1 ? labels[i].x : reach, labels[i].x + size_of(labels[i].text, font).width);
  }
  return columns;
}

// Neighbours that overlap are joined to a stack, which stands at the mean of what its members wish (pool adjacent
// violators); a stack that leaves the frame is moved inside before it is compared with the one above.
struct Stack {
  double wish = 0, height = 0;  // the mean of the wished places of its upper edge; its height
  std::size_t count = 0;
  [[nodiscard]] double place(double top, double bottom) const { return std::max(top, std::min(wish, bottom - height)); }
};

std::string broken(const std::vector<std::string>& words, double width, double font) {
  std::string out, line;
  const auto end_line = [&] {
    if (line.empty()) return;
    out += (out.empty() ? "" : "\n") + line;
    line.clear();
  };
  for (const std::string& word : words) {
    if (!line.empty() && text_width(line + ' ' + word, font) > width) end_line();
    if (!line.empty()) line += ' ';
    for (std::size_t at = 0; at < word.size(); at += character_bytes(word[at])) {
      const std::string character = word.substr(at, character_bytes(word[at]));
      if (!line.empty() && text_width(line + character, font) > width) end_line();
      line += character;
    }
  }
  end_line();
  return out;
}

}  // namespace

double text_width(std::string_view line, double font) {
  double hundredths = 0;
  for (std::size_t at = 0; at < line.size(); at += character_bytes(line[at])) hundredths += character_width(line[at]);
  return font * hundredths / 100;
}

std::string wrapped(const std::string& text, double width, double font) {
  const std::vector<std::string> words = words_of(text);
  const std::string full = broken(words, width, font);
  const auto lines = std::count(full.begin(), full.end(), '\n');
  std::string best = full;
  for (double share = 0.95; lines > 0 && share > 0.5; share -= 0.05) {
    std::string narrower = broken(words, share * width, font);
    if (std::count(narrower.begin(), narrower.end(), '\n') > lines) break;
    best = std::move(narrower);
  }
  return best;
}

TextSize size_of(const std::string& text, double font) {
  TextSize size;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    size.width = std::max(size.width, text_width(std::string_view(text).substr(at, end - at), font));
    size.height += kLineHeight * font;
    at = end + 1;
  }
  return size;
}

void push_apart(std::vector<PlacedText>& labels, double top, double bottom, double font) {
  for (std::vector<std::size_t>& column : columns_of(labels, font)) {
    std::stable_sort(column.begin(), column.end(),
                     [&](std::size_t a, std::size_t b) { return labels[a].y < labels[b].y; });
    std::vector<Stack> stacks;
    for (const std::size_t i : column) {
      const double height = size_of(labels[i].text, font).height;
      stacks.push_back({labels[i].y - height / 2, height, 1});
      while (stacks.size() > 1) {
        const Stack low = stacks.back();
        Stack& high = stacks[stacks.size() - 2];
        if (high.place(top, bottom) + high.height <= low.place(top, bottom)) break;
        const auto high_count = static_cast<double>(high.count), low_count = static_cast<double>(low.count);
        high.wish = (high_count * high.wish + low_count * (low.wish - high.height)) / (high_count + low_count);
        high.height += low.height;
        high.count += low.count;
        stacks.pop_back();
      }
    }
    std::size_t next = 0;
    for (const Stack& stack : stacks) {
      double y = stack.place(top, bottom);
      for (std::size_t k = 0; k < stack.count; ++k, ++next) {
        PlacedText& label = labels[column[next]];
        const double height = size_of(label.text, font).height;
        label.y = y + height / 2;
        y += height;
      }
    }
  }
}

}  // namespace phaselaw::report
