// A message on its way into SHA-256: bytes are put in, most significant first, and leave as words of the 64-byte block
// that is being filled. The words lie in the thread's scratch memory, since how far a thread has come depends on its
// tokens and registers cannot be indexed by that.
//
// Who puts bytes in decides when a full block is compressed: all threads of a warp should do it together, as it is what
// takes the time.
#pragma once

#include <cstdint>

#include "impl/cuda/hashing/sha256.hpp"
#include "impl/cuda/launch.hpp"
#include "spec/execution.hpp"

namespace kvspec::cuda {

// Room for a block and what may be put in behind its end before it is compressed: at most four tokens of 5 bytes or one
// of 10, or the end of a message.
inline constexpr std::uint32_t message_words = 22;

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

  KVSPEC_EXEC bool has_block() const { return fill_ >= 16; }
  // Precondition: has_block().
  KVSPEC_EXEC void take_block(std::uint32_t (&w)[16]) {
    KVSPEC_UNROLL
    for (std::uint32_t i = 0; i < 16; ++i) w[i] = words_[i];
    fill_ -= 16;
    size_ += 64;
    for (std::uint32_t i = 0; i < fill_; ++i) words_[i] = words_[16 + i];
  }

  // The mark that ends a message, and zeroes to the end of its word. Nothing is put in afterwards.
  KVSPEC_EXEC void end() {
    size_ += 4 * fill_ + num_pending_;
    words_[fill_++] = pending_ | std::uint32_t{0x80} << (24 - 8 * num_pending_);
    bits_ = std::uint64_t{size_} * 8;
  }
  // After end(), without a whole block: zeroes to the end of the block, and the length if it still fits; whether it
  // did.
  KVSPEC_EXEC bool pad() {
    const bool fits = fill_ <= 14;
    const std::uint32_t zeroes_to = fits ? 14 : 16;
    while (fill_ < zeroes_to) words_[fill_++] = 0;
    if (!fits) return false;
    words_[14] = static_cast<std::uint32_t>(bits_ >> 32);
    words_[15] = static_cast<std::uint32_t>(bits_);
    fill_ = 16;
    return true;
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
  std::uint64_t bits_ = 0;         // of the whole message
  std::uint32_t pending_ = 0;      // its first num_pending_ bytes count, the others are zeroes
  std::uint32_t num_pending_ = 0;  // fewer than 4
  std::uint32_t fill_ = 0;         // words
  std::uint32_t size_ = 0;         // bytes that were taken
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
