// Values of Python, as far as the hash of a block is made of them, and the two ways they are written as bytes. They
// exist beside the encoders of model and host so that these have something to be wrong against: a tree of values is
// built and then written, whereas those write the members of a block one after the other.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace kvspec::fuzz {

struct PythonValue;
struct PythonNone {};
using PythonBytes = std::vector<std::uint8_t>;
using PythonTuple = std::vector<PythonValue>;

struct PythonValue {
  std::variant<PythonNone, std::int64_t, PythonBytes, std::string, PythonTuple> value;
};

// Canonical CBOR. [HASH-02]
std::vector<std::uint8_t> to_cbor(const PythonValue& value);
// Pickle, protocol 5, every object written out. Byte strings of less than 256 bytes. [HASH-03, HASH-05]
std::vector<std::uint8_t> to_pickle(const PythonValue& value);

}  // namespace kvspec::fuzz
