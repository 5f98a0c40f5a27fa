#include <cstddef>
#include <limits>

#include "fuzz/encoding/python_value.hpp"

namespace kvspec::fuzz {

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t full_frame = 65536;
constexpr std::size_t smallest_frame = 4;
constexpr std::uint8_t memoize = 0x94;

void append_little_endian(Bytes& out, std::uint64_t number, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

// Opcodes are collected in a frame until it is full.
class PickleWriter {
 public:
  void write(const PythonValue& value) {
    if (frame_.size() >= full_frame) close_frame();
    std::visit(*this, value.value);
  }
  Bytes finish() {
    frame_.push_back('.');
    close_frame();
    return out_;
  }

  void operator()(PythonNone) { frame_.push_back('N'); }
  void operator()(std::int64_t number) {
    if (number >= 0 && number < 0x100) return opcode('K', number, 1);
    if (number >= 0 && number < 0x10000) return opcode('M', number, 2);
    if (number == static_cast<std::int32_t>(number)) return opcode('J', number, 4);
    std::size_t bytes = 5;
    while (bytes < 8 && !fits(number, bytes)) ++bytes;
    frame_.push_back(0x8a);
    opcode(static_cast<std::uint8_t>(bytes), number, bytes);
  }
  void operator()(const PythonBytes& bytes) {
    opcode('C', static_cast<std::int64_t>(bytes.size()), 1);
    frame_.insert(frame_.end(), bytes.begin(), bytes.end());
    frame_.push_back(memoize);
  }
  void operator()(const std::string& text) {
    Bytes written;
    const bool is_short = text.size() < 0x100;
    written.push_back(is_short ? 0x8c : 'X');
    append_little_endian(written, text.size(), is_short ? 1 : 4);
    written.insert(written.end(), text.begin(), text.end());
    if (text.size() >= full_frame) {
      close_frame();
      out_.insert(out_.end(), written.begin(), written.end());
    } else {
      frame_.insert(frame_.end(), written.begin(), written.end());
    }
    frame_.push_back(memoize);
  }
  void operator()(const PythonTuple& tuple) {
    constexpr std::size_t longest_without_mark = 3;
    if (tuple.empty()) return frame_.push_back(')');
    const bool is_marked = tuple.size() > longest_without_mark;
    if (is_marked) frame_.push_back('(');
    for (const PythonValue& member : tuple) write(member);
    frame_.push_back(is_marked ? 't' : static_cast<std::uint8_t>(0x84 + tuple.size()));
    frame_.push_back(memoize);
  }

 private:
  static bool fits(std::int64_t number, std::size_t bytes) {
    const std::int64_t limit = std::int64_t{1} << (8 * bytes - 1);
    return -limit <= number && number < limit;
  }
  void opcode(std::uint8_t code, std::int64_t argument, std::size_t bytes) {
    frame_.push_back(code);
    append_little_endian(frame_, static_cast<std::uint64_t>(argument), bytes);
  }
  void close_frame() {
    if (frame_.size() >= smallest_frame) {
      out_.push_back(0x95);
      append_little_endian(out_, frame_.size(), 8);
    }
    out_.insert(out_.end(), frame_.begin(), frame_.end());
    frame_.clear();
  }

  Bytes out_{0x80, 5};
  Bytes frame_;
};

}  // namespace

Bytes to_pickle(const PythonValue& value) {
  PickleWriter writer;
  writer.write(value);
  return writer.finish();
}

}  // namespace kvspec::fuzz
