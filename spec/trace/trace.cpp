#include "spec/trace/trace.hpp"

#include <exception>
#include <fstream>
#include <istream>
#include <ostream>
#include <utility>

#include "spec/trace/json.hpp"
#include "spec/trace/json_value.hpp"
#include "spec/trace/line.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

using nlohmann::json;

// The error, if the line has a member beside those listed.
std::optional<TraceError> unknown_member(const json& line, std::initializer_list<std::string_view> known) {
  for (const auto& [name, unused] : line.items()) {
    bool listed = false;
    for (const std::string_view member : known) listed = listed || member == name;
    if (!listed) return trace_error(Clause::trace_04, "the line has an unknown member " + quote(name));
  }
  return {};
}

// The members type and msg, both strings and nothing else.
Decoded<RecordedError> error_from_value(const json& value) {
  if (!value.is_object()) {
    return trace_error(Clause::trace_04, "err: expected an object, found " + describe_json(value));
  }
  RecordedError error;
  for (auto [name, text] : {std::pair{"type", &error.type}, std::pair{"msg", &error.msg}}) {
    const auto member = value.find(name);
    const std::string where = "err." + std::string(name) + ": ";
    if (member == value.end()) return trace_error(Clause::trace_04, where + "the member is missing");
    if (!member->is_string()) {
      return trace_error(Clause::trace_04, where + "expected a string, found " + describe_json(*member));
    }
    *text = member->get_ref<const std::string&>();
  }
  if (value.size() != 2) return trace_error(Clause::trace_04, "err: expected the members type and msg only");
  return error;
}

Decoded<TraceStep> step_from_value(const json& line) {
  if (!line.is_object() || !line.contains("in")) {
    return trace_error(Clause::trace_02, "expected an object with the member \"in\", found " +
                                             (line.is_object() ? "one without it" : describe_json(line)));
  }
  if (auto error = unknown_member(line, {"in", "out", "err"})) return std::move(*error);
  Decoded<Command<Growing>> command = command_from_value(line["in"]);
  if (!command) return command.error();
  TraceStep step{.command = std::move(command.value()), .observation = {}, .error = {}, .line = 0};
  const auto out = line.find("out");
  const auto err = line.find("err");
  if (err != line.end()) {
    if (out != line.end() && !out->is_null()) {
      return trace_error(Clause::trace_04, "out: an operation with \"err\" has no output");
    }
    Decoded<RecordedError> error = error_from_value(*err);
    if (!error) return error.error();
    step.error = std::move(error.value());
  } else if (out != line.end()) {
    if (out->is_null())
      return trace_error(Clause::trace_04, "out: null is for an operation that failed; there is no \"err\"");
    Decoded<Observation<Growing>> observation = observation_from_value(*out, step.command);
    if (!observation) return observation.error();
    step.observation = std::move(observation.value());
  }
  return step;
}

}  // namespace

Decoded<TraceStep> step_from_line(std::string_view line) {
  const Decoded<json> value = parse_json(line);
  if (!value) return value.error();
  return step_from_value(value.value());
}

std::string to_line(const TraceStep& step) {
  std::string line = R"({"in":)" + to_json(step.command);
  if (step.error) {
    line += R"(,"out":null,"err":{"type":)";
    append_json_string(line, step.error->type);
    line += R"(,"msg":)";
    append_json_string(line, step.error->msg);
    line += '}';
  } else if (step.observation) {
    line += R"(,"out":)" + to_json(*step.observation);
  }
  return line + '}';
}

Decoded<TraceReader, TraceProblem> TraceReader::open(std::istream& in, std::string file, std::size_t max_line_bytes) {
  TraceReader reader(in, std::move(file), max_line_bytes);
  if (auto error = reader.read_config()) return reader.problem(std::move(*error));
  return reader;
}

// Reads a line into line_. At the end of the stream ended is set, and there is no line.
std::optional<TraceError> TraceReader::read_line(bool& ended) {
  LineRead read = LineRead::end;
  try {
    read = kvspec::read_line(*in_, line_, max_line_bytes_);
  } catch (const std::exception&) {  // a stream buffer may throw where the file cannot be read
    return trace_error(Clause::trace_07, "the file cannot be read");
  }
  ended = read == LineRead::end;
  if (ended) return {};
  ++line_number_;
  if (read == LineRead::too_long) return line_too_long(max_line_bytes_);
  if (line_.find_first_not_of(" \t\r") == line_.npos) return trace_error(Clause::trace_01, "the line is empty");
  return {};
}

