// Runs inputs without a fuzzer: `replay_inputs TARGET PATH...` runs each file, and those of each folder, and says how
// many there were; with --show it prints them as traces instead, for a reader or `kvspec replay`. A finding aborts, as
// it does in a fuzzer. `replay_inputs --make-goals FOLDER` writes an input for each reachability goal that has none
// there. Exit code 2: nothing to run, or a goal for which no input was found; other codes above 2: bad arguments.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/targets/goal_inputs.hpp"
#include "fuzz/targets/targets.hpp"

namespace {

using namespace kvspec;

constexpr int exit_unusable = 2;

std::vector<std::uint8_t> read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::filesystem::path> files_of(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::string& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  return files;
}

int make_goals(const std::filesystem::path& folder) {
  constexpr std::uint64_t seeds = 200;
  int code = 0;
  for (const fuzz::GoalEntry& entry : fuzz::goal_registry) {
    const auto file = folder / entry.name;
    if (std::filesystem::exists(file)) continue;
    const auto input = fuzz::find_goal_input(entry.goal, seeds);
    fmt::print("{}: {}\n", entry.name, input ? fmt::format("{} commands", input->commands.size()) : "not reached");
    std::fflush(stdout);
    if (!input) {
      code = exit_unusable;
      continue;
    }
    const auto bytes = fuzz::encode_input(*input);
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  return code;
}

int run(const fuzz::Target& target, const std::vector<std::string>& paths, bool show) {
  const auto files = files_of(paths);
  for (const auto& file : files) {
    const auto bytes = read(file);
    if (show) {
      fmt::print("{}", target.show(bytes));
      continue;
    }
    // Before it runs, so that the last line names the input that aborts.
    fmt::print(stderr, "{}\n", file.string());
    target.run(bytes);
  }
  if (!show) fmt::print("{}: {} inputs\n", target.name, files.size());
  return files.empty() ? exit_unusable : 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string name;
  std::vector<std::string> paths;
  bool show = false;
  CLI::App app("Runs the inputs of a fuzz target");
  std::vector<std::string> names;
  for (const fuzz::Target& target : fuzz::targets()) names.emplace_back(target.name);
  std::string goals;
  app.add_option("target", name)->check(CLI::IsMember(names));
  app.add_option("paths", paths, "Files, and folders of files")->check(CLI::ExistingPath);
  app.add_flag("--show", show, "Print the inputs as traces instead of running them");
  app.add_option("--make-goals", goals, "Write an input for each goal that has none in this folder")
      ->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  if (!goals.empty()) return make_goals(goals);
  const fuzz::Target* target = fuzz::find_target(name);
  if (target == nullptr) {
    fmt::print(stderr, "{}", app.help());
    return exit_unusable;
  }
  return run(*target, paths, show);
}
