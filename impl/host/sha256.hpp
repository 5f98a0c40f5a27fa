// A message and its SHA-256. (The message is also what XXH3 hashes, unpadded; see xxh3.hpp.)
//
// Every message here is short and known before it is hashed, so it is built in one reused buffer, padded there, and
// handed to OpenSSL as whole 64-byte blocks: the digest is then the state after the last block. That is the standard's
// own definition of the padding, and it spares what the one-shot calls spend on looking up an algorithm and copying
// the message's tail (a block of 16 tokens is two or three compressions, so the overhead would be a third).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "impl/host/hash256.hpp"

namespace kvspec::host {

class Sha256Message {
 public:
  // Starts an empty message and makes room for `bytes` bytes.
  void reserve(std::size_t bytes) {
    if (bytes + padding > capacity_) grow(bytes + padding);
    end_ = buffer_.get();
  }

  std::size_t size() const { return static_cast<std::size_t>(end_ - buffer_.get()); }
  std::uint8_t* data() { return buffer_.get(); }
  // Where the next byte goes. Encoders write there, up to 8 bytes further than they advance, and set it.
  std::uint8_t* end() { return end_; }
  void set_end(std::uint8_t* end) { end_ = end; }

  void append(std::uint8_t byte) { *end_++ = byte; }
  void append(const void* bytes, std::size_t count) {
    if (count == 0) return;
    std::memcpy(end_, bytes, count);
    end_ += count;
  }

  // Leaves room for `count` bytes that are written later.
  std::uint8_t* skip(std::size_t count) {
    std::uint8_t* const place = end_;
    end_ += count;
    return place;
  }

  // Ends the message: nothing is appended any more.
  void pad();
  // The SHA-256 of the message, which has been padded.
  Hash256 digest() const;

 private:
  static constexpr std::size_t padding = 128;  // a mark, zeroes up to a multiple of 64, a length; and room to overwrite

  void grow(std::size_t bytes);

  std::unique_ptr<std::uint8_t[]> buffer_{};
  std::uint8_t* end_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace kvspec::host
