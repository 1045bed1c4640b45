// SPDX-License-Identifier: Apache-2.0
//
// Gives files to the functions of the fuzzers, without libFuzzer: fuzz_replay DIR reads DIR/<name>/* with fuzz_<name>.
// The names come from the build. It prints each path before it reads it, so that the last line of a crash is its input.
// Exit code 1 if a fuzzer has no inputs, or a folder has no fuzzer.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#define F(name) extern "C" int fuzz_##name(const std::uint8_t*, std::size_t);
PHASELAW_FUZZERS
#undef F

namespace {

struct Fuzzer {
  const char* name;
  int (*read)(const std::uint8_t*, std::size_t);
};

#define F(name) {#name, &fuzz_##name},
constexpr Fuzzer kFuzzers[] = {PHASELAW_FUZZERS};
#undef F

std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::is_directory(folder))
    for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Without the padding that a string has, so that a sanitizer sees a read behind the end.
std::vector<std::uint8_t> bytes_of(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  std::vector<std::uint8_t> bytes(file == nullptr ? 0 : std::filesystem::file_size(path));
  if (file == nullptr || std::fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) std::abort();
  std::fclose(file);
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: fuzz_replay DIR\n");
    return 2;
  }
  std::set<std::string> read;
  bool whole = true;
  for (const Fuzzer& fuzzer : kFuzzers) {
    const auto inputs = sorted_entries(std::filesystem::path(argv[1]) / fuzzer.name);
    for (const auto& input : inputs) {
      std::printf("%s\n", input.c_str());
      std::fflush(stdout);
      const std::vector<std::uint8_t> bytes = bytes_of(input);
      fuzzer.read(bytes.data(), bytes.size());
    }
    std::printf("fuzz_%s: %zu inputs\n", fuzzer.name, inputs.size());
    whole = whole && !inputs.empty();
    read.insert(fuzzer.name);
  }
  for (const auto& folder : sorted_entries(argv[1]))
    if (!read.contains(folder.filename().string())) {
      std::printf("%s: no fuzzer has this name\n", folder.c_str());
      whole = false;
    }
  return whole ? 0 : 1;
}
