// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <vector>

// A small strict reader of XML-like text for the tests: elements, attributes, and the first thing that is wrong.
namespace phaselaw::report {

struct Markup {
  struct Element {
    std::string name;
    std::map<std::string, std::string> attributes;
  };
  std::vector<Element> elements;
  std::string text;     // outside the tags
  std::string problem;  // "" = well-formed

  [[nodiscard]] std::vector<std::string> values_of(const std::string& attribute) const {
    std::vector<std::string> values;
    for (const auto& element : elements)
      if (const auto found = element.attributes.find(attribute); found != element.attributes.end())
        values.push_back(found->second);
    return values;
  }
  [[nodiscard]] std::size_t count(const std::string& name) const {
    return static_cast<std::size_t>(
        std::count_if(elements.begin(), elements.end(), [&](const Element& e) { return e.name == name; }));
  }
};

inline Markup read_markup(const std::string& s) {
  Markup result;
  std::vector<std::string> open;
  const std::set<std::string> never_closed = {"meta", "!DOCTYPE"};
  const auto entities_good = [](const std::string& text) {
    static const std::set<std::string> known = {"amp", "lt", "gt", "quot", "#39"};
    for (std::size_t at = 0; (at = text.find('&', at)) != std::string::npos; ++at) {
      const std::size_t end = text.find(';', at);
      if (end == std::string::npos || known.count(text.substr(at + 1, end - at - 1)) == 0) return false;
    }
    return true;
  };
  const auto fail = [&](const std::string& what, std::size_t at) {
    result.problem = what + " at: " + s.substr(at, 80);
    return result;
  };
  std::size_t at = 0;
  while (at < s.size()) {
    if (s[at] != '<') {
      const std::size_t end = std::min(s.find('<', at), s.size());
      const std::string text = s.substr(at, end - at);
      const bool style = !open.empty() && open.back() == "style";
      if (!style && !entities_good(text)) return fail("bare &", at);
      result.text += text;
      at = end;
      continue;
    }
    const std::size_t start = at++;
    const bool closing = s[at] == '/';
    if (closing) ++at;
    std::string name;
    while (at < s.size() && !std::isspace(static_cast<unsigned char>(s[at])) && s[at] != '>' && s[at] != '/')
      name += s[at++];
    if (closing) {
      if (open.empty() || open.back() != name) return fail("closes what is not open", start);
      open.pop_back();
      at = s.find('>', at) + 1;
      continue;
    }
    Markup::Element element{name, {}};
    bool empty = never_closed.count(name) > 0;
    for (;;) {
      while (at < s.size() && std::isspace(static_cast<unsigned char>(s[at]))) ++at;
      if (at >= s.size()) return fail("tag without end", start);
      if (s[at] == '>') break;
      if (s[at] == '/') {
        empty = true;
        ++at;
        continue;
      }
      std::string key;
      while (at < s.size() && s[at] != '=' && s[at] != '>' && !std::isspace(static_cast<unsigned char>(s[at])))
        key += s[at++];
      if (name == "!DOCTYPE") continue;
      while (at < s.size() && (s[at] == ' ' || s[at] == '=')) ++at;
      const char quote = s[at];
      const std::size_t end = s.find(quote, at + 1);
      if ((quote != '"' && quote != '\'') || end == std::string::npos) return fail("attribute without quotes", start);
      const std::string value = s.substr(at + 1, end - at - 1);
      if (value.find('<') != std::string::npos || !entities_good(value)) return fail("attribute not escaped", start);
      if (!element.attributes.emplace(key, value).second) return fail("attribute given twice", start);
      at = end + 1;
    }
    ++at;
    if (!empty) open.push_back(name);
    result.elements.push_back(element);
  }
  if (!open.empty()) result.problem = "not closed: " + open.back();
  return result;
}

}  // namespace phaselaw::report
