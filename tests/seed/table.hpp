// The table of docs/seed.md, made from the list of cases and the "Covers:" comments above them.
#pragma once

#include <string>
#include <vector>

namespace kvspec::seed {

struct CaseRow {
  std::string name;
  std::string instances;  // separated by ", "; empty if there is only one
  std::string clauses;    // ids separated by ", "
};

// One per case, in the order of the list. `sources` is the root of the source tree.
std::vector<CaseRow> case_rows(const std::string& sources);

// In Markdown, one line per case.
std::string case_table(const std::string& sources);

}  // namespace kvspec::seed
