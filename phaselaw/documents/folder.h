// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/documents/reading.h"

// The files that stand for a folder.
namespace phaselaw::documents {

struct Listing {
  std::vector<std::string> paths;
  std::vector<Skipped> skipped;  // files of folders that are left out, with reasons; the examples are paths
};

// Every path in its order; a folder is replaced by the files below it, sorted by name. Of a folder are kept: files with
// a suffix of tables and logs (.csv, .tsv, .txt, .log, .out, .json, .jsonl, .md, .npy, ..., also compressed), event
// files of TensorBoard, and files without a suffix or with a number for it (train.log.1) that hold text. Left out and
// counted: hidden files and folders, checkpoints and weights, configurations and programs, other suffixes, empty files,
// files beyond memory_limit, links to folders.
// InputError: more than 10,000 files, a folder without any, a path that is given twice, a folder that cannot be read.
[[nodiscard]] Listing list_documents(const std::vector<std::string>& paths, const DocumentOptions& options = {});

}  // namespace phaselaw::documents
