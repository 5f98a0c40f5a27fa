// Every recorded line survives the codec: decoded and written again it is the same JSON value.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "spec/trace/json.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec {
namespace {

using nlohmann::json;

// The recorded traces; vectors of other kinds lie beside them.
bool is_trace(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  return path.extension() == ".jsonl" && std::getline(file, line) && line.starts_with(R"({"config")");
}

std::vector<std::string> golden_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(KVSPEC_SOURCE_DIR "/tests/golden")) {
    if (entry.is_regular_file() && is_trace(entry.path())) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<json> json_lines(std::istream& in) {
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

// The input and the configuration may write an absent member as null; the codec leaves it out.
void drop_nulls(json& value) {
  if (!value.is_structured()) return;
  for (json& child : value) drop_nulls(child);
  if (!value.is_object()) return;
  for (auto it = value.begin(); it != value.end();) it = it->is_null() ? value.erase(it) : std::next(it);
}

json canonical(json line) {
  for (const char* part : {"in", "config"}) {
    if (line.contains(part)) drop_nulls(line[part]);
  }
  return line;
}

void expect_the_lines_of(const std::string& file, std::istream& written) {
  std::ifstream in(file);
  const std::vector<json> expected = json_lines(in);
  const std::vector<json> actual = json_lines(written);
  ASSERT_EQ(expected.size(), actual.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(canonical(expected[i]), actual[i]) << file << ':' << i + 1;
  }
}

class GoldenTrace : public testing::TestWithParam<std::string> {};

// What was written are the lines of the file, and text that reads to the same trace.
// Covers: TRACE-01, TRACE-02, TRACE-03, TRACE-04, TRACE-05, TRACE-06
TEST_P(GoldenTrace, SurvivesReadingAndWriting) {
  const Decoded<Trace, TraceProblem> read = read_trace_file(GetParam());
  ASSERT_TRUE(read) << to_text(read.error());
  const Trace& trace = read.value();
  std::stringstream written;
  write_trace(written, trace);
  const Decoded<Trace, TraceProblem> again = read_trace(written, "again");
  ASSERT_TRUE(again) << to_text(again.error());
  EXPECT_TRUE(trace == again.value());

  written.clear();
  written.seekg(0);
  expect_the_lines_of(GetParam(), written);

  ASSERT_FALSE(trace.steps.empty());
  for (std::size_t i = 0; i < trace.steps.size(); ++i) ASSERT_EQ(trace.steps[i].line, i + 2);
  const TraceStep& last = trace.steps.back();
  EXPECT_EQ(trace.after_error_state.has_value(), last.error.has_value());
  if (!last.error) return;
  EXPECT_EQ(last.error->type, "AssertionError");
  EXPECT_FALSE(last.observation);
  EXPECT_EQ(trace.after_error_state->managers.size(), 2U);
}

std::string test_name(const testing::TestParamInfo<std::string>& file) {
  return std::filesystem::path(file.param).stem().string();
}

INSTANTIATE_TEST_SUITE_P(Recorded, GoldenTrace, testing::ValuesIn(golden_files()), test_name);

// Covers: TRACE-06
TEST(GoldenTraces, AreAllThere) {
  const std::vector<std::string> files = golden_files();
  EXPECT_EQ(files.size(), 55U);
  std::size_t operations = 0;
  std::size_t errors = 0;
  for (const std::string& file : files) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
      operations += line.starts_with(R"({"in":)") ? 1 : 0;
      errors += line.starts_with(R"({"after_error_state":)") ? 1 : 0;
    }
  }
  EXPECT_EQ(errors, 2U);
  EXPECT_GE(operations, 16059U);
}

}  // namespace
}  // namespace kvspec
