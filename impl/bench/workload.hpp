// What the benchmarks ask of a manager: prompts, and the few commands in their order.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "impl/host/manager.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"

namespace kvspec::bench {

inline constexpr std::int64_t block_size = 16;
inline constexpr std::size_t prompt_blocks = 256;
inline constexpr std::size_t prompt_tokens = prompt_blocks * static_cast<std::size_t>(block_size);
inline constexpr std::uint64_t vocabulary = 128000;

// splitmix64: the finaliser, and the generator that is made of it.
inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t value = mix(state_);
    state_ += 0x9e3779b97f4a7c15;
    return value % bound;
  }

 private:
  std::uint64_t state_;
};

inline TokenList<Growing> unique_prompt(std::uint64_t number, std::size_t length) {
  TokenList<Growing> tokens(length);
  for (std::size_t i = 0; i < length; ++i) tokens[i] = static_cast<Token>(mix(number << 32 | i) % vocabulary);
  return tokens;
}

// Prompt k of the churn: 512 .. 8192 tokens, of which a random number follow a random path of a tree (fan-out 16 at the
// root, then 4, then 2; 256 tokens per edge) and the rest are its own.
inline TokenList<Growing> churn_prompt(std::uint64_t k) {
  constexpr std::size_t shortest = 512;
  constexpr std::size_t longest = 8192;
  constexpr std::size_t edge = 256;
  SplitMix random(mix(k));
  const std::size_t length = shortest + random.below(longest - shortest + 1);
  const std::size_t shared = random.below(length + 1);
  TokenList<Growing> tokens = unique_prompt(k + 1000000, length);
  std::uint64_t node = 1;
  for (std::size_t start = 0, depth = 0; start < shared; start += edge, ++depth) {
    const std::uint64_t fan_out = depth == 0 ? 16 : depth == 1 ? 4 : 2;
    node = mix(node * 16 + random.below(fan_out));
    for (std::size_t i = 0; i < edge && start + i < shared; ++i) {
      tokens[start + i] = static_cast<Token>((mix(node ^ 0x51 * (i + 1) * 0x2545f4914f6cdd1d) >> 33) % vocabulary);
    }
  }
  return tokens;
}

inline host::Manager make_manager(std::int64_t num_blocks, bool events = false) {
  Config<Growing> config = single_group_config<Growing>(GroupKind::full, block_size, num_blocks, 1 << 20);
  config.hash_fn = HashFunction::sha256_cbor;
  config.events = events;
  return std::move(host::Manager::create(config).value());
}

inline void add(host::Manager& manager, const std::string& req, TokenList<Growing> tokens) {
  AddRequest<Growing> command{};
  command.req = req;
  command.tokens = std::move(tokens);
  static_cast<void>(manager.step(command));
}

// The prefill of a whole prompt without looking it up: allocates its blocks and caches the full ones.
inline AllocateSlots<Growing> prefill(const std::string& req, std::size_t num_tokens) {
  AllocateSlots<Growing> command{};
  command.req = req;
  command.num_new_tokens = static_cast<Count>(num_tokens);
  return command;
}

inline Free<Growing> release(const std::string& req, bool drop) {
  Free<Growing> command{};
  command.req = req;
  command.drop = drop;
  return command;
}

inline GetComputedBlocks<Growing> look_up(const std::string& req) {
  GetComputedBlocks<Growing> command{};
  command.req = req;
  return command;
}

class Stopwatch {
 public:
  Stopwatch() : start_(std::chrono::steady_clock::now()) {}
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_;
};

}  // namespace kvspec::bench
