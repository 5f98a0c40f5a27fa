// The protocol-5 pickle of a block's content and of a seed, byte for byte what Python's pickle.dumps(x, protocol=5)
// writes when no two parts of x are the same object: equal texts are written twice, never as a reference to the
// first. [HASH-03]
//
// A pickle is a program for a stack machine. Each opcode pushes a value; a tuple opcode gathers the values above the
// last MARK, or the top one, two or three; MEMOIZE numbers the text, bytes or tuple on top, for references that
// never come. How the program is cut into frames is in pickle_framing.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "model/hashing/block_content.hpp"
#include "model/hashing/pickle_framing.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

namespace pickle_op {
inline constexpr std::uint8_t proto = 0x80;  // u8: the protocol
inline constexpr std::uint8_t frame = 0x95;  // u64: bytes in the frame
inline constexpr std::uint8_t none = 'N';
inline constexpr std::uint8_t binint1 = 'K';            // u8
inline constexpr std::uint8_t binint2 = 'M';            // u16
inline constexpr std::uint8_t binint = 'J';             // i32
inline constexpr std::uint8_t long1 = 0x8a;             // u8: bytes that follow, two's complement
inline constexpr std::uint8_t short_binbytes = 'C';     // u8: length
inline constexpr std::uint8_t short_binunicode = 0x8c;  // u8: length in UTF-8
inline constexpr std::uint8_t binunicode = 'X';         // u32: length in UTF-8
inline constexpr std::uint8_t binunicode8 = 0x8d;       // u64: length in UTF-8
inline constexpr std::uint8_t mark = '(';
inline constexpr std::uint8_t tuple = 't';  // of everything above the mark
inline constexpr std::uint8_t empty_tuple = ')';
inline constexpr std::uint8_t tuple1 = 0x85;
inline constexpr std::uint8_t tuple2 = 0x86;
inline constexpr std::uint8_t tuple3 = 0x87;
inline constexpr std::uint8_t memoize = 0x94;
inline constexpr std::uint8_t stop = '.';
}  // namespace pickle_op

// Writes the opcodes of values. Integers are little-endian. The functions below which most bytes pass stay out of line,
// which costs a host nothing and saves a device compiler most of its work.
template <class Output>
class PickleWriter {
 public:
  KVSPEC_EXEC constexpr explicit PickleWriter(Output& output) : out_(output) {}

  KVSPEC_EXEC constexpr void save_none() {
    out_.object_begins();
    out_.update(pickle_op::none);
  }
  [[gnu::noinline]] KVSPEC_EXEC constexpr void save(std::int64_t value) {
    out_.object_begins();
    const std::uint64_t bits = static_cast<std::uint64_t>(value);
    if (0 <= value && value <= 0xff) return opcode(pickle_op::binint1, bits, 1);
    if (0 <= value && value <= 0xffff) return opcode(pickle_op::binint2, bits, 2);
    if (std::numeric_limits<std::int32_t>::min() <= value && value <= std::numeric_limits<std::int32_t>::max()) {
      return opcode(pickle_op::binint, bits, 4);
    }
    // The fewest bytes whose top bit is the sign: 5 hold -2^39 .. 2^39 - 1, and so on.
    int count = 5;
    while (count < 8 && value >> (8 * count - 1) != (value < 0 ? -1 : 0)) ++count;
    opcode(pickle_op::long1, static_cast<std::uint64_t>(count), 1);
    number(bits, count);
  }
  [[gnu::noinline]] KVSPEC_EXEC constexpr void save(std::string_view text) {
    out_.object_begins();
    const std::uint64_t size = text.size();
    if (size >= pickle_frame_target) {
      out_.close();
      save_text_unframed(text);
    } else {
      if (size <= 0xff) {
        opcode(pickle_op::short_binunicode, size, 1);
      } else {
        opcode(pickle_op::binunicode, size, 4);
      }
      for (const char c : text) out_.update(static_cast<std::uint8_t>(c));
    }
    out_.update(pickle_op::memoize);
  }
  // A digest has at most 32 bytes, so the short form of bytes is the only one needed.
  [[gnu::noinline]] KVSPEC_EXEC constexpr void save(const Digest& digest) {
    out_.object_begins();
    opcode(pickle_op::short_binbytes, digest.size, 1);
    for (const std::uint8_t byte : digest) out_.update(byte);
    out_.update(pickle_op::memoize);
  }
  KVSPEC_EXEC constexpr void save(std::span<const Token> tokens) {
    tuple_begins(tokens.size());
    for (const Token token : tokens) save(token);
    tuple_ends(tokens.size());
  }
  template <class S>
  KVSPEC_EXEC constexpr void save(const ExtraKey<S>& key) {
    switch (key.kind) {
      case ExtraKeyKind::text:
        return save(std::string_view(key.text));
      case ExtraKeyKind::lora:
        return save_tagged("lora", key.text);
      case ExtraKeyKind::salt:
        return save_tagged("salt", key.text);
      case ExtraKeyKind::item:
        tuple_begins(2);
        save(std::string_view(key.text));
        save(key.offset);
        return tuple_ends(2);
      case ExtraKeyKind::digest:
        return save(key.digest);
    }
  }
  template <class S>
  KVSPEC_EXEC constexpr void save(const BlockContent<S>& content) {
    tuple_begins(3);
    save(content.parent);
    save(content.tokens);
    if (content.keys.empty()) {
      save_none();
    } else {
      tuple_begins(content.keys.size());
      for (const ExtraKey<S>& key : content.keys) save(key);
      tuple_ends(content.keys.size());
    }
    tuple_ends(3);
  }
  // Ends the program.
  KVSPEC_EXEC constexpr void stop() {
    out_.update(pickle_op::stop);
    out_.close();
  }

