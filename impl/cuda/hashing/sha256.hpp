// The compression function of SHA-256, for kernels: everything in registers, so every index is known once the loops are
// unrolled. What surrounds it - padding, where words come from - is the caller's.
#pragma once

#include <cstdint>

#include "impl/cuda/launch.hpp"
#include "spec/execution.hpp"

namespace kvspec::cuda {

struct Sha256State {
  std::uint32_t words[8];
};

KVSPEC_EXEC inline Sha256State initial_state() {
  return {{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

KVSPEC_EXEC inline std::uint32_t rotated(std::uint32_t x, unsigned n) { return x >> n | x << (32 - n); }

KVSPEC_EXEC inline std::uint32_t bytes_swapped(std::uint32_t x) {
#if KVSPEC_ON_DEVICE
  return __byte_perm(x, 0, 0x0123);
#else
  return __builtin_bswap32(x);
#endif
}

// One block of 16 big-endian words, which are used up.
KVSPEC_EXEC inline void compress(Sha256State& state, std::uint32_t (&w)[16]) {
  constexpr std::uint32_t k[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  std::uint32_t a = state.words[0];
  std::uint32_t b = state.words[1];
  std::uint32_t c = state.words[2];
  std::uint32_t d = state.words[3];
  std::uint32_t e = state.words[4];
  std::uint32_t f = state.words[5];
  std::uint32_t g = state.words[6];
  std::uint32_t h = state.words[7];
  KVSPEC_UNROLL
  for (unsigned i = 0; i < 64; ++i) {
    if (i >= 16) {
      const std::uint32_t x = w[(i + 1) % 16];
      const std::uint32_t y = w[(i + 14) % 16];
      w[i % 16] +=
          (rotated(x, 7) ^ rotated(x, 18) ^ x >> 3) + w[(i + 9) % 16] + (rotated(y, 17) ^ rotated(y, 19) ^ y >> 10);
    }
    const std::uint32_t first =
        h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i % 16];
    const std::uint32_t second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  state.words[0] += a;
  state.words[1] += b;
  state.words[2] += c;
  state.words[3] += d;
  state.words[4] += e;
  state.words[5] += f;
  state.words[6] += g;
  state.words[7] += h;
}

}  // namespace kvspec::cuda
