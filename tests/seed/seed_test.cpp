// The cases of the seed as GoogleTests: each on the model in growing storage, on the model in fixed storage, and on the
// host implementation, with every invariant checked after every command; under the recorded semantics, which the seed
// tests, and on model and host under the sound ones. proofs/compile_time/ has the same cases as theorems. With
// --print-table this program prints the table of docs/seed.md instead.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "spec/clauses.hpp"
#include "tests/seed/registration.hpp"
#include "tests/seed/table.hpp"

namespace kvspec::seed {
namespace {

bool covers(const CaseRow& row, std::string_view id) {
  return (", " + row.clauses + ",").find(" " + std::string(id) + ",") != std::string::npos;
}

TEST(SeedTable, every_case_names_clauses_that_exist) {
  const std::regex id("[^, ]+");
  for (const CaseRow& row : case_rows(KVSPEC_SOURCE_DIR)) {
    EXPECT_FALSE(row.clauses.empty()) << row.name;
    for (std::sregex_iterator it(row.clauses.begin(), row.clauses.end(), id), end; it != end; ++it) {
      bool known = false;
      for (const ClauseEntry& entry : clause_registry) known = known || entry.id == it->str();
      EXPECT_TRUE(known) << row.name << " names " << it->str();
    }
  }
}

// A clause whose origin is a case is named by that case.
TEST(SeedTable, cases_cover_the_clauses_they_are_the_origin_of) {
  const std::regex words("[a-z_]+");
  const std::vector<CaseRow> rows = case_rows(KVSPEC_SOURCE_DIR);
  for (const ClauseEntry& entry : clause_registry) {
    const std::string origin(entry.origin);
    for (std::sregex_iterator it(origin.begin(), origin.end(), words), end; it != end; ++it) {
      for (const CaseRow& row : rows) {
        const bool named = row.name != it->str() || covers(row, entry.id);
        EXPECT_TRUE(named) << row.name << " does not name " << entry.id;
      }
    }
  }
}

// The seed has 49 test functions, which pytest runs as 74 cases.
TEST(SeedTable, has_every_case_of_the_seed) {
  std::size_t functions = 0;
  std::size_t cases = 0;
  for (const CaseRow& row : case_rows(KVSPEC_SOURCE_DIR)) {
    if (!row.name.starts_with("test_")) continue;
    ++functions;
    cases += 1u + static_cast<std::size_t>(std::ranges::count(row.instances, ','));
  }
  EXPECT_EQ(functions, 49u);
  EXPECT_EQ(cases, 74u);
}

TEST(SeedTable, cases_of_the_recorded_system_name_their_deviation) {
  for (const RecordedOnly& r : recorded_only) {
    bool is_case = false;
    for (const CaseRow& row : case_rows(KVSPEC_SOURCE_DIR)) is_case = is_case || row.name == r.name;
    EXPECT_TRUE(is_case) << r.name;
    bool is_deviation = false;
    for (const ClauseEntry& entry : clause_registry) {
      is_deviation = is_deviation || (entry.id == r.deviation && entry.kind == ClauseKind::deviation);
    }
    EXPECT_TRUE(is_deviation) << r.deviation;
  }
}

TEST(SeedTable, document_has_the_table) {
  std::ifstream in(KVSPEC_SOURCE_DIR "/docs/seed.md");
  std::ostringstream text;
  text << in.rdbuf();
  EXPECT_NE(text.str().find(case_table(KVSPEC_SOURCE_DIR)), std::string::npos)
      << "docs/seed.md does not have the table that --print-table prints";
}

}  // namespace
}  // namespace kvspec::seed

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--print-table") {
    std::cout << kvspec::seed::case_table(KVSPEC_SOURCE_DIR);
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  kvspec::seed::register_model_cases();
  kvspec::seed::register_fixed_cases();
  kvspec::seed::register_host_cases();
  return RUN_ALL_TESTS();
}