 private:
  // The pair of a tag and a text. [HASH-06]
  KVSPEC_EXEC constexpr void save_tagged(std::string_view tag, std::string_view text) {
    tuple_begins(2);
    save(tag);
    save(text);
    tuple_ends(2);
  }
  // Tuples of up to three have opcodes of their own, which need no mark.
  KVSPEC_EXEC constexpr void tuple_begins(std::size_t size) {
    out_.object_begins();
    if (size > 3) out_.update(pickle_op::mark);
  }
  [[gnu::noinline]] KVSPEC_EXEC constexpr void tuple_ends(std::size_t size) {
    switch (size) {
      case 0:
        return out_.update(pickle_op::empty_tuple);  // there is only one, and it is not memoised
      case 1:
        out_.update(pickle_op::tuple1);
        break;
      case 2:
        out_.update(pickle_op::tuple2);
        break;
      case 3:
        out_.update(pickle_op::tuple3);
        break;
      default:
        out_.update(pickle_op::tuple);
        break;
    }
    out_.update(pickle_op::memoize);
  }

  KVSPEC_EXEC constexpr void opcode(std::uint8_t code, std::uint64_t argument, int count) {
    out_.update(code);
    number(argument, count);
  }
  KVSPEC_EXEC constexpr void number(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) out_.update(static_cast<std::uint8_t>(value >> (8 * i)));
  }

  KVSPEC_EXEC constexpr void save_text_unframed(std::string_view text) {
    const std::uint64_t size = text.size();
    const bool wide = size > 0xffff'ffff;
    out_.update_unframed(wide ? pickle_op::binunicode8 : pickle_op::binunicode);
    for (int i = 0; i < (wide ? 8 : 4); ++i) out_.update_unframed(static_cast<std::uint8_t>(size >> (8 * i)));
    for (const char c : text) out_.update_unframed(static_cast<std::uint8_t>(c));
  }

  PickleFraming<Output> out_;
};

// The length in bytes of one frame of the pickle of a value.
template <class Value>
KVSPEC_EXEC constexpr std::uint64_t pickle_frame_length(const Value& value, std::uint64_t index) {
  PickleFrameMeter meter(index);
  PickleWriter<PickleFrameMeter> writer(meter);
  writer.save(value);
  writer.stop();
  return meter.length();
}

// The output that writes a pickle to a sink: frames get their headers here.
template <class Sink, class Value>
class PickleOutput {
 public:
  KVSPEC_EXEC constexpr PickleOutput(Sink& sink, const Value& value) : sink_(sink), value_(value) {}

  KVSPEC_EXEC constexpr void update(std::uint8_t byte) { sink_.update(byte); }
  KVSPEC_EXEC constexpr void frame_opens(std::uint64_t index) {
    const std::uint64_t length = pickle_frame_length(value_, index);
    if (length < pickle_frame_minimum) return;
    sink_.update(pickle_op::frame);
    for (int i = 0; i < 8; ++i) sink_.update(static_cast<std::uint8_t>(length >> (8 * i)));
  }
  KVSPEC_EXEC constexpr void frame_closes(std::uint64_t, std::uint64_t) {}

 private:
  Sink& sink_;
  const Value& value_;
};

// Writes a BlockContent<S> or a std::string_view to a sink: anything with update(std::uint8_t).
template <class Sink, class Value>
KVSPEC_EXEC constexpr void encode_pickle(Sink& sink, const Value& value) {
  constexpr std::uint8_t protocol = 5;
  sink.update(pickle_op::proto);
  sink.update(protocol);
  PickleOutput<Sink, Value> output(sink, value);
  PickleWriter<PickleOutput<Sink, Value>> writer(output);
  writer.save(value);
  writer.stop();
}

}  // namespace kvspec::model
