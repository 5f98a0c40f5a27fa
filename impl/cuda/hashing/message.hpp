// The bytes of a message on their way into SHA-256. All but the first words are put one by one into the thread's
// scratch memory, at whatever place the ones before end, and leave as words: shared memory takes bytes anywhere without
// any arithmetic, and the arithmetic is what a multiprocessor has least of while it hashes.
#pragma once

#include <cstdint>

#include "impl/cuda/hashing/sha256.hpp"
#include "impl/cuda/launch.hpp"
#include "spec/execution.hpp"

namespace kvspec::cuda {

// The place behind the last byte.
class Bytes {
 public:
  KVSPEC_EXEC explicit Bytes(std::uint8_t* end) : end_(end) {}
  KVSPEC_EXEC const std::uint8_t* end() const { return end_; }

  // The last `bytes` bytes of a value, the most significant first.
  KVSPEC_EXEC void put(std::uint64_t value, std::uint32_t bytes) {
    while (bytes > 0) *end_++ = static_cast<std::uint8_t>(value >> 8 * --bytes);
  }
  // A tag, and a number in 4 bytes or, when it is not wide, in 2. All bytes of the number are written in any case, as
  // that needs no branch; what lies behind the end is overwritten by what is put next.
  KVSPEC_EXEC void put_most_significant_first(std::uint32_t tag, std::uint32_t number, bool is_wide) {
    end_[0] = static_cast<std::uint8_t>(tag);
    end_[1] = static_cast<std::uint8_t>(number >> 24);
    end_[2] = static_cast<std::uint8_t>(number >> 16);
    end_ += is_wide ? 5 : 3;
    end_[-2] = static_cast<std::uint8_t>(number >> 8);
    end_[-1] = static_cast<std::uint8_t>(number);
  }
  KVSPEC_EXEC void put_least_significant_first(std::uint32_t tag, std::uint32_t number, bool is_wide) {
    end_[0] = static_cast<std::uint8_t>(tag);
    end_[1] = static_cast<std::uint8_t>(number);
    end_[2] = static_cast<std::uint8_t>(number >> 8);
    end_[3] = static_cast<std::uint8_t>(number >> 16);
    end_[4] = static_cast<std::uint8_t>(number >> 24);
    end_ += is_wide ? 5 : 3;
  }

 private:
  std::uint8_t* end_;
};

// The first words of a message, in registers: how much is put, and where, has to be known when this is compiled.
class FirstWords {
 public:
  // The first 16 words, zeroes where nothing was put.
  KVSPEC_EXEC explicit FirstWords(std::uint32_t (&words)[16]) : words_(words) {
    KVSPEC_UNROLL
    for (std::uint32_t& word : words_) word = 0;
  }
  // At most 5 bytes.
  KVSPEC_EXEC void put(std::uint64_t value, std::uint32_t bytes) {
    const std::uint64_t aligned = value << (64 - 8 * bytes) >> 8 * (size_ % 4);
    words_[size_ / 4] |= static_cast<std::uint32_t>(aligned >> 32);
    if (size_ % 4 + bytes > 4) words_[size_ / 4 + 1] |= static_cast<std::uint32_t>(aligned);
    size_ += bytes;
  }

 private:
  std::uint32_t (&words_)[16];
  std::uint32_t size_ = 0;  // bytes
};

// Counts the bytes that a message would have; the frame of a pickle says so before its first byte.
class MessageLength {
 public:
  KVSPEC_EXEC void put(std::uint64_t, std::uint32_t bytes) { size_ += bytes; }
  KVSPEC_EXEC std::uint32_t size() const { return size_; }

 private:
  std::uint32_t size_ = 0;
};

inline constexpr std::uint32_t sha256_block = 64;  // bytes

// Those of a message, behind which there are a mark of 1 byte and a length of 8.
KVSPEC_EXEC constexpr std::uint32_t compressions_of(std::uint32_t message_bytes) {
  return (message_bytes + 1 + 8 + sha256_block - 1) / sha256_block;
}

// A message that is compressed as it is put together. Its scratch memory has hashed_message_words words.
inline constexpr std::uint32_t hashed_message_words =
    (sha256_block + 8) / 4;  // a block, and a put that crosses its end
class HashedMessage {
 public:
  KVSPEC_EXEC explicit HashedMessage(std::uint32_t* scratch) : words_(scratch), state_(initial_state()) {}

  KVSPEC_EXEC void put(std::uint64_t value, std::uint32_t bytes) {
    Bytes(bytes_at(num_bytes_)).put(value, bytes);
    num_bytes_ += bytes;
    if (num_bytes_ < sha256_block) return;
    compress_block();
    num_bytes_ -= sha256_block;
    num_compressed_ += sha256_block;
    words_[0] = words_[16];
    words_[1] = words_[17];
  }
  KVSPEC_EXEC Sha256State finish() {
    const std::uint64_t bits = (std::uint64_t{num_compressed_} + num_bytes_) * 8;
    put(0x80, 1);
    while (num_bytes_ != sha256_block - 8) put(0, 1);
    put(bits, 8);
    return state_;
  }

 private:
  KVSPEC_EXEC std::uint8_t* bytes_at(std::uint32_t place) { return reinterpret_cast<std::uint8_t*>(words_) + place; }
  KVSPEC_APART KVSPEC_EXEC void compress_block() {
    std::uint32_t words[16];
    KVSPEC_UNROLL
    for (std::uint32_t i = 0; i < 16; ++i) words[i] = bytes_swapped(words_[i]);
    compress(state_, words);
  }

  std::uint32_t* words_;
  std::uint32_t num_bytes_ = 0;       // here, fewer than a block
  std::uint32_t num_compressed_ = 0;  // bytes
  Sha256State state_;
};

}  // namespace kvspec::cuda
