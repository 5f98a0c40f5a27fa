// Version 1 of the trace format: what a manager was asked, and what it answered, one JSON value per line.
//
//   {"config": {...}}                                        the first line
//   {"in": {"op": NAME, ...}, "out": {...}}                  an operation and its observation
//   {"in": {"op": NAME, ...}}                                an operation alone: a trace may hold inputs only
//   {"in": {...}, "out": null, "err": {"type", "msg"}}       an operation that failed; it ends the trace
//   {"after_error_state": {...}}                             optionally, after it: the state the failure left
//
// Lines end with a newline; the last one may lack it. A carriage return before the newline is white space. An empty
// line is an error, as is anything but JSON. Everything here is bounded by the longest line, not by the length of the
// trace, but for Trace, which holds a whole one.
#pragma once

#include <boost/hana/define_struct.hpp>
#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/system.hpp"
#include "spec/trace/error.hpp"

namespace kvspec {

inline constexpr int trace_format_version = 1;

// Far above any recording, and small enough that a file without newlines does no harm.
inline constexpr std::size_t max_trace_line_bytes = std::size_t{256} << 20;

// How an operation failed, in the words of the system that was recorded.
struct RecordedError {
  BOOST_HANA_DEFINE_STRUCT(RecordedError, (Text<Growing>, type), (Text<Growing>, msg));
  bool operator==(const RecordedError&) const = default;
};

// One operation. With an error there is no observation; with neither, the line held the input alone.
struct TraceStep {
  Command<Growing> command;
  std::optional<Observation<Growing>> observation;
  std::optional<RecordedError> error;
  std::size_t line = 0;  // where it was read, from 1; not written

  bool operator==(const TraceStep&) const = default;
};

struct Trace {
  Config<Growing> config;
  std::vector<TraceStep> steps;
  std::optional<StateDump<Growing>> after_error_state;

  bool operator==(const Trace&) const = default;
};

// Decodes the line of one operation. TRACE-01 .. TRACE-05
Decoded<TraceStep> step_from_line(std::string_view line);

// The line of one operation, without newline.
std::string to_line(const TraceStep& step);

// Reads a trace step by step. It takes from the stream no more than the lines it returns, so that a pipe can be
// followed.
class TraceReader {
 public:
  // Reads the first line. `file` is what problems call the stream; the stream must outlive the reader.
  // TRACE-01, TRACE-02, TRACE-04, TRACE-05, TRACE-07
  static Decoded<TraceReader, TraceProblem> open(std::istream& in, std::string file,
                                                 std::size_t max_line_bytes = max_trace_line_bytes);

  const Config<Growing>& config() const { return config_; }

  // The next step, or nothing at the end of the trace. After a problem every call gives the same problem.
  // TRACE-01 .. TRACE-07
  Decoded<std::optional<TraceStep>, TraceProblem> next();

  // The state after an error, once next() has given nothing.
  const std::optional<StateDump<Growing>>& after_error_state() const { return after_error_state_; }

 private:
  TraceReader(std::istream& in, std::string file, std::size_t max_line_bytes)
      : in_(&in), file_(std::move(file)), max_line_bytes_(max_line_bytes) {}

  std::optional<TraceError> read_line(bool& ended);
  std::optional<TraceError> read_config();
  std::optional<TraceError> read_step(std::optional<TraceStep>& step);
  std::optional<TraceError> read_after_error();
  TraceProblem problem(TraceError error);

  std::istream* in_;
  std::string file_;
  std::size_t max_line_bytes_;
  std::string line_;
  std::size_t line_number_ = 0;
  bool ended_by_error_ = false;
  Config<Growing> config_{};
  std::optional<StateDump<Growing>> after_error_state_;
  std::optional<TraceProblem> problem_;
};

// Reads a whole trace.
Decoded<Trace, TraceProblem> read_trace(std::istream& in, const std::string& file);
Decoded<Trace, TraceProblem> read_trace_file(const std::string& file);

// Writes a trace line by line. Whether it was written is the stream's state; the stream must outlive the writer.
class TraceWriter {
 public:
  TraceWriter(std::ostream& out, const Config<Growing>& config);
  void write(const TraceStep& step);
  void write_after_error_state(const StateDump<Growing>& state);

 private:
  std::ostream* out_;
};

void write_trace(std::ostream& out, const Trace& trace);

}  // namespace kvspec
