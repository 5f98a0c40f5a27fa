// `kvspec lockstep`: model against host on random traffic, for a time or for a number of operations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/oracle/command.hpp"

namespace kvspec::fuzz {

struct LockstepOptions {
  std::optional<double> seconds{};
  std::optional<std::uint64_t> operations{};
  std::optional<std::uint64_t> seed{};  // absent: one is chosen, and printed
  std::string preset = "all";
  std::string trace_dir = ".";
};

void add_lockstep(CLI::App& command, const oracle::Registry& registry, int& exit_code);

// Runs until the time or the operations are used up or a difference is found; returns the exit code.
int run_lockstep(const LockstepOptions& options);

}  // namespace kvspec::fuzz