std::optional<TraceError> TraceReader::read_config() {
  bool ended = false;
  if (!*in_) return trace_error(Clause::trace_07, "the file cannot be read");
  if (auto error = read_line(ended)) return error;
  if (ended) return trace_error(Clause::trace_07, "the file is empty");
  const Decoded<json> line = parse_json(line_);
  if (!line) return line.error();
  if (!line.value().is_object() || !line.value().contains("config")) {
    return trace_error(Clause::trace_02, "expected an object with the member \"config\" in the first line");
  }
  if (auto error = unknown_member(line.value(), {"config"})) return error;
  Decoded<Config<Growing>> config = config_from_value(line.value()["config"]);
  if (!config) return config.error();
  config_ = std::move(config.value());
  return {};
}

Decoded<std::optional<TraceStep>, TraceProblem> TraceReader::next() {
  if (problem_) return *problem_;
  std::optional<TraceStep> step;
  if (auto error = read_step(step)) {
    problem_ = problem(std::move(*error));
    return *problem_;
  }
  return step;
}

std::optional<TraceError> TraceReader::read_step(std::optional<TraceStep>& step) {
  bool ended = false;
  if (auto error = read_line(ended)) return error;
  if (ended) return {};
  if (ended_by_error_) return read_after_error();
  Decoded<TraceStep> read = step_from_line(line_);
  if (!read) return read.error();
  step = std::move(read.value());
  step->line = line_number_;
  ended_by_error_ = step->error.has_value();
  return {};
}

// The line after that of an error, which is the last. [TRACE-06]
std::optional<TraceError> TraceReader::read_after_error() {
  constexpr std::string_view member = "after_error_state";
  const Decoded<json> line = parse_json(line_);
  if (!line) return line.error();
  if (!line.value().is_object() || !line.value().contains(member)) {
    return trace_error(Clause::trace_06, "a line other than \"after_error_state\" follows an error");
  }
  if (auto error = unknown_member(line.value(), {member})) return error;
  Decoded<StateDump<Growing>> state = state_from_value(line.value()[member], member);
  if (!state) return state.error();
  after_error_state_ = std::move(state.value());
  bool ended = false;
  if (auto error = read_line(ended)) return error;
  return ended ? std::optional<TraceError>{} : trace_error(Clause::trace_06, "a line follows the state after an error");
}

TraceProblem TraceReader::problem(TraceError error) { return {file_, line_number_, std::move(error)}; }

Decoded<Trace, TraceProblem> read_trace(std::istream& in, const std::string& file) {
  Decoded<TraceReader, TraceProblem> opened = TraceReader::open(in, file);
  if (!opened) return opened.error();
  TraceReader& reader = opened.value();
  Trace trace{.config = reader.config(), .steps = {}, .after_error_state = {}};
  for (;;) {
    Decoded<std::optional<TraceStep>, TraceProblem> step = reader.next();
    if (!step) return step.error();
    if (!step.value()) break;
    trace.steps.push_back(std::move(*step.value()));
  }
  trace.after_error_state = reader.after_error_state();
  return trace;
}

Decoded<Trace, TraceProblem> read_trace_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return TraceProblem{file, 0, trace_error(Clause::trace_07, "the file cannot be opened")};
  return read_trace(in, file);
}

TraceWriter::TraceWriter(std::ostream& out, const Config<Growing>& config) : out_(&out) {
  *out_ << R"({"config":)" << to_json(config) << "}\n";
}

void TraceWriter::write(const TraceStep& step) { *out_ << to_line(step) << '\n'; }

void TraceWriter::write_after_error_state(const StateDump<Growing>& state) {
  *out_ << R"({"after_error_state":)" << to_json(state) << "}\n";
}

void write_trace(std::ostream& out, const Trace& trace) {
  TraceWriter writer(out, trace.config);
  for (const TraceStep& step : trace.steps) writer.write(step);
  if (trace.after_error_state) writer.write_after_error_state(*trace.after_error_state);
}

}  // namespace kvspec
