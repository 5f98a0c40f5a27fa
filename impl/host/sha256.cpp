#include "impl/host/sha256.hpp"

// The functions below are deprecated in favour of a generic interface that finds its algorithm by name at run time;
// measured on blocks of 16 tokens it takes twice as long.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <bit>

namespace kvspec::host {

void Sha256Message::grow(std::size_t bytes) {
  capacity_ = std::max(bytes, 2 * capacity_);
  buffer_ = std::make_unique<std::uint8_t[]>(capacity_);
}

void Sha256Message::pad() {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::size_t block = 64;
  const std::uint64_t bits = __builtin_bswap64(std::uint64_t{size()} * 8);
  const std::size_t padded = (size() + 1 + sizeof(bits) + block - 1) / block * block;
  std::memset(end_, 0, block + sizeof(bits));  // as long as padding can be: a fixed length is zeroed without a call
  *end_ = 0x80;
  std::memcpy(buffer_.get() + padded - sizeof(bits), &bits, sizeof(bits));
  end_ = buffer_.get() + padded;
}

Hash256 Sha256Message::digest() const {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, buffer_.get(), size());
  Hash256 hash;
  for (std::size_t i = 0; i < hash.words.size(); ++i) {
    const std::uint64_t high = __builtin_bswap32(context.h[2 * i]);
    const std::uint64_t low = __builtin_bswap32(context.h[2 * i + 1]);
    hash.words[i] = high | low << 32;
  }
  return hash;
}

}  // namespace kvspec::host
