// Any bytes as a trace file: reading never fails in another way than by saying what is wrong, and what was read and
// written again reads to the same. The same bytes as binary commands: each is one that a trace can hold.
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/targets/targets.hpp"
#include "spec/trace/bytes.hpp"
#include "spec/trace/diff.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/text.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec::fuzz {

namespace {

// One line of UTF-8 without control characters.
void require_presentable(const std::string& text) {
  require(printable(text, text.size()) == text, "a message is not one clean line", printable(text, 1000));
}

void check_text(const std::string& text) {
  std::istringstream in(text);
  const Decoded<Trace, TraceProblem> trace = read_trace(in, "input");
  if (!trace) {
    require_presentable(to_text(trace.error()));
    require(trace.error().error.what.size() <= max_error_bytes, "a message is too long");
    return;
  }
  std::stringstream written;
  write_trace(written, trace.value());
  const Decoded<Trace, TraceProblem> again = read_trace(written, "written");
  require(again.ok(), "a written trace is refused", again ? "" : to_text(again.error()));
  require(again.value() == trace.value(), "a written trace reads differently", written.str());
  for (const TraceStep& step : trace.value().steps) {
    require_presentable(to_text(step.command));
    if (step.observation) require_presentable(to_text(*step.observation));
    require(!first_difference(step.command, step.command), "a command differs from itself");
  }
}

void check_bytes(ByteSource source) {
  constexpr int max_commands = 64;
  for (int i = 0; i < max_commands && !source.empty(); ++i) {
    const Command<Growing> command = decode_command(source);
    std::vector<std::uint8_t> bytes;
    encode_command(command, bytes);
    ByteSource copy(bytes);
    require(decode_command(copy) == command && copy.empty(), "bytes lose", to_text(command));
    const Decoded<Command<Growing>> again = command_from_json(to_json(command));
    require(again.ok(), "JSON refuses", again ? "" : to_text(again.error()));
    require(again.value() == command, "JSON loses", to_text(command));
  }
}

}  // namespace

void run_trace_input(InputBytes bytes) {
  check_text(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  check_bytes(ByteSource(bytes));
}

}  // namespace kvspec::fuzz
