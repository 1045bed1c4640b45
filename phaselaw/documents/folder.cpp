// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/folder.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::documents {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostFiles = 10'000, kMostEntries = 200'000;

constexpr std::string_view kTableSuffixes[] = {".csv", ".tsv", ".tab",  ".dat",   ".txt",    ".log",
                                               ".out", ".err", ".json", ".jsonl", ".ndjson", ".md",
                                               ".rst", ".org", ".tex",  ".npy",   ".npz"};
constexpr std::string_view kWeightSuffixes[] = {".pt",   ".pth",  ".bin", ".ckpt",   ".safetensors", ".h5",  ".hdf5",
                                                ".onnx", ".gguf", ".pkl", ".pickle", ".msgpack",     ".tar", ".distcp"};
constexpr std::string_view kCodeSuffixes[] = {".py",   ".sh",    ".yaml", ".yml",  ".toml",  ".cfg",   ".ini",
                                              ".html", ".css",   ".js",   ".cpp",  ".cc",    ".c",     ".h",
                                              ".cu",   ".ipynb", ".lock", ".diff", ".patch", ".slurm", ".sbatch"};
constexpr std::string_view kPackedSuffixes[] = {".gz", ".zst", ".xz"};

template <std::size_t n>
bool is_among(const std::string& suffix, const std::string_view (&list)[n]) {
  return std::find(std::begin(list), std::end(list), suffix) != std::end(list);
}

bool begins_as_text(const fs::path& path) {
  char head[4096];
  std::ifstream in(path, std::ios::binary);
  in.read(head, sizeof head);
  const std::string_view bytes(head, static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return std::none_of(bytes.begin(), bytes.end(), [](char c) {
    return c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\x1b' && c != '\b';
  });
}

// Why a regular file is left out; empty if it is kept.
std::string_view reason_against(const fs::path& path) {
  fs::path name = path.filename();
  if (base::lower(name.string()).find("tfevents") != std::string::npos) return "";
  if (is_among(base::lower(name.extension().string()), kPackedSuffixes)) name = name.stem();
  const std::string suffix = base::lower(name.extension().string());
  if (is_among(suffix, kTableSuffixes)) return "";
  if (is_among(suffix, kWeightSuffixes)) return "checkpoints and files of weights";
  if (is_among(suffix, kCodeSuffixes)) return "configurations and programs";
  const bool numbered = std::all_of(suffix.begin(), suffix.end(), [](char c) { return c == '.' || base::is_digit(c); });
  return numbered && begins_as_text(path) ? "" : "files of other kinds";
}

class FolderListing {
 public:
  FolderListing(Listing& listing, const DocumentOptions& options) : listing_(listing), options_(options) {}

  void add(const std::string& folder) {
    const std::size_t before = listing_.paths.size();
    std::vector<fs::path> open{folder};
    while (!open.empty()) {
      const fs::path inner = std::exchange(open.back(), {});
      open.pop_back();
      add_entries(folder, inner, open);
    }
    std::sort(listing_.paths.begin() + static_cast<long>(before), listing_.paths.end());
    if (listing_.paths.size() == before)
      throw base::InputError({folder}, fmt::format("expected a folder with tables or logs, found none{}; name a file",
                                                   listing_.skipped.empty() ? "" : fmt::format(" ({})", summary())));
  }

 private:
  void add_entries(const std::string& folder, const fs::path& inner, std::vector<fs::path>& open) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator at(inner, error); !error && at != fs::directory_iterator(); at.increment(error)) {
      entries.push_back(*at);
      if (entries_ + entries.size() > kMostEntries)
        throw base::InputError(
            {folder}, fmt::format("the folder has more than {} entries; name the folder of the logs", kMostEntries));
    }
    if (error) throw base::InputError({inner.string()}, fmt::format("the folder cannot be read ({})", error.message()));
    entries_ += entries.size();
    std::sort(entries.begin(), entries.end());
    for (const fs::directory_entry& entry : entries) add_entry(folder, entry, open);
  }

  void add_entry(const std::string& folder, const fs::directory_entry& entry, std::vector<fs::path>& open) {
    std::error_code error;
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".")) return skip("hidden files and folders", entry);
    if (entry.is_directory(error)) {
      if (entry.is_symlink(error)) return skip("links to folders", entry);
      if (base::lower(name).starts_with("checkpoint") || name == "__pycache__")
        return skip("folders of checkpoints and caches", entry);
      open.push_back(entry.path());
      return;
    }
    if (!entry.is_regular_file(error)) return skip("pipes, devices and broken links", entry);
    if (const std::string_view reason = reason_against(entry.path()); !reason.empty()) return skip(reason, entry);
    const auto size = entry.file_size(error);
    if (error || size == 0) return skip("empty files", entry);
    if (size > options_.most_bytes()) return skip("files beyond the limit of memory", entry);
    if (listing_.paths.size() == kMostFiles)
      throw base::InputError({folder}, fmt::format("expected at most {} files in all, found more; name fewer folders, "
                                                   "or join the files",
                                                   kMostFiles));
    listing_.paths.push_back(entry.path().string());
  }

  void skip(std::string_view reason, const fs::directory_entry& entry) {
    auto& all = listing_.skipped;
    auto at = std::find_if(all.begin(), all.end(), [&](const Skipped& s) { return s.reason == reason; });
    if (at == all.end()) at = all.insert(at, Skipped{.reason = std::string(reason)});
    at->add(0, entry.path().string());
    at->lines.clear();  // files, not lines
  }

  [[nodiscard]] std::string summary() const {
    std::vector<std::string> parts;
    for (const Skipped& skipped : listing_.skipped)
      parts.push_back(fmt::format("{} {}", skipped.count, skipped.reason));
    return fmt::format("left out: {}", fmt::join(parts, ", "));
  }

  Listing& listing_;
  const DocumentOptions& options_;
  std::size_t entries_ = 0;
};

}  // namespace

Listing list_documents(const std::vector<std::string>& paths, const DocumentOptions& options) {
  Listing listing;
  FolderListing folders(listing, options);
  for (const std::string& path : paths) {
    std::error_code error;
    if (path != "-" && fs::is_directory(path, error))
      folders.add(path);
    else
      listing.paths.push_back(path);
  }
  std::unordered_set<std::string_view> seen;
  for (const std::string& path : listing.paths)
    if (!seen.insert(path).second)
      throw base::InputError({path}, "the path is given twice, so its rows would count twice; remove one");
  return listing;
}

}  // namespace phaselaw::documents
