#include "fuzz/targets/commands_input.hpp"

#include <sstream>

#include "spec/trace/bytes.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec::fuzz {

void tame(Config<Growing>& config) {
  if (config.num_blocks > most_blocks) config.num_blocks = 1 + config.num_blocks % most_blocks;
  config.hash_bits.reset();
}

CommandsInput decode_input(std::span<const std::uint8_t> bytes) {
  ByteSource source(bytes);
  CommandsInput input;
  input.config = decode_config(source);
  tame(input.config);
  while (!source.empty() && input.commands.size() < most_commands) input.commands.push_back(decode_command(source));
  return input;
}

std::vector<std::uint8_t> encode_input(const CommandsInput& input, std::size_t max_size) {
  std::vector<std::uint8_t> bytes;
  encode_config(input.config, bytes);
  if (bytes.size() > max_size) return {};
  for (const Command<Growing>& command : input.commands) {
    const std::size_t before = bytes.size();
    encode_command(command, bytes);
    if (bytes.size() <= max_size) continue;
    bytes.resize(before);
    break;
  }
  return bytes;
}

std::string to_trace_text(const CommandsInput& input) {
  Trace trace;
  trace.config = input.config;
  for (const Command<Growing>& command : input.commands)
    trace.steps.push_back({.command = command, .observation = {}, .error = {}});
  std::ostringstream out;
  write_trace(out, trace);
  return out.str();
}

}  // namespace kvspec::fuzz
