// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "cli/cli_fixture.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"

// Every option of every verb, as `phaselaw keys --json -` lists them, with values that nobody means: an empty word, no
// number, infinity, a number beyond the range of the option, an integer that 64 bits do not hold. Each is an error that
// names the flag, and nothing is written.
namespace phaselaw {
namespace {

struct Option {
  std::string verb, flag, type;
  bool required = false;
  std::optional<double> minimum, maximum, exclusive_minimum, exclusive_maximum;

  [[nodiscard]] bool holds(double x) const {
    return std::isfinite(x) && (!minimum || x >= *minimum) && (!maximum || x <= *maximum) &&
           (!exclusive_minimum || x > *exclusive_minimum) && (!exclusive_maximum || x < *exclusive_maximum);
  }
};

class EveryOption : public testing::CliFixture {
 protected:
  base::Value document() {
    const testing::Outcome listed = run({"keys", "--json", "-"});
    EXPECT_EQ(listed.code, 0) << listed.err;
    return base::parse_json(listed.out, "keys");
  }

  void SetUp() override {
    CliFixture::SetUp();
    const base::Value all = document();
    for (const base::Value& entry : all.at("options").list()) {
      if (entry.at("flag").is_null()) {
        ++positionals_[entry.at("verb").text()];
        continue;
      }
      Option option{entry.at("verb").text(),
                    entry.at("flag").text(),
                    entry.at("type").text(),
                    entry.at("required").boolean(),
                    {},
                    {},
                    {},
                    {}};
      const auto bound = [&](const char* name) -> std::optional<double> {
        const base::Value& value = entry.at(name);
        return value.is_null() ? std::nullopt : std::optional(value.number());
      };
      option.minimum = bound("minimum");
      option.maximum = bound("maximum");
      option.exclusive_minimum = bound("exclusive_minimum");
      option.exclusive_maximum = bound("exclusive_maximum");
      options_.push_back(option);
    }
  }

  // The verb with this flag, and with what it needs besides; inputs are experiments where the verb reads them first.
  std::vector<std::string> command(const Option& option, const std::string& word) {
    std::vector<std::string> words = {option.verb};
    if (const auto found = positionals_.find(option.verb); found != positionals_.end())
      for (int i = 0; i < found->second; ++i) words.push_back(path("exp.toml"));
    words.insert(words.end(), {option.flag, word});
    for (const Option& other : options_)
      if (other.verb == option.verb && other.required && other.flag != option.flag)
        words.insert(words.end(), {other.flag, path("written")});
    return words;
  }

  std::set<std::string> files() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) names.insert(entry.path());
    return names;
  }

  std::vector<Option> options_;
  std::map<std::string, int> positionals_;
};

// Words that an option of this type must refuse.
std::vector<std::string> bad_words(const Option& option) {
  std::vector<std::string> words = {""};
  const bool integer = option.type == "integer", number = option.type == "number";
  if (option.type == "word") words.insert(words.end(), {"nan", "no-such-word"});
  if (option.type == "text") words.emplace_back("--quiet");
  if (option.type == "size") words.insert(words.end(), {"nan", "inf", "-1", "8GB", "many"});
  if (option.type.starts_with("name=")) words.insert(words.end(), {"name", "name="});
  if (option.type == "name=number") words.insert(words.end(), {"name=nan", "name=many"});
  if (integer || number) {
    words.insert(words.end(), {"nan", "inf", "many"});
    for (const char* text : {"-1", "1e300", "99999999999999999999"})
      if (!option.holds(std::stod(text)) || (integer && std::abs(std::stod(text)) > base::kLargestExactInteger))
        words.emplace_back(text);
    if (integer) words.emplace_back("1.5");
  }
  return words;
}

TEST_F(EveryOption, RefusesWhatIsNoValueOfIt) {
  const std::set<std::string> before = files();
  // Free text that names one of several words, which the verb knows and the parser does not.
  int tried = 0;
  for (const Option& option : options_) {
    if (option.type == "switch") continue;
    for (const std::string& word : bad_words(option)) {
      const std::vector<std::string> words = command(option, word);
      const testing::Outcome outcome = run(words);
      const std::string said = fmt::format("phaselaw {}\n{}", fmt::join(words, " "), outcome.err);
      EXPECT_EQ(outcome.code, 2) << said;
      EXPECT_NE(outcome.err.find(option.flag), std::string::npos) << said;
      EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << said;
      EXPECT_EQ(outcome.out, "") << said;
      ++tried;
    }
  }
  EXPECT_GT(options_.size(), 200U);
  EXPECT_GT(tried, 1000);
  EXPECT_EQ(files(), before);
}

TEST_F(EveryOption, SwitchesTakeNoValueAndNoFlagLosesIts) {
  for (const Option& option : options_) {
    if (option.flag == "--help") continue;  // prints the help in any case
    const bool is_switch = option.type == "switch";
    const testing::Outcome outcome =
        run(command({option.verb, option.flag + (is_switch ? "=false" : "="), "", false, {}, {}, {}, {}}, "--quiet"));
    EXPECT_EQ(outcome.code, 2) << option.verb << " " << option.flag << outcome.err;
    EXPECT_NE(outcome.err.find(option.flag), std::string::npos) << option.verb << " " << outcome.err;
  }
}

