// Runs the `kvspec` command as a user does: a process, its two streams and its exit code.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
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

// Where the sources are: those of the build, or, where it was carried to another machine, the working directory.
inline std::filesystem::path source_dir() {
  const std::filesystem::path built = KVSPEC_SOURCE_DIR;
  return std::filesystem::exists(built / "tests/golden") ? built : std::filesystem::current_path();
}

// The command: that of the build, or the one of the folder above this program's.
inline std::filesystem::path command_file() {
  if (std::filesystem::exists(KVSPEC_COMMAND)) return KVSPEC_COMMAND;
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "kvspec";
}

// A folder of the running test and this process alone: other build trees run the same tests. It goes with the process
// unless a test has failed.
inline std::filesystem::path scratch() {
  const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  struct Folders {
    const testing::UnitTest& tests;
    std::set<std::filesystem::path> made{};
    ~Folders() {
      std::error_code ignored;
      for (const std::filesystem::path& folder : made) {
        if (!tests.Failed()) std::filesystem::remove_all(folder, ignored);
      }
    }
  };
  static Folders folders{tests};
  const auto* info = tests.current_test_info();
  std::string name = "kvspec-" + std::to_string(getpid()) + "-" + info->test_suite_name() + "-" + info->name();
  for (char& c : name) {
    if (c == '/') c = '-';
  }
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / name;
  std::filesystem::create_directories(folder);
  folders.made.insert(folder);
  return folder;
}

// Arguments must not contain single quotes.
inline Ran kvspec_command(const std::vector<std::string>& arguments) {
  const std::filesystem::path folder = scratch();
  std::string line = "'" + command_file().string() + "'";
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

inline std::string golden_file(const std::string& name) {
  return (source_dir() / "tests/golden" / (name + ".jsonl")).string();
}

// The files of all recorded traces but those that end in a failure.
inline std::vector<std::string> golden_traces() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "tests/golden")) {
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace kvspec::golden
