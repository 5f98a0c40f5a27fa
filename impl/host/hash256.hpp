// A digest as the implementation stores it: four aligned words, which are compared without a loop and, being the
// output of a hash function, are their own hash value.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>

#include "spec/vocabulary.hpp"

namespace kvspec::host {

// A digest of 32 bytes, or 16 zeroes and a digest of 16 bytes: the last bytes are always at the same place.
// [HASH-13, HASH-14]
struct alignas(32) Hash256 {
  std::array<std::uint64_t, 4> words{};

  bool operator==(const Hash256& other) const {
    return ((words[0] ^ other.words[0]) | (words[1] ^ other.words[1]) | (words[2] ^ other.words[2]) |
            (words[3] ^ other.words[3])) == 0;
  }
  const std::uint8_t* bytes() const { return reinterpret_cast<const std::uint8_t*>(words.data()); }
  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(words.data()); }
  // The last `size` bytes: the digest itself.
  const std::uint8_t* last(std::size_t size) const { return bytes() + sizeof(words) - size; }
};
static_assert(sizeof(Hash256) == 32);

inline Digest to_digest(const Hash256& hash, std::size_t size) {
  Digest digest{};
  digest.size = static_cast<std::uint8_t>(size);
  std::memcpy(digest.bytes.data(), hash.last(size), size);
  return digest;
}

// The bytes of consecutive digests of `digest_size` (16 or 32) bytes each: the hash of a block that spans several.
// [HASH-10] It looks at the digests, which must live as long.
class HashBytes {
 public:
  class Iterator {
   public:
    using value_type = std::uint8_t;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const HashBytes* hash, std::size_t i) : hash_(hash), i_(i) {}
    std::uint8_t operator*() const { return (*hash_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    Iterator operator++(int) { return {hash_, i_++}; }
    bool operator==(const Iterator&) const = default;

   private:
    const HashBytes* hash_ = nullptr;
    std::size_t i_ = 0;
  };

  HashBytes(std::span<const Hash256> digests, std::size_t digest_size) : digests_(digests), digest_size_(digest_size) {}

  std::size_t size() const { return digests_.size() * digest_size_; }
  // Before every 16 bytes of a short digest stand 16 zeroes.
  std::uint8_t operator[](std::size_t i) const {
    const std::uint8_t* const bytes = digests_.front().bytes();
    return digest_size_ == sizeof(Hash256) ? bytes[i] : bytes[i + i / 16 * 16 + 16];
  }
  // The index stores digests once, so that a walk mostly compares a hash with itself.
  bool operator==(const HashBytes& other) const {
    if (digest_size_ != other.digest_size_ || digests_.size() != other.digests_.size()) return false;
    return digests_.data() == other.digests_.data() || std::ranges::equal(digests_, other.digests_);
  }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

  template <class Bytes>
  void copy_to(Bytes& out) const {
    out.resize(size());
    std::uint8_t* to = out.data();
    for (const Hash256& digest : digests_) {
      std::memcpy(to, digest.last(digest_size_), digest_size_);
      to += digest_size_;
    }
  }

 private:
  std::span<const Hash256> digests_;
  std::size_t digest_size_;
};

}  // namespace kvspec::host