TEST_F(EveryOption, PositionalsAreNotEmpty) {
  for (const auto& [verb, count] : positionals_) {
    const testing::Outcome outcome = run({verb, ""});
    EXPECT_EQ(outcome.code, 2) << verb << outcome.err;
    EXPECT_NE(outcome.err.find("expected a name"), std::string::npos) << verb << ": " << outcome.err;
  }
}

// The list is of the same program: the defaults that it states lie in the ranges that it states.
TEST_F(EveryOption, IsListedWithTypeRangeDefaultAndUnit) {
  const base::Value all = document();
  std::set<std::string> verbs, types;
  for (const char* part : {"options", "keys"})
    for (const base::Value& entry : all.at(part).list()) {
      const std::string name = entry.at("name").text();
      for (const char* key : {"type", "default", "minimum", "maximum", "exclusive_minimum", "exclusive_maximum", "unit",
                              "help", "words", "list"})
        EXPECT_NE(entry.find(key), nullptr) << name << " " << key;
      if (entry.find("verb") != nullptr) verbs.insert(entry.at("verb").text());
      types.insert(entry.at("type").text());
      const base::Value& value = entry.at("default");
      if (!value.is_number()) continue;
      if (!entry.at("minimum").is_null()) {
        EXPECT_GE(value.number(), entry.at("minimum").number()) << name;
      }
      if (!entry.at("maximum").is_null()) {
        EXPECT_LE(value.number(), entry.at("maximum").number()) << name;
      }
      if (!entry.at("exclusive_minimum").is_null()) {
        EXPECT_GT(value.number(), entry.at("exclusive_minimum").number()) << name;
      }
    }
  EXPECT_GE(verbs.size(), 20U);
  for (const char* type :
       {"integer", "number", "text", "word", "switch", "size", "name=number", "name=text", "boolean"})
    EXPECT_TRUE(types.contains(type)) << type;
  const auto units = [&](const std::string& verb, const std::string& flag) {
    for (const base::Value& entry : all.at("options").list())
      if (entry.at("verb").text() == verb && entry.at("flag").is_text() && entry.at("flag").text() == flag)
        return entry.at("unit").text();
    return std::string("absent");
  };
  EXPECT_EQ(units("plan", "--compute"), "FLOP");
  EXPECT_EQ(units("sweep", "--checkpoint-every"), "s");
}

// Every key of an experiment file, with the same values: an error at file:line:column that names the key.
TEST_F(EveryOption, KeysOfFilesAreRefusedAtTheirPlace) {
  const base::Value all = document();
  int tried = 0;
  for (const base::Value& entry : all.at("keys").list()) {
    const std::string section = entry.at("section").text(), key = entry.at("name").text(),
                      type = entry.at("type").text();
    Option option;
    const auto bound = [&](const char* name) {
      return entry.at(name).is_null() ? std::nullopt : std::optional(entry.at(name).number());
    };
    option.minimum = bound("minimum");
    option.maximum = bound("maximum");
    option.exclusive_minimum = bound("exclusive_minimum");
    option.exclusive_maximum = bound("exclusive_maximum");
    const bool integer = type == "integer", number = type == "number";
    std::vector<std::string> literals = {"1979-05-27", "{}"};
    if (type != "text") literals.insert(literals.end(), {"\"\"", "\"many\""});
    if (integer || number) {
      literals.insert(literals.end(), {"nan", "inf", "-inf", "true", "99999999999999999999"});
      for (const char* text : {"-1", "1e300", "-1e300"})
        if (!option.holds(std::stod(text)) || (integer && std::abs(std::stod(text)) > 1e16))
          literals.emplace_back(text);
      if (integer) literals.insert(literals.end(), {"1.5", "9223372036854775807"});
    } else {
      literals.insert(literals.end(), {"3", "nan"});
    }
    for (const std::string& literal : literals) {
      if (integer && literal == "9223372036854775807" && !option.maximum) continue;
      const bool study = section == "ladder" || section == "accounting";
      write("bad.toml",
            fmt::format("{}[{}]\n{} = {}\n", study ? "[grid]\nn_params = [1e4]\n" : "", section, key, literal));
      const testing::Outcome outcome = run({"sweep", path("bad.toml"), "--dry-run"});
      const std::string said = fmt::format("[{}] {} = {}: {}", section, key, literal, outcome.err);
      EXPECT_EQ(outcome.code, 2) << said;
      EXPECT_NE(outcome.err.find(study ? "bad.toml:4:" : "bad.toml:2:"), std::string::npos) << said;
      ++tried;
    }
  }
  EXPECT_GT(tried, 400);
}

}  // namespace
}  // namespace phaselaw
