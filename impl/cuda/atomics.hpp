// What threads may do to memory that others use at the same time. On the host, where a body runs alone, these are
// ordinary reads and writes.
#pragma once

#include <cstdint>

#include "spec/execution.hpp"

namespace kvspec::cuda {

// Writes `wanted` if the word is `seen`; what it was.
KVSPEC_EXEC inline std::uint64_t compare_and_swap(std::uint64_t* word, std::uint64_t seen, std::uint64_t wanted) {
#if KVSPEC_ON_DEVICE
  return atomicCAS(reinterpret_cast<unsigned long long*>(word), seen, wanted);
#else
  const std::uint64_t before = *word;
  if (before == seen) *word = wanted;
  return before;
#endif
}

// Adds; what it was.
KVSPEC_EXEC inline std::uint32_t fetch_and_add(std::uint32_t* word, std::uint32_t summand) {
#if KVSPEC_ON_DEVICE
  return atomicAdd(word, summand);
#else
  const std::uint32_t before = *word;
  *word += summand;
  return before;
#endif
}
KVSPEC_EXEC inline std::uint64_t fetch_and_add(std::uint64_t* word, std::uint64_t summand) {
#if KVSPEC_ON_DEVICE
  return atomicAdd(reinterpret_cast<unsigned long long*>(word), summand);
#else
  const std::uint64_t before = *word;
  *word += summand;
  return before;
#endif
}

// Keeps the lower of the two; what the word was.
KVSPEC_EXEC inline std::uint64_t fetch_and_min(std::uint64_t* word, std::uint64_t other) {
#if KVSPEC_ON_DEVICE
  return atomicMin(reinterpret_cast<unsigned long long*>(word), other);
#else
  const std::uint64_t before = *word;
  if (other < before) *word = other;
  return before;
#endif
}

}  // namespace kvspec::cuda
