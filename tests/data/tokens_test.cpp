// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/tokens.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "data/scratch.h"
#include "data/token_models.h"
#include "phaselaw/data/dataset.h"

namespace phaselaw::data {
namespace {

template <class T>
std::string raw(const std::vector<std::int64_t>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  for (std::size_t i = 0; i < values.size(); ++i) {
    const T value = static_cast<T>(values[i]);
    std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return bytes;
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& data) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
  const auto size = static_cast<char>(header.size());
  return std::string("\x93NUMPY\x01\x00", 8) + size + '\0' + header + data;
}

// 0, 1, 2, ... below `vocab`, again and again.
std::vector<std::int64_t> counting(std::int64_t count, std::int64_t vocab) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(i % vocab);
  return values;
}

DataOptions file_data(const std::string& path, std::int64_t n_data, std::int64_t n_test) {
  DataOptions options = token_data(Source::tokens, n_data, n_test);
  options.path = path;
  return options;
}

std::string message(const DataOptions& options, const model::ModelOptions& model) {
  const auto made =
      base::testing::message_of<base::InputError>([&] { static_cast<void>(make_split(options, model, 1)); });
  // The check without the data gives the same error.
  EXPECT_EQ(base::testing::message_of<base::InputError>([&] { check(options, model); }), made);
  return made;
}

void expect(const DataOptions& options, const model::ModelOptions& model, const std::string& part) {
  const auto found = message(options, model);
  EXPECT_NE(found.find(part), std::string::npos) << found;
}

TEST(TokenFile, ReadsEveryIntegerTypeWithTheSameResult) {
  const Scratch scratch;
  const auto values = counting(600, 100);
  const auto model = token_model(100, 5);
  const std::pair<std::string, std::string> files[] = {{"u1.npy", npy("|u1", "(600,)", raw<std::uint8_t>(values))},
                                                       {"i1.npy", npy("|i1", "(600,)", raw<std::int8_t>(values))},
                                                       {"u2.npy", npy("<u2", "(600,)", raw<std::uint16_t>(values))},
                                                       {"i2.npy", npy("<i2", "(600,)", raw<std::int16_t>(values))},
                                                       {"u4.npy", npy("<u4", "(600,)", raw<std::uint32_t>(values))},
                                                       {"i4.npy", npy("<i4", "(600,)", raw<std::int32_t>(values))},
                                                       {"u8.npy", npy("<u8", "(600,)", raw<std::uint64_t>(values))},
                                                       {"i8.npy", npy("<i8", "(600,)", raw<std::int64_t>(values))},
                                                       {"2.bin", raw<std::uint16_t>(values)},
                                                       {"4.bin", raw<std::uint32_t>(values)}};
  std::set<std::string> hashes;
  for (const auto& [name, bytes] : files) {
    auto options = file_data(scratch.file(name, bytes), 80, 9);
    if (name == "4.bin") options.token_bytes = 4;
    const auto split = make_split(options, model, 1);
    hashes.insert(split.hash);
    EXPECT_TRUE(split.test.probabilities.empty());
    for (std::size_t i = 0; i < split.train.tokens.size(); ++i)
      EXPECT_EQ(split.train.next_tokens[i], (split.train.tokens[i] + 1) % 100);
  }
  EXPECT_EQ(hashes.size(), 1U);
}

TEST(TokenFile, AVocabularyOfTwoIsEnough) {
  const Scratch scratch;
  const auto split =
      make_split(file_data(scratch.file("t.bin", raw<std::uint16_t>(counting(301, 2))), 40, 5), token_model(2, 4), 1);
  for (std::size_t i = 0; i < split.train.tokens.size(); ++i)
    EXPECT_EQ(split.train.next_tokens[i], 1 - split.train.tokens[i]);
}

TEST(TokenFile, WindowsAreApartInTrainAndTestAndNested) {
  const Scratch scratch;
  // Every token occurs once, so a window is known by its first token.
  const auto options = file_data(scratch.file("t.bin", raw<std::uint16_t>(counting(1000, 1000))), 180, 20);
  const auto model = token_model(1000, 4);
  const auto split = make_split(options, model, 1);
  std::set<std::int32_t> seen;
  for (const Dataset* set : {&split.train, &split.test})
    for (std::size_t i = 0; i < static_cast<std::size_t>(set->n); ++i) {
      EXPECT_TRUE(seen.insert(set->tokens[4 * i]).second);
      EXPECT_EQ(set->tokens[4 * i] % 5, 0);
      EXPECT_EQ(set->tokens[4 * i] >= 900, set == &split.test);
    }
  auto fewer = options;
  fewer.n_data = 30;
  fewer.n_test = 7;
  const auto few = make_split(fewer, model, 1);
  EXPECT_TRUE(std::equal(few.train.tokens.begin(), few.train.tokens.end(), split.train.tokens.begin()));
  EXPECT_TRUE(std::equal(few.test.tokens.begin(), few.test.tokens.end(), split.test.tokens.begin()));
  EXPECT_NE(make_split(fewer, model, 2).train.tokens, few.train.tokens);
}

// Documents of 1, 2, ... 12 tokens and a separator; each token tells its document.
TEST(TokenFile, NoSequenceCrossesADocument) {
  const Scratch scratch;
  std::vector<std::int64_t> values;
  std::int64_t targets = 0;
  for (std::int64_t document = 1; document <= 12; ++document) {
    values.insert(values.end(), static_cast<std::size_t>(document), document);
    values.push_back(0);
    for (std::int64_t left = document + 1; left >= 2; left -= 5) targets += std::min<std::int64_t>(left, 5) - 1;
  }
  auto options = file_data(scratch.file("t.bin", raw<std::uint16_t>(values)), 1, 1);
  options.path_test = options.path;
  options.document_separator = 0;
  const auto model = token_model(13, 4);
  const TokenFile file(options.path, 2);
  const TokenWindows windows(file, 0, file.size(), 5, 0);
  options.n_data = options.n_test = windows.size();
  const auto split = make_split(options, model, 1);
  std::int64_t found = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(split.train.n); ++i) {
    EXPECT_NE(split.train.next_tokens[4 * i], kNoTarget);
    for (std::size_t l = 0; l < 4; ++l) {
      const auto next = split.train.next_tokens[4 * i + l];
      if (next == kNoTarget) continue;
      ++found;
      EXPECT_EQ(split.train.tokens[4 * i + l], split.train.tokens[4 * i]);
      EXPECT_TRUE(next == 0 || next == split.train.tokens[4 * i]);
      EXPECT_NE(split.train.tokens[4 * i + l], 0);  // a separator is a target and no input
    }
  }
  EXPECT_EQ(found, targets);

