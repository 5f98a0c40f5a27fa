#include "tests/seed/table.hpp"

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <vector>

#include "tests/seed/cases.hpp"
#include "tests/seed/recorded_only.hpp"

namespace kvspec::seed {
namespace {

std::string read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// "A, B,\n// C" of each comment "// Covers: A, B,\n// C" by the name of the function it stands above, without the
// line break.
std::map<std::string, std::string> clauses_by_case(const std::string& source) {
  static const std::regex pattern(
      "// Covers: ([^\\n]*(?:\\n// [^\\n]*)*)\\ntemplate <class W>\\nconstexpr Verdict ([a-z_0-9]+)\\(");
  std::map<std::string, std::string> clauses;
  for (std::sregex_iterator it(source.begin(), source.end(), pattern), end; it != end; ++it) {
    clauses[(*it)[2]] = std::regex_replace((*it)[1].str(), std::regex("\\n// "), " ");
  }
  return clauses;
}

}  // namespace

std::vector<CaseRow> case_rows(const std::string& sources) {
  std::map<std::string, std::string> clauses;
  for (const char* theme : {"prefill", "hybrid", "block_sizes", "eviction", "hashing", "events", "eagle", "index",
                            "retention", "admission"}) {
    clauses.merge(clauses_by_case(read(sources + "/tests/seed/" + theme + ".hpp")));
  }
#define KVSPEC_SEED_ROW(name, parameters, ...) {#name, parameters, clauses[#name]},
  const std::vector<CaseRow> instances = {KVSPEC_SEED_CASES(KVSPEC_SEED_ROW)};
#undef KVSPEC_SEED_ROW
  std::vector<CaseRow> rows;
  for (const CaseRow& instance : instances) {
    if (!rows.empty() && rows.back().name == instance.name) {
      rows.back().instances += ", " + instance.instances;
    } else {
      rows.push_back(instance);
    }
  }
  return rows;
}

std::string case_table(const std::string& sources) {
  std::string table = "| Case | Instances | Clauses | Runs on | Semantics |\n|---|---|---|---|---|\n";
  for (const CaseRow& row : case_rows(sources)) {
    const std::string instances = row.instances.empty() ? "one" : row.instances;
    const std::string deviation(deviation_of(row.name));
    const std::string semantics = deviation.empty() ? "both" : "recorded: " + deviation;
    table +=
        "| " + row.name + " | " + instances + " | " + row.clauses + " | model, host, compiler | " + semantics + " |\n";
  }
  return table;
}

}  // namespace kvspec::seed
