#include <cstddef>

#include "fuzz/encoding/python_value.hpp"

namespace kvspec::fuzz {

namespace {

// The major types.
enum : std::uint8_t { unsigned_integer = 0, negative_integer = 1, byte_string = 2, text_string = 3, array = 4 };
constexpr std::uint8_t simple_null = 0xf6;

class CborWriter {
 public:
  explicit CborWriter(std::vector<std::uint8_t>& out) : out_(out) {}

  void operator()(PythonNone) { out_.push_back(simple_null); }
  void operator()(std::int64_t number) {
    if (number >= 0) return head(unsigned_integer, static_cast<std::uint64_t>(number));
    head(negative_integer, static_cast<std::uint64_t>(-(number + 1)));
  }
  void operator()(const PythonBytes& bytes) {
    head(byte_string, bytes.size());
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  void operator()(const std::string& text) {
    head(text_string, text.size());
    out_.insert(out_.end(), text.begin(), text.end());
  }
  void operator()(const PythonTuple& tuple) {
    head(array, tuple.size());
    for (const PythonValue& member : tuple) std::visit(*this, member.value);
  }

 private:
  // The type in three bits, the number in the five below, or in as few bytes of a power of two as hold it.
  void head(std::uint8_t type, std::uint64_t number) {
    const unsigned high = static_cast<unsigned>(type) << 5;
    const auto first = [&](unsigned low) { out_.push_back(static_cast<std::uint8_t>(high | low)); };
    if (number < 24) return first(static_cast<unsigned>(number));
    unsigned bytes = 1;
    unsigned low = 24;
    while (bytes < 8 && number >> (8 * bytes) != 0) {
      bytes *= 2;
      ++low;
    }
    first(low);
    for (unsigned i = bytes; i > 0; --i) out_.push_back(static_cast<std::uint8_t>(number >> (8 * (i - 1))));
  }

  std::vector<std::uint8_t>& out_;
};

}  // namespace

std::vector<std::uint8_t> to_cbor(const PythonValue& value) {
  std::vector<std::uint8_t> out;
  std::visit(CborWriter(out), value.value);
  return out;
}

}  // namespace kvspec::fuzz
