// A message on its way into SHA-256: bytes are put in, most significant first, and leave as words of 64-byte blocks.
// The words lie in the thread's scratch memory, since how far a thread has come depends on its tokens and registers
// cannot be indexed by that.
//
// Who puts bytes in decides when full blocks are compressed: all threads of a warp should do it together, as it is what
// takes the time. So there is room for three blocks, all that 16 tokens of a vocabulary need.
#pragma once

#include <cstdint>

#include "impl/cuda/hashing/sha256.hpp"
#include "impl/cuda/launch.hpp"
#include "spec/execution.hpp"

namespace kvspec::cuda {

inline constexpr std::uint32_t message_capacity = 48;  // words
// Words that are put in at once at most: four tokens of 5 bytes, one of 10, or the end of a message.
inline constexpr std::uint32_t words_at_once = 6;
inline constexpr std::uint32_t message_words = message_capacity + 2;  // a word may be written before it is full

class Message {
 public:
  KVSPEC_EXEC explicit Message(Scratch words) : words_(words) {}

  // The last `bytes` bytes of a value, at most 5.
  KVSPEC_EXEC void put(std::uint64_t value, std::uint32_t bytes) {
    const std::uint64_t aligned = value << (64 - 8 * bytes);
    put_aligned(static_cast<std::uint32_t>(aligned >> 32), static_cast<std::uint32_t>(aligned), bytes);
  }
  // The first `bytes` bytes, at most 5, of two words, whose other bytes are zeroes.
  KVSPEC_EXEC void put_aligned(std::uint32_t high, std::uint32_t low, std::uint32_t bytes) {
    const std::uint32_t shift = 8 * num_pending_;
    const std::uint32_t first = pending_ | high >> shift;
    const std::uint32_t second = shifted(high, low, shift);
    const std::uint32_t total = num_pending_ + bytes;  // at most 8
    words_[fill_] = first;
    if (total == 8) words_[fill_ + 1] = second;
    fill_ += total / 4;
    num_pending_ = total % 4;
    pending_ = total < 4 ? first : total == 8 ? 0 : second;
  }

  // Whether words_at_once more words can be put in.
  KVSPEC_EXEC bool has_room() const { return fill_ + words_at_once <= message_capacity; }
  // Whether block number b, from 0, of those that are here is whole.
  KVSPEC_EXEC bool has_block(std::uint32_t b = 0) const { return fill_ >= 16 * (b + 1); }
  // Precondition: has_block(b).
  KVSPEC_EXEC void read_block(std::uint32_t b, std::uint32_t (&w)[16]) const {
    KVSPEC_UNROLL
    for (std::uint32_t i = 0; i < 16; ++i) w[i] = words_[16 * b + i];
  }
  // Forgets the first blocks.
  KVSPEC_EXEC void drop_blocks(std::uint32_t count) {
    fill_ -= 16 * count;
    size_ += 64 * count;
    for (std::uint32_t i = 0; i < fill_; ++i) words_[i] = words_[16 * count + i];
  }

  // Ends the message: the mark, zeroes, and its length, so that all blocks are whole. Nothing is put in afterwards.
  // Precondition: has_room() before the last piece was put in.
  KVSPEC_EXEC void end() {
    const std::uint64_t bits = (std::uint64_t{size_} + 4 * fill_ + num_pending_) * 8;
    words_[fill_++] = pending_ | std::uint32_t{0x80} << (24 - 8 * num_pending_);
    while (fill_ % 16 != 14) words_[fill_++] = 0;
    words_[fill_] = static_cast<std::uint32_t>(bits >> 32);
    words_[fill_ + 1] = static_cast<std::uint32_t>(bits);
    fill_ += 2;
  }

 private:
  // The second word of the two, once both are shifted right.
  static KVSPEC_EXEC std::uint32_t shifted(std::uint32_t high, std::uint32_t low, std::uint32_t shift) {
#if KVSPEC_ON_DEVICE
    return __funnelshift_r(low, high, shift);
#else
    return static_cast<std::uint32_t>((std::uint64_t{high} << 32 | low) >> shift);
#endif
  }

  Scratch words_;
  std::uint32_t pending_ = 0;      // its first num_pending_ bytes count, the others are zeroes
  std::uint32_t num_pending_ = 0;  // fewer than 4
  std::uint32_t fill_ = 0;         // words
  std::uint32_t size_ = 0;         // bytes that were dropped
};

// Counts the bytes that a message would have; the frame of a pickle says so before its first byte.
class MessageLength {
 public:
  KVSPEC_EXEC void put(std::uint64_t, std::uint32_t bytes) { size_ += bytes; }
  KVSPEC_EXEC void put_aligned(std::uint32_t, std::uint32_t, std::uint32_t bytes) { size_ += bytes; }
  KVSPEC_EXEC std::uint32_t size() const { return size_; }

 private:
  std::uint32_t size_ = 0;
};

}  // namespace kvspec::cuda
