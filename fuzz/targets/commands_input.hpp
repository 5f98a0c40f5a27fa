// An input of the targets that run commands: a configuration and a list of commands in their binary form
// (spec/trace/bytes.hpp), one after the other. Every byte string is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fuzz/run.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

struct CommandsInput {
  Config<Growing> config{};
  Commands commands{};
};

inline constexpr std::size_t most_commands = 128;
inline constexpr std::int64_t most_blocks = 64;

// Keeps a configuration small and free of forced collisions; one that is valid stays valid.
void tame(Config<Growing>& config);

// Commands beyond the first `most_commands` are left out, and the configuration is tame.
CommandsInput decode_input(std::span<const std::uint8_t> bytes);

// As many commands as fit into max_size bytes; nothing if not even the configuration does.
std::vector<std::uint8_t> encode_input(const CommandsInput& input, std::size_t max_size = std::size_t{1} << 20);

// A trace of inputs alone, for `kvspec replay`.
std::string to_trace_text(const CommandsInput& input);

}  // namespace kvspec::fuzz
