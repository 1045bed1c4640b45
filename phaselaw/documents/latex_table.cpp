// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/prose_table.h"
namespace phaselaw::documents {
void find_latex_tables(std::string_view, std::vector<ProseTable>&) {}
void find_html_tables(std::string_view, std::vector<ProseTable>&) {}
}  // namespace phaselaw::documents
