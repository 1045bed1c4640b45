// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/binary_kinds.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/byte_source.h"
#include "phaselaw/documents/encoding.h"
#include "phaselaw/documents/npy_columns.h"
#include "phaselaw/documents/tfevents.h"

namespace phaselaw::documents {

namespace {

// What to do with a format. {} stands for the path.
constexpr std::string_view kReadInPython = "read it in Python with phaselaw.read_table(\"{}\")";
constexpr std::string_view kUnpack = "unpack it and read the files inside, for example with ";
constexpr std::string_view kPickle =
    "a pickle can run any program and is never loaded; if you trust it, load it in Python and write its table as CSV";
constexpr std::string_view kWeights = "it holds tensors and no table of runs; name the log of the training run";
constexpr std::string_view kNoTable = "it holds no table that can be read; name a table or a log";

struct BinaryKind {
  std::string_view magic, name, next, command = {};
  std::size_t offset = 0;
};

using namespace std::string_view_literals;
constexpr BinaryKind kBinaryKinds[] = {
    {"PAR1"sv, "a Parquet file", kReadInPython},
    {"ARROW1"sv, "an Arrow or Feather file", kReadInPython},
    {"FEA1"sv, "a Feather file", kReadInPython},
    {"\xff\xff\xff\xff"sv, "an Arrow stream", kReadInPython},
    {"ORC"sv, "an ORC file", "write it as CSV with pandas.read_orc(\"{}\").to_csv(\"table.csv\")"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "an Excel file of the old kind (.xls)", kReadInPython},
    {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file",
     "write its table as CSV with pandas.read_hdf(\"{}\").to_csv(\"table.csv\")"},
    {"SQLite format 3\0"sv, "an SQLite database",
     "write a table as CSV with sqlite3 -csv -header \"{}\" \"select * from TABLE\" > table.csv"},
    {":W&B"sv, "a run file of W&B",
     "write the history as CSV in Python with wandb.Api().run(\"ENTITY/PROJECT/RUN\").history().to_csv(\"table.csv\")"},
    {"Obj\x01"sv, "an Avro file", "write it as CSV, for example with fastavro --json and jq"},
    {"%PDF-"sv, "a PDF document", "copy its table into a text file, or run pdftotext -layout \"{}\" table.txt"},
    {"\x89PNG"sv, "a PNG image", kNoTable},
    {"\xff\xd8\xff"sv, "a JPEG image", kNoTable},
    {"GIF8"sv, "a GIF image", kNoTable},
    {"\x7f"
     "ELF"sv,
     "a program or library", kNoTable},
    {"GGUF"sv, "a GGUF file of weights", kWeights},
    {"CDF\x01"sv, "a NetCDF file",
     "write it as CSV with xarray.open_dataset(\"{}\").to_dataframe().to_csv(\"table.csv\")"},
    {"MATLAB 5.0 MAT-file"sv, "a MATLAB file", "write its table as CSV with writetable in MATLAB"},
    {"BZh"sv, "a file compressed by bzip2", kUnpack, "bzip2 -dk \"{}\""},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive", kUnpack, "7z x \"{}\""},
    {"Rar!\x1a\x07"sv, "a RAR archive", kUnpack, "unrar x \"{}\""},
    {"\x04\x22\x4d\x18"sv, "a file compressed by lz4", kUnpack, "lz4 -dk \"{}\""},
    {"ustar"sv, "a tar archive", kUnpack, "tar xf \"{}\"", 257},
};

[[noreturn]] void refuse(const std::string& source, std::string_view name, std::string_view next,
                         std::string_view command = {}) {
  std::string what = fmt::format("this is {}; {}{}", name, next, command);
  if (const auto at = what.find("{}"); at != std::string::npos) what.replace(at, 2, source);
  throw base::InputError({source}, what);
}

// "BZh" may begin a word; the next byte is a digit of the block size, then comes the magic of a block or of the end.
bool begins_bzip2(std::string_view head) {
  if (head.size() < 10 || head[3] < '1' || head[3] > '9') return false;
  const std::string_view block = head.substr(4, 6);
  return block == "\x31\x41\x59\x26\x53\x59" || block == "\x17\x72\x45\x38\x50\x90";
}

bool begins_kind(const BinaryKind& kind, std::string_view head) {
  if (head.size() < kind.offset || !head.substr(kind.offset).starts_with(kind.magic)) return false;
  if (kind.magic == "BZh") return begins_bzip2(head);
  // Words of text may begin like these.
  if (kind.magic == "PAR1" || kind.magic == "ORC" || kind.magic == "GIF8" || kind.magic == "GGUF" ||
      kind.magic == "ustar" || kind.magic == "ARROW1" || kind.magic == "FEA1" || kind.magic == ":W&B")
    return head.find('\0') != std::string_view::npos;
  return true;
}

// Pickles since protocol 2: the opcode PROTO and the protocol.
bool begins_pickle(std::string_view head) {
  return head.size() > 2 && head[0] == '\x80' && head[1] >= '\x02' && head[1] <= '\x05';
}

// The length of a JSON object in 8 bytes, and that object.
bool begins_safetensors(std::string_view head) {
  return head.size() > 9 && head[8] == '{' && (head[9] == '"' || head[9] == '}') && head[6] == '\0' && head[7] == '\0';
}

// A text with a few zero bytes, as a machine that stopped leaves it: decode() names the line of the first.
bool is_almost_text(std::string_view head) {
  const auto controls = std::count_if(head.begin(), head.end(), [](char c) {
    return c >= 0 && c < ' ' && std::string_view("\t\n\r\f\b\x1b").find(c) == std::string_view::npos;
  });
  return static_cast<std::size_t>(controls) * 100 < head.size();
}

// An archive that is no .npz: what its names say.
void refuse_zip(std::string_view head, const std::string& source) {
  const auto holds = [&](std::string_view name) { return head.find(name) != std::string_view::npos; };
  if (holds("[Content_Types].xml") || holds("xl/work"))
    refuse(source, "an Excel file or another Office file", kReadInPython);
  if (holds("/data.pkl") || holds(".pkl")) refuse(source, "a file of PyTorch, which is a pickle", kPickle);
  refuse(source, "a zip archive", kUnpack, "unzip \"{}\"");
}

}  // namespace

void require_readable(std::string_view head, const std::string& source) {
  if (begins_npy(head) || begins_npz(head) || begins_tfevents(head)) return;
  if (const Compression again = compression_of(head); again != Compression::none)
    refuse(source, fmt::format("compressed twice, the second time by {}", name_of(again)),
           "decompress it once and read the result");
  if (head.starts_with("PK\x03\x04"sv) || head.starts_with("PK\x05\x06"sv)) refuse_zip(head, source);
  if (begins_pickle(head)) refuse(source, "a pickle of Python", kPickle);
  if (begins_safetensors(head)) refuse(source, "a safetensors file of weights", kWeights);
  for (const BinaryKind& kind : kBinaryKinds)
    if (begins_kind(kind, head)) refuse(source, kind.name, kind.next, kind.command);
  if (is_wide(head)) return;
  const auto zero = head.find('\0');
  if (zero == std::string_view::npos || is_almost_text(head)) return;
  throw base::InputError({source}, fmt::format("expected text, found binary data of an unknown format (byte {} is "
                                               "zero); name a table or a log, or write the data as CSV",
                                               zero + 1));
}

std::optional<Reading> read_binary(const Document& document, const DocumentOptions& options) {
  for (const auto reader : {&read_npy, &read_npz, &read_tfevents})
    if (auto reading = reader(document, options)) return reading;
  return std::nullopt;
}

}  // namespace phaselaw::documents