  // Without a separator the file is one document, and sequences do cross.
  options.document_separator = base::NumberOrWord<std::int64_t>{0, "none", {"none"}};
  options.n_data = options.n_test = 15;
  EXPECT_TRUE(make_split(options, model, 1).train.scores_every_position());
}

TEST(TokenFile, RowsOfAnArrayOfTwoAxesAreDocuments) {
  const Scratch scratch;
  std::vector<std::int64_t> values;
  for (std::int64_t row = 0; row < 20; ++row) values.insert(values.end(), 7, row);
  auto options = file_data(scratch.file("t.npy", npy("<u2", "(20, 7)", raw<std::uint16_t>(values))), 36, 4);
  const auto split = make_split(options, token_model(20, 4), 1);
  for (std::size_t i = 0; i < split.train.tokens.size(); ++i)
    EXPECT_TRUE(split.train.next_tokens[i] == kNoTarget || split.train.next_tokens[i] == split.train.tokens[i]);
  EXPECT_EQ(std::count(split.train.next_tokens.begin(), split.train.next_tokens.end(), kNoTarget), 18 * 3);
}

TEST(TokenFile, BadFilesAreOneClearErrorEach) {
  const Scratch scratch;
  const auto model = token_model(100, 5);
  const auto file = [&](const std::string& bytes, const std::string& name = "t.bin") {
    return file_data(scratch.file(name, bytes), 4, 2);
  };
  auto values = counting(600, 100);
  values[123] = 4711;
  expect(file(raw<std::uint16_t>(values)), model,
         "t.bin: expected tokens in 0 .. vocab - 1 = 99, found 4711 at position 123; raise vocab");
  expect(file(npy("<u2", "(20, 30)", raw<std::uint16_t>(values)), "t.npy"), model, "found 4711 at position (4, 3)");
  values[123] = -1;
  expect(file(npy("<i8", "(600,)", raw<std::int64_t>(values)), "t.npy"), model, "found -1 at position 123");
  const auto good = counting(600, 100);
  expect(file(raw<std::uint32_t>(good)), model,
         "every second value is 0, as if the file contained uint32 tokens; set token_bytes = 4");
  auto wide = counting(600, 100000);
  for (auto& v : wide) v = v * 160 + 30000;
  expect(file(raw<std::uint32_t>(wide)), token_model(200000, 5),
         "every second value is at most 1 although others reach");
  expect(file("abc"), model, "3 bytes are no whole number of tokens of token_bytes = 2");
  auto options = file(raw<std::uint16_t>(good));
  options.token_bytes = 4;
  expect(options, model, "the file may contain uint16 tokens: set token_bytes = 2");
  options.token_bytes = 3;
  expect(options, model, "token_bytes must be 2 (uint16) or 4 (uint32); found 3");
  expect(file(""), model, "found an empty file");
  expect(file(npy("<f4", "(600,)", raw<float>(good)), "t.npy"), model,
         "expected integers, such as dtype <u2 or <i8, found <f4");
  expect(file(npy("<u2", "(6, 10, 10)", raw<std::uint16_t>(good)), "t.npy"), model, "found shape (6, 10, 10)");
  expect(file(npy("<u2", "(601,)", raw<std::uint16_t>(good)), "t.npy"), model, "needs 1202 bytes of data, found 1200");
  expect(file_data(scratch.path("none.bin"), 4, 2), model, "none.bin: cannot be read");
  expect(file_data(scratch.root(), 4, 2), model, "found a directory");
  options = file(raw<std::uint16_t>(good));
  options.n_data = 91;
  expect(options, model, "n_data = 91, but the train part of 600 tokens contains only 90 sequences");
  options.n_data = 90;
  options.n_test = 11;
  expect(options, model, "n_test = 11, but the test part of 600 tokens contains only 10 sequences");
  options.path_test = scratch.file("test.bin", raw<std::uint16_t>({1, 2, 100}));
  expect(options, model, "test.bin: expected tokens in 0 .. vocab - 1 = 99, found 100 at position 2");
}

