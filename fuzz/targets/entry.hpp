// How a target meets libFuzzer: its mutator and crossover on configurations and commands.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "fuzz/targets/breeding.hpp"
#include "fuzz/targets/commands_input.hpp"

// libFuzzer's own.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace kvspec::fuzz {

inline std::size_t mutate_in_place(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned int seed) {
  Random random(seed);
  CommandsInput input = decode_input({data, size});
  for (std::uint32_t i = 1 + random.below(3); i > 0; --i) mutate(random, input, LLVMFuzzerMutate);
  const auto bytes = encode_input(input, max_size);
  std::ranges::copy(bytes, data);
  return bytes.size();
}

inline std::size_t cross_into(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second,
                              std::span<std::uint8_t> out, unsigned int seed) {
  Random random(seed);
  const auto bytes = encode_input(cross(random, decode_input(first), decode_input(second)), out.size());
  std::ranges::copy(bytes, out.begin());
  return bytes.size();
}

}  // namespace kvspec::fuzz

// The three functions of a target that runs commands. A macro, because libFuzzer looks for them by these names.
#define KVSPEC_BREED_COMMANDS                                                                                       \
  extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,        \
                                                 unsigned int seed) {                                               \
    return kvspec::fuzz::mutate_in_place(data, size, max_size, seed);                                               \
  }                                                                                                                 \
  extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,                    \
                                                   const std::uint8_t* data2, std::size_t size2, std::uint8_t* out, \
                                                   std::size_t max_out_size, unsigned int seed) {                   \
    return kvspec::fuzz::cross_into({data1, size1}, {data2, size2}, {out, max_out_size}, seed);                     \
  }
