// Coverage-guided lockstep: model against host on commands that libFuzzer breeds. An input is a configuration and a
// list of commands in their binary form (spec/trace/bytes.hpp); it is mutated and crossed as commands, never as raw
// bytes, so that mutants stay meaningful. New material comes from the plausible scheduler, so deep states are reached
// from the first input on.
//
// The environment variable KVSPEC_ON says what stands against the model: host, which it is without, cuda or
// cuda-on-host.
//
// Not covered here: pools of more than 64 blocks, forced hash collisions, with which a hit can list a block twice,
// which no caller may take, and invariants that a caller can break (fuzz/owed.hpp).
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/expected.hpp"
#include "fuzz/host_engine.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/owed.hpp"
#include "fuzz/random.hpp"
#include "fuzz/report.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/shrink.hpp"
#include "spec/trace/bytes.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace kvspec;
using fuzz::Commands;
using fuzz::Random;

constexpr std::size_t most_commands = 128;
constexpr std::int64_t most_blocks = 64;
constexpr std::uint32_t view_period = 4;

fuzz::Implementation implementation() {
  const char* const name = std::getenv("KVSPEC_ON");
  if (name == nullptr) return fuzz::Implementation::host;
  const std::optional<fuzz::Implementation> on = fuzz::implementation_of(name);
  const std::string absence = on == fuzz::Implementation::cuda ? fuzz::absence_of(cuda::Place::device) : "";
  if (on && absence.empty()) return *on;
  std::fprintf(stderr, "lockstep_fuzzer: no engine %s %s\n", name, absence.c_str());
  std::exit(2);
}
const fuzz::Implementation on = implementation();

struct Input {
  Config<Growing> config{};
  Commands commands{};
};

// Keeps a configuration small and, where it is nearly valid, valid; some stay invalid, which both must say alike.
void tame(Config<Growing>& config) {
  if (config.num_blocks > most_blocks) config.num_blocks = 1 + config.num_blocks % most_blocks;
  config.hash_bits.reset();
}

Input decode(const std::uint8_t* data, std::size_t size) {
  ByteSource source(std::span(data, size));
  Input input;
  input.config = decode_config(source);
  tame(input.config);
  while (!source.empty() && input.commands.size() < most_commands) input.commands.push_back(decode_command(source));
  return input;
}

// As many commands as fit; returns the bytes written.
std::size_t encode(const Input& input, std::uint8_t* data, std::size_t max_size) {
  std::vector<std::uint8_t> bytes;
  encode_config(input.config, bytes);
  if (bytes.size() > max_size) return 0;
  for (const Command<Growing>& command : input.commands) {
    const std::size_t before = bytes.size();
    encode_command(command, bytes);
    if (bytes.size() <= max_size) continue;
    bytes.resize(before);
    break;
  }
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

std::size_t somewhere(Random& random, const Commands& commands) {
  return random.below(static_cast<std::uint32_t>(commands.size() + 1));
}

// What a plausible scheduler does with a configuration, from the start.
Commands plausible(Random& random, const Config<Growing>& config) {
  if (!validate(config).ok()) return {};
  fuzz::Scenario scenario{.config = config, .features = fuzz::random_features(random), .seed = random.next()};
  Commands commands;
  fuzz::run_model_and_host(scenario, 1 + random.below(48), view_period, nullptr, &commands);
  return commands;
}

void insert(Commands& commands, std::size_t at, const Commands& more) {
  commands.insert(commands.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
}

// Lets libFuzzer change the bytes of one command, with what it has learned from comparisons.
void mutate_argument(Command<Growing>& command) {
  std::vector<std::uint8_t> bytes;
  encode_command(command, bytes);
  const std::size_t size = bytes.size();
  bytes.resize(size + 16);
  bytes.resize(LLVMFuzzerMutate(bytes.data(), size, bytes.size()));
  ByteSource source(bytes);
  command = decode_command(source);
}

void mutate_config(Random& random, Config<Growing>& config) {
  if (random.chance(1, 2)) {
    const auto presets = fuzz::presets();
    const std::uint32_t chosen = random.below(static_cast<std::uint32_t>(presets.size()));
    config = fuzz::make_scenario(presets[chosen], random.next()).config;
  } else {
    std::vector<std::uint8_t> bytes;
    encode_config(config, bytes);
    bytes.resize(LLVMFuzzerMutate(bytes.data(), bytes.size(), bytes.size()));
    ByteSource source(bytes);
    config = decode_config(source);
  }
  tame(config);
}

void mutate(Random& random, Input& input) {
  Commands& commands = input.commands;
  if (!validate(input.config).ok() && random.chance(7, 8)) mutate_config(random, input.config);
  if (commands.empty()) return insert(commands, 0, plausible(random, input.config));

  const std::size_t at = random.below(static_cast<std::uint32_t>(commands.size()));
  const std::size_t other = random.below(static_cast<std::uint32_t>(commands.size()));
  const auto place = [&](std::size_t i) { return commands.begin() + static_cast<std::ptrdiff_t>(i); };
  switch (random.below(10)) {
    case 0:
      insert(commands, somewhere(random, commands), plausible(random, input.config));
      break;
    case 1:
      commands = plausible(random, input.config);
      break;
    case 2:
      commands.erase(place(at));
      break;
    case 3:
      commands.erase(place(std::min(at, other)), place(std::max(at, other)));
      break;
    case 4:
      commands.insert(place(at), commands[other]);
      break;  // at may be behind other: the copy is made first
    case 5:
      std::swap(commands[at], commands[other]);
      break;
    case 6: {  // a stretch once more
      const Commands stretch(place(std::min(at, other)), place(std::max(at, other)));
      insert(commands, somewhere(random, commands), stretch);
      break;
    }
    case 7:
      mutate_config(random, input.config);
      break;
    default:
      mutate_argument(commands[at]);
      break;
  }
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  Random random(seed);
  Input input = decode(data, size);
  for (std::uint32_t i = 1 + random.below(3); i > 0; --i) mutate(random, input);
  return encode(input, data, max_size);
}

// The configuration and the beginning of one parent, the end of the other.
extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                                 const std::uint8_t* data2, std::size_t size2, std::uint8_t* out,
                                                 std::size_t max_out_size, unsigned int seed) {
  Random random(seed);
  Input child = decode(data1, size1);
  const Input other = decode(data2, size2);
  child.commands.resize(somewhere(random, child.commands));
  const std::size_t from = somewhere(random, other.commands);
  child.commands.insert(child.commands.end(), other.commands.begin() + static_cast<std::ptrdiff_t>(from),
                        other.commands.end());
  return encode(child, out, max_out_size);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Input input = decode(data, size);
  fuzz::ClauseSet owed = fuzz::owed_by_callers();
  if (!input.config.is_sound()) {
    for (const fuzz::Breach& breach : fuzz::all_breaches()) owed.add(breach.invariant);
  }
  if (!fuzz::run_model_and_host(input.config, input.commands, view_period, owed, on)) return 0;
  const fuzz::Failure failure = fuzz::shrink(input.config, input.commands, fuzz::model_host_oracle(owed, 1, on), 2000);
  const fuzz::Origin origin{
      .right = fuzz::to_text(on), .commands_before = input.commands.size(), .trace_file = "lockstep_fuzzer.jsonl"};
  fuzz::write_counterexample(failure, origin.trace_file);
  std::fputs(fuzz::report(failure, origin).c_str(), stderr);
  std::abort();
}