TEST(RandomStart, IsTheStartOfOnePermutation) {
  const numerics::RandomStream stream(1, "order");
  const auto all = random_start(50, 50, stream), some = random_start(50, 12, stream);
  EXPECT_EQ(std::set<std::int64_t>(all.begin(), all.end()).size(), 50U);
  EXPECT_EQ(*std::max_element(all.begin(), all.end()), 49);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin()));
  std::vector<int> first(4);
  for (std::uint64_t i = 0; i < 4000; ++i)
    ++first[static_cast<std::size_t>(random_start(4, 1, numerics::RandomStream(1, "first", i))[0])];
  for (const int count : first) EXPECT_NEAR(count, 1000, 5 * std::sqrt(750.0));
}

TEST(TokenOptions, ImpossibleCombinationsAreOneClearErrorEach) {
  const auto model = token_model(8, 5);
  auto vectors = model;
  vectors.readout = model::Readout::linear;
  auto both_ways = model;
  both_ways.mask = model::Mask::bidirectional;
  for (const Source source : {Source::markov, Source::token_teacher, Source::associations}) {
    expect(token_data(source, 4, 2), vectors,
           "makes tokens, but readout = \"linear\" reads vectors; set readout = \"tokens\"");
    auto options = token_data(source, 4, 2);
    options.noise = 0.1;
    expect(options, model, "tokens need noise = 0, found 0.1; use token_noise");
  }
  expect(token_data(Source::tokens, 4, 2), model, "needs path");
  expect(token_data(Source::teacher, 4, 2), model, "source = \"text\", \"tokens\"");
  expect(token_data(Source::token_teacher, 4, 2), both_ways, "p* cannot be evaluated");
  auto options = token_data(Source::teacher, 4, 2);
  options.token_noise = 0.1;
  expect(options, vectors, "token_noise = 0, found 0.1; use noise");
  options = token_data(Source::markov, 4, 2);
  options.markov_order = 6;
  expect(options, model, "markov_order = 6 needs seq_len >= 6");
  expect(options, token_model(1 << 12, 6), "p* cannot be evaluated: vocab^markov_order = 4096^6");
  options.n_data = 1 << 20;
  expect(options, token_model(256, 6), "p* cannot be evaluated: up to ");
  options = token_data(Source::associations, 4, 2);
  expect(options, token_model(8, 2), "needs 2 digits in base 23, so vocab must be at least 23; found 8");
  options.n_test = 1 << 20;
  expect(options, token_model(64, 64), "p* cannot be evaluated: n_test * seq_len * vocab");
  options.n_test = 2;
  options.n_data = std::int64_t{1} << 36;
  expect(options, model, "GiB of memory, the limit is 8 GiB; reduce n_data");
  options.path_test = "x.bin";
  expect(options, model, "path_test needs source = \"tokens\"");
  options = token_data(Source::markov, 4, 2);
  options.token_noise = 1;
  expect(options, model, "token_noise must be in [0, 1); found 1");
}

}  // namespace
}  // namespace phaselaw::data
