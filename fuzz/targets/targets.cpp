#include "fuzz/targets/targets.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "fuzz/targets/commands_input.hpp"

namespace kvspec::fuzz {

namespace {

void run_lockstep(InputBytes bytes) {
  StateCounters counters{};
  run_lockstep_input(bytes, counters);
}

std::string show_commands(InputBytes bytes) { return to_trace_text(decode_input(bytes)); }
std::string show_text(InputBytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

constexpr std::array all_targets{
    Target{"lockstep", run_lockstep, show_commands},
    Target{"config", run_config_input, show_config_input},
    Target{"hashing", run_hashing_input, show_hashing_input},
    Target{"events", run_events_input, show_commands},
    Target{"trace", run_trace_input, show_text},
};

}  // namespace

std::span<const Target> targets() { return all_targets; }

const Target* find_target(std::string_view name) {
  const auto found = std::ranges::find(all_targets, name, &Target::name);
  return found == all_targets.end() ? nullptr : &*found;
}

void require(bool holds, std::string_view what, const std::string& detail) {
  if (holds) return;
  std::fprintf(stderr, "fuzz target: %.*s: %s\n", static_cast<int>(what.size()), what.data(), detail.c_str());
  std::abort();
}

}  // namespace kvspec::fuzz
