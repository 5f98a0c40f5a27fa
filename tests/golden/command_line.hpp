// Runs the `kvspec` command as a user does: a process, its two streams and its exit code.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace kvspec::golden {

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline void write_file(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

// A folder of the running test alone.
inline std::filesystem::path scratch() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = std::string("kvspec-") + info->test_suite_name() + "-" + info->name();
  for (char& c : name) {
    if (c == '/') c = '-';
  }
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::create_directories(folder);
  return folder;
}

// Arguments must not contain single quotes.
inline Ran kvspec_command(const std::vector<std::string>& arguments) {
  const std::filesystem::path folder = scratch();
  std::string line = "'" KVSPEC_COMMAND "'";
  for (const std::string& argument : arguments) line += " '" + argument + "'";
  line += " </dev/null >'" + (folder / "out").string() + "' 2>'" + (folder / "err").string() + "'";
  const int status = std::system(line.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(folder / "out"), read_file(folder / "err")};
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

inline std::string golden_file(const std::string& name) { return KVSPEC_SOURCE_DIR "/tests/golden/" + name + ".jsonl"; }

// The files of all recorded traces but those that end in a failure.
inline std::vector<std::string> golden_traces() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(KVSPEC_SOURCE_DIR "/tests/golden")) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace kvspec::golden
