// SHA-256 as FIPS 180-4 writes it: the message is cut into blocks of 64 bytes, and each block is folded into eight
// 32-bit words. Names are the standard's. No tables are built and nothing is allocated, so that the same code is
// evaluated by the compiler, run on the host and run on a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

class Sha256 {
 public:
  KVSPEC_EXEC constexpr void update(std::uint8_t byte) {
    block_[size_ % 64] = byte;
    ++size_;
    if (size_ % 64 == 0) compress();
  }
  KVSPEC_EXEC constexpr void update(std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) update(byte);
  }

  // The digest of the bytes so far. Ends the message: a finished object takes no further bytes.
  KVSPEC_EXEC constexpr Digest finish() {
    // Padding (5.1.1): a one bit, zeros, and the length in bits in the last eight bytes of a block.
    const std::uint64_t size_in_bits = size_ * 8;
    update(std::uint8_t{0x80});
    while (size_ % 64 != 56) update(std::uint8_t{0});
    for (int shift = 56; shift >= 0; shift -= 8) update(static_cast<std::uint8_t>(size_in_bits >> shift));

    Digest digest{};
    for (std::size_t i = 0; i < 32; ++i) {
      digest.bytes[i] = static_cast<std::uint8_t>(hash_[i / 4] >> (24 - 8 * (i % 4)));
    }
    return digest;
  }

 private:
  static KVSPEC_EXEC constexpr std::uint32_t rotr(std::uint32_t x, int n) { return (x >> n) | (x << (32 - n)); }

  // Folds block_ into hash_ (6.2.2). Kept out of line: a copy of it per byte written would swamp a device compiler.
  [[gnu::noinline]] KVSPEC_EXEC constexpr void compress() {
    // The fractional parts of the cube roots of the first 64 primes (4.2.2). Local, because a device has no access to
    // a table of the host.
    constexpr std::uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    };

    // The message schedule: the block as sixteen big-endian words, and 48 words mixed from them.
    std::uint32_t w[64] = {};
    for (std::size_t t = 0; t < 16; ++t) {
      w[t] = std::uint32_t{block_[4 * t]} << 24 | std::uint32_t{block_[4 * t + 1]} << 16 |
             std::uint32_t{block_[4 * t + 2]} << 8 | std::uint32_t{block_[4 * t + 3]};
    }
    for (std::size_t t = 16; t < 64; ++t) {
      const std::uint32_t sigma0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
      const std::uint32_t sigma1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
      w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
    }

    std::uint32_t a = hash_[0], b = hash_[1], c = hash_[2], d = hash_[3];
    std::uint32_t e = hash_[4], f = hash_[5], g = hash_[6], h = hash_[7];
    for (std::size_t t = 0; t < 64; ++t) {
      const std::uint32_t sum1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
      const std::uint32_t choose = (e & f) ^ (~e & g);
      const std::uint32_t t1 = h + sum1 + choose + k[t] + w[t];
      const std::uint32_t sum0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);
      const std::uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
      const std::uint32_t t2 = sum0 + majority;
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    hash_[0] += a;
    hash_[1] += b;
    hash_[2] += c;
    hash_[3] += d;
    hash_[4] += e;
    hash_[5] += f;
    hash_[6] += g;
    hash_[7] += h;
  }

  // The fractional parts of the square roots of the first eight primes (5.3.3).
  std::uint32_t hash_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::uint8_t block_[64] = {};
  std::uint64_t size_ = 0;  // bytes so far
};

}  // namespace kvspec::model
