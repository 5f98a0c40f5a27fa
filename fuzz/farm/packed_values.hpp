// What a farm's systems hold beside lists, laid out for a device: in whole words, because each thread's local memory
// is spread over its warp's word by word, so that a byte is as dear as a word; and without what the traffic never has.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::fuzz::farm {

// A UTF-8 text of at most three bytes, which compares as one word: the bytes beyond its size are 0.
class PackedText {
 public:
  static constexpr std::size_t capacity = 3;

  KVSPEC_EXEC PackedText() {}
  KVSPEC_EXEC PackedText(std::string_view text) {
    for (; size_ < text.size() && size_ < capacity; ++size_) bytes_[size_] = text[size_];
  }
  KVSPEC_EXEC PackedText(const char* text) {
    for (; text[size_] != '\0' && size_ < capacity; ++size_) bytes_[size_] = text[size_];
  }

  KVSPEC_EXEC constexpr std::size_t size() const { return size_; }
  KVSPEC_EXEC constexpr bool empty() const { return size_ == 0; }
  KVSPEC_EXEC constexpr const char* data() const { return bytes_; }
  KVSPEC_EXEC constexpr operator std::string_view() const { return {bytes_, size_}; }
  KVSPEC_EXEC constexpr bool operator==(const PackedText& other) const {
    return std::bit_cast<std::uint32_t>(*this) == std::bit_cast<std::uint32_t>(other);
  }

 private:
  alignas(std::uint32_t) char bytes_[capacity] = {};
  std::uint8_t size_ = 0;
};

// The hash of a block: the digests it spans, of eight bytes each, two of them at most. What no byte was put into is 0.
class PackedHash {
 public:
  static constexpr std::size_t capacity = 16;

  // A full hash stays as it is, as a full list does.
  KVSPEC_EXEC constexpr void push_back(std::uint8_t byte) {
    if (size_ == capacity) return;
    // Each word by its own name, so that a hash under construction stays in registers.
    const std::uint32_t bits = std::uint32_t{byte} << 8 * (size_ % 4);
    const std::uint32_t place = size_ / 4;
    words_[0] |= place == 0 ? bits : 0;
    words_[1] |= place == 1 ? bits : 0;
    words_[2] |= place == 2 ? bits : 0;
    words_[3] |= place == 3 ? bits : 0;
    ++size_;
  }
  KVSPEC_EXEC constexpr std::size_t size() const { return size_; }
  KVSPEC_EXEC constexpr std::uint8_t operator[](std::size_t i) const {
    return static_cast<std::uint8_t>(words_[i / 4] >> 8 * (i % 4));
  }
  KVSPEC_EXEC const std::uint8_t* begin() const { return reinterpret_cast<const std::uint8_t*>(words_); }
  KVSPEC_EXEC const std::uint8_t* end() const { return begin() + size_; }
  // All words at once: none has to wait for another to be read.
  KVSPEC_EXEC constexpr bool operator==(const PackedHash& other) const {
    return ((words_[0] ^ other.words_[0]) | (words_[1] ^ other.words_[1]) | (words_[2] ^ other.words_[2]) |
            (words_[3] ^ other.words_[3]) | (size_ ^ other.size_)) == 0;
  }

 private:
  std::uint32_t words_[capacity / 4] = {};
  std::uint32_t size_ = 0;
};

// A digest of eight bytes is a number; both host and device have the lowest byte first.
inline constexpr std::uint8_t digest_bytes = 8;

KVSPEC_EXEC inline Digest digest_of(std::uint64_t number) {
  Digest digest{};
  digest.size = digest_bytes;
  std::memcpy(digest.bytes.data(), &number, digest_bytes);
  return digest;
}
KVSPEC_EXEC inline std::uint64_t number_of(const Digest& digest) {
  std::uint64_t number = 0;
  std::memcpy(&number, digest.bytes.data(), digest_bytes);
  return number;
}

// A list of digests of eight bytes, which are all that the farm's hashing makes (prefix_hashing.hpp), in as many.
template <std::size_t Capacity>
class PackedDigests {
 public:
  KVSPEC_EXEC PackedDigests() {}

  KVSPEC_EXEC constexpr std::size_t size() const { return size_; }
  KVSPEC_EXEC constexpr bool empty() const { return size_ == 0; }
  KVSPEC_EXEC Digest operator[](std::size_t i) const { return digest_of(numbers_[i]); }
  KVSPEC_EXEC Digest back() const { return digest_of(numbers_[size_ - 1]); }
  // A full list stays as it is.
  KVSPEC_EXEC void push_back(const Digest& digest) {
    if (size_ < Capacity) numbers_[size_++] = number_of(digest);
  }

  KVSPEC_EXEC constexpr bool operator==(const PackedDigests& other) const {
    if (size_ != other.size_) return false;
    for (std::size_t i = 0; i < size_; ++i) {
      if (numbers_[i] != other.numbers_[i]) return false;
    }
    return true;
  }

 private:
  std::uint64_t numbers_[Capacity];
  std::uint32_t size_ = 0;
};

}  // namespace kvspec::fuzz::farm
