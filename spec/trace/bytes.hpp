// The compact binary form of commands and configurations: what a fuzzer mutates, and what a corpus stores.
//
// Decoding is total: every byte string is some command, an exhausted source reads as zeros, and no list is longer than
// the bytes that are left. Small numbers are likely and extreme ones possible. Encoding is the inverse on what it
// writes: decode_command(encode_command(c)) == c for every command that a trace can hold (finite, rectangular prompt
// embeddings, valid UTF-8), and likewise for configurations, whose `driver` is not kept.
//
//   integer   one byte: 0 .. 0xDF itself; 0xE0 .. 0xEF the negatives -1 .. -16 (0xE0 .. 0xEF if unsigned);
//             0xF0 + k: the k + 1 bytes that follow, little-endian (zigzag if signed); 0xF8 .. 0xFF: a boundary of its
//             type
//   boolean   the low bit of a byte; an optional: such a byte, then the value
//   enum      a byte modulo the number of enumerators; a command: a byte modulo the number of commands, then its
//   members text      a byte below 0x80: "r" and that number, as requests are called; otherwise a length and that many
//   bytes list      a length, then the elements
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"

namespace kvspec {

// Bytes that are read once, from the front.
class ByteSource {
 public:
  explicit ByteSource(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::size_t left() const { return bytes_.size(); }

  // The next byte; 0 if there is none.
  std::uint8_t next() {
    if (bytes_.empty()) return 0;
    const std::uint8_t byte = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return byte;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

Command<Growing> decode_command(ByteSource& source);
Config<Growing> decode_config(ByteSource& source);

// Both append.
void encode_command(const Command<Growing>& command, std::vector<std::uint8_t>& out);
void encode_config(const Config<Growing>& config, std::vector<std::uint8_t>& out);

}  // namespace kvspec
