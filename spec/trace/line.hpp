// A line of input that is not allowed to take any amount of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <string>

#include "spec/trace/error.hpp"

namespace kvspec {

enum class LineRead : std::uint8_t {
  line,      // `line` has it, without its newline; the last one of a stream may lack that
  end,       // the stream ended, and there is no line
  too_long,  // more than the limit; what is behind the limit and one byte is still in the stream
};

// Takes a line of at most `max_bytes` bytes from the stream's buffer, byte by byte: no more than the line is taken, so
// that a pipe can be followed, and a line that is too long is never held. Throws what the buffer or memory throws; the
// state of the stream is neither asked nor set.
LineRead read_line(std::istream& in, std::string& line, std::size_t max_bytes);

// What is wrong with a line that is too long. TRACE-01
TraceError line_too_long(std::size_t max_bytes);

}  // namespace kvspec
