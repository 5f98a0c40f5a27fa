// The two encodings of a block that are hashed, written byte by byte into a message. [HASH-02, HASH-03, HASH-05]
//
// Both writers have the same members, so that one function walks the block for either:
//
//   begin(message, bound) / end()     start the object / close it; bound: an upper bound of its encoded length
//   open_triple() / close_triple()    the tuple (parent, tokens, extra keys)
//   bytes(n)                          a byte string of at most 255 bytes, which are to be written where it points
//   integers(tokens)                  a tuple of at least one integer
//   open_tuple(n) / close_tuple(n)    a tuple of n >= 1 elements
//   text(s), integer(i), none()
//
// Token ids decide the speed: there are thousands, and whether one takes 3 bytes or 5 is as good as random, so a branch
// on it is mispredicted half of the time. Instead each writer stores eight bytes and advances by a length, both chosen
// without a branch; what was stored beyond the length is overwritten by what comes next. The other lengths (one token
// in 500 of a vocabulary of 128000) are behind a branch.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "impl/host/sha256.hpp"
#include "spec/config.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

// Canonical CBOR: shortest heads, definite lengths, tuples as arrays.
class CborWriter {
 public:
  static constexpr std::size_t longest_integer = 9;
  static constexpr std::size_t parent_offset = 3;  // of the 32 bytes with which a triple begins

  void begin(Sha256Message& message, std::size_t bound) {
    message_ = &message;
    message.reserve(bound);
  }
  void end() {}
  void open_triple() { head(array, 3); }
  void close_triple() {}
  void open_tuple(std::size_t size) { head(array, size); }
  void close_tuple(std::size_t) {}
  void none() { message_->append(0xf6); }
  std::uint8_t* bytes(std::size_t size) {
    head(byte_string, size);
    return message_->skip(size);
  }
  void text(std::string_view value) {
    head(text_string, value.size());
    message_->append(value.data(), value.size());
  }
  void integer(std::int64_t value) {
    if (value >= 0) {
      head(positive, static_cast<std::uint64_t>(value));
    } else {
      head(negative, static_cast<std::uint64_t>(-1 - value));
    }
  }
  void integers(std::span<const Token> values) {
    head(array, values.size());
    std::uint8_t* end = message_->end();
    for (const Token value : values) {
      if (!within(value, 0x100, 0xffffffff)) {
        message_->set_end(end);
        integer(value);
        end = message_->end();
        continue;
      }
      const bool wide = value > 0xffff;
      const std::uint64_t swapped = __builtin_bswap32(static_cast<std::uint32_t>(value));
      const std::uint64_t word = wide ? swapped << 8 | 0x1a : swapped >> 16 << 8 | 0x19;
      std::memcpy(end, &word, sizeof(word));
      end += wide ? 5 : 3;
    }
    message_->set_end(end);
  }

 private:
  static constexpr std::uint8_t positive = 0x00;
  static constexpr std::uint8_t negative = 0x20;
  static constexpr std::uint8_t byte_string = 0x40;
  static constexpr std::uint8_t text_string = 0x60;
  static constexpr std::uint8_t array = 0x80;

  // 0 .. 23 in the head itself, then a head 0x18, 0x19, 0x1a, 0x1b before 1, 2, 4, 8 bytes, most significant first.
  void head(std::uint8_t major, std::uint64_t value) {
    if (value < 24) {
      message_->append(static_cast<std::uint8_t>(major | value));
      return;
    }
    const unsigned size_class = (value > 0xff ? 1U : 0U) + (value > 0xffff ? 1U : 0U) + (value > 0xffffffff ? 1U : 0U);
    const std::size_t size = std::size_t{1} << size_class;
    const std::uint64_t swapped = __builtin_bswap64(value << (64 - 8 * size));
    message_->append(static_cast<std::uint8_t>(major | (0x18 + size_class)));
    message_->append(&swapped, size);
  }

  Sha256Message* message_ = nullptr;
};

// Python's pickle, protocol 5, as its C implementation writes it when every object is met for the first time.
//
// A pickle is cut into frames, each with its length in front. Before an object is written, a frame that has reached
// 64 KiB is closed; an object of 64 KiB or more closes the frame and stands outside any. The next byte after a close
// opens a new frame. A frame shorter than 4 bytes loses its header. Headers are filled in when a frame is closed.
class PickleWriter {
 public:
  static constexpr std::size_t longest_integer = 10;
  static constexpr std::size_t parent_offset = 13;  // of the 32 bytes with which a triple begins

