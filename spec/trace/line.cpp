#include "spec/trace/line.hpp"

#include <streambuf>

namespace kvspec {

LineRead read_line(std::istream& in, std::string& line, std::size_t max_bytes) {
  constexpr int end = std::char_traits<char>::eof();
  line.clear();
  std::streambuf* const buffer = in.rdbuf();
  int byte = end;
  while (buffer != nullptr && (byte = buffer->sbumpc()) != end && byte != '\n') {
    if (line.size() == max_bytes) return LineRead::too_long;
    line.push_back(static_cast<char>(byte));
  }
  return byte == end && line.empty() ? LineRead::end : LineRead::line;
}

TraceError line_too_long(std::size_t max_bytes) {
  return trace_error(Clause::trace_01, "the line is longer than " + std::to_string(max_bytes) + " bytes");
}

}  // namespace kvspec
