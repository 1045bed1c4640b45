// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/binary_kinds.h"

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "documents/scratch_files.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::documents {
namespace {

using base::testing::contains;
using namespace std::string_literals;

TEST(BinaryKinds, EachIsRefusedWithItsNextStep) {
  const std::string zip = "PK\x03\x04"s + std::string(22, '\0') + "\x10\0\0\0"s;
  const struct {
    std::string head, name, next;
  } cases[] = {
      {"PAR1\x15\x04\x15\0"s, "Parquet", "phaselaw.read_table(\"x.bin\")"},
      {"ARROW1\0\0"s, "Arrow", "phaselaw.read_table(\"x.bin\")"},
      {"FEA1\0\0"s, "Feather", "phaselaw.read_table(\"x.bin\")"},
      {zip + "[Content_Types].xml", "Excel", "phaselaw.read_table(\"x.bin\")"},
      {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"s, "Excel", "phaselaw.read_table(\"x.bin\")"},
      {"\x89HDF\r\n\x1a\n\0"s, "HDF5", "pandas.read_hdf(\"x.bin\")"},
      {"SQLite format 3\0\x10\0"s, "SQLite", "sqlite3 -csv -header \"x.bin\""},
      {"\x80\x02}q\0."s, "pickle", "never loaded"},
      {"\x80\x05\x95\0\0"s, "pickle", "never loaded"},
      {zip + "archive/data.pkl", "PyTorch", "never loaded"},
      {zip + "readme.txt", "zip archive", "unzip \"x.bin\""},
      {"%PDF-1.7\n"s, "PDF", "pdftotext -layout \"x.bin\""},
      {"\x89PNG\r\n\x1a\n"s, "PNG", "name a table or a log"},
      {"\x7f"
       "ELF\x02"s,
       "program", "name a table or a log"},
      {"\x40\0\0\0\0\0\0\0{\"a\":1}"s, "safetensors", "name the log"},
      {":W&B\xe1\xbe\0"s, "W&B", "wandb.Api()"},
      {"Obj\x01\x04"s, "Avro", "CSV"},
      {"BZh91AY&SY\x01\x02"s, "bzip2", "bzip2 -dk \"x.bin\""},
      {"7z\xbc\xaf\x27\x1c\0"s, "7z", "7z x \"x.bin\""},
      {"a.csv" + std::string(252, '\0') + "ustar", "tar", "tar xf \"x.bin\""},
      {"\x1f\x8b\x08"s, "compressed twice", "decompress it once"},
      {"\x03\x01\0\x02xyz"s, "binary data of an unknown format (byte 3 is zero)", "name a table or a log"},
  };
  for (const auto& [head, name, next] : cases) {
    const std::string message = base::testing::message_of<base::InputError>([&] { require_readable(head, "x.bin"); });
    EXPECT_TRUE(contains(message, name) && contains(message, next)) << "expected " << name << ", found " << message;
    EXPECT_EQ(message.find("x.bin: "), 0U) << message;
    EXPECT_FALSE(contains(message, "{}")) << message;
  }
}

TEST(BinaryKinds, TextIsNotRefusedWhateverItsFirstWords) {
  for (const std::string& head : {"PAR1,loss\n1,2\n"s, "ORC\n"s, "BZh9 loss\n"s, "GIF8,1\n"s, "PK\n"s, ":W&B run\n"s,
                                  "ARROW1 2\n"s, "step,loss\n1,2\n"s, "{\"a\": 1}"s, "caf\xe9\n"s,
                                  "\xff\xfe"
                                  "a\0,\0"s,
                                  "7z\n"s, "Object,1\n"s, "\x1b[32mstep 1\x1b[0m\n"s,
                                  "\xef\xbb\xbf"
                                  "a,b\n"s,
                                  ""s})
    EXPECT_NO_THROW(require_readable(head, "x.txt")) << head;
}

TEST(BinaryKinds, FewZeroBytesInATextAreLeftToItsDecoding) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "step 1 loss 3.25\n";
  EXPECT_NO_THROW(require_readable(text + std::string(8, '\0') + text, "x.log"));
  EXPECT_THROW(require_readable(text + std::string(100, '\0') + text, "x.log"), base::InputError);
}

TEST(BinaryKinds, TextIsNoBinaryDocument) {
  EXPECT_FALSE(read_binary(testing::document_of("step,loss\n1,2\n"), {}).has_value());
  EXPECT_FALSE(read_binary(testing::document_of(""), {}).has_value());
}

}  // namespace
}  // namespace phaselaw::documents