  void begin(Sha256Message& message, std::size_t bound) {
    message_ = &message;
    // What closes a frame, so that another begins, is 64 KiB, in it or as one object behind it.
    message.reserve(bound + bound / frame_target * frame_header);
    message.append(0x80);
    message.append(5);
  }
  void end() {
    put('.');
    close_frame();
  }
  void open_triple() {}
  void close_triple() { memoized(0x87); }
  void open_tuple(std::size_t size) {
    boundary();
    if (size > 3) put('(');
  }
  void close_tuple(std::size_t size) { memoized(size > 3 ? 't' : static_cast<std::uint8_t>(0x84 + size)); }
  void none() {
    boundary();
    put('N');
  }
  std::uint8_t* bytes(std::size_t size) {
    boundary();
    put('C');
    put(static_cast<std::uint8_t>(size));
    std::uint8_t* const place = message_->skip(size);
    memoize();
    return place;
  }
  void text(std::string_view value) {
    boundary();
    const bool outside = value.size() >= frame_target;
    if (outside) close_frame();
    if (!outside) open_frame();
    if (value.size() <= 0xff) {
      message_->append(0x8c);
      append_number(value.size(), 1);
    } else if (value.size() <= 0xffffffff) {
      message_->append('X');
      append_number(value.size(), 4);
    } else {
      message_->append(0x8d);
      append_number(value.size(), 8);
    }
    message_->append(value.data(), value.size());
    memoize();
  }
  void integer(std::int64_t value) {
    boundary();
    open_frame();
    message_->set_end(any_integer(message_->end(), value));
  }
  void integers(std::span<const Token> values) {
    const std::size_t size = values.size();
    open_tuple(size);
    while (!values.empty()) {
      boundary();
      open_frame();
      // So many integers cannot fill the frame before the last of them is begun, so none of them meets a boundary.
      const std::size_t count = std::min(values.size(), (frame_target - frame_length() - 1) / longest_integer + 1);
      std::uint8_t* end = message_->end();
      for (const Token value : values.first(count)) {
        if (!within(value, 0x100, 0x7fffffff)) {
          end = any_integer(end, value);
          continue;
        }
        const bool wide = value > 0xffff;
        const std::uint64_t word = static_cast<std::uint64_t>(value) << 8 | (wide ? 'J' : 'M');
        std::memcpy(end, &word, sizeof(word));
        end += wide ? 5 : 3;
      }
      message_->set_end(end);
      values = values.subspan(count);
    }
    close_tuple(size);
  }

 private:
  static constexpr std::size_t frame_target = std::size_t{64} << 10;
  static constexpr std::size_t frame_minimum = 4;
  static constexpr std::size_t frame_header = 9;
  static constexpr std::uint8_t memoize_mark = 0x94;

  // BININT1, BININT2, BININT with 1, 2, 4 bytes, least significant first; beyond 32 bits LONG1 with as many as needed.
  static std::uint8_t* any_integer(std::uint8_t* end, std::int64_t value) {
    if (value != static_cast<std::int32_t>(value)) return long_integer(end, value);
    const std::uint32_t bits = static_cast<std::uint32_t>(static_cast<std::int32_t>(value));
    const unsigned size_class = (bits > 0xff ? 1U : 0U) + (bits > 0xffff ? 1U : 0U);
    *end = static_cast<std::uint8_t>(size_class == 0 ? 'K' : size_class == 1 ? 'M' : 'J');
    std::memcpy(end + 1, &bits, sizeof(bits));
    return end + 1 + (std::size_t{1} << size_class);
  }
  static std::uint8_t* long_integer(std::uint8_t* end, std::int64_t value) {
    std::size_t size = sizeof(value);
    // A byte is left out when the one below it still has the sign.
    while ((value << (8 * (sizeof(value) - size + 1))) >> (8 * (sizeof(value) - size + 1)) == value) --size;
    end[0] = 0x8a;
    end[1] = static_cast<std::uint8_t>(size);
    std::memcpy(end + 2, &value, sizeof(value));
    return end + 2 + size;
  }

  std::size_t frame_length() { return static_cast<std::size_t>(message_->end() - frame_) - frame_header; }
  void open_frame() {
    if (frame_ != nullptr) return;
    frame_ = message_->end();
    message_->set_end(frame_ + frame_header);
  }
  void close_frame() {
    if (frame_ == nullptr) return;
    const std::uint64_t length = frame_length();
    if (length < frame_minimum) {
      std::memmove(frame_, frame_ + frame_header, length);
      message_->set_end(message_->end() - frame_header);
    } else {
      frame_[0] = 0x95;
      std::memcpy(frame_ + 1, &length, sizeof(length));
    }
    frame_ = nullptr;
  }
  void boundary() {
    if (frame_ != nullptr && frame_length() >= frame_target) close_frame();
  }
  void put(std::uint8_t byte) {
    open_frame();
    message_->append(byte);
  }
  void append_number(std::uint64_t value, std::size_t size) { message_->append(&value, size); }
  void memoize() { put(memoize_mark); }
  void memoized(std::uint8_t opcode) {
    put(opcode);
    memoize();
  }

  Sha256Message* message_ = nullptr;
  std::uint8_t* frame_ = nullptr;  // the header of the open frame; null: none is open
};

}  // namespace kvspec::host
