#include "spec/trace/trace.hpp"

#include <fstream>
#include <istream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>

#include "model/oracle/c_api/boundary.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/text.hpp"

using namespace kvspec;
using namespace kvspec::c_api;

struct kvspec_trace {
  std::unique_ptr<std::istream> in;  // what the reader reads
  TraceReader reader;
};

namespace {

kvspec_status bad_line(kvspec_error* error, const TraceProblem& problem) {
  fail(error, KVSPEC_BAD_TEXT, problem.error.clause, to_text(problem));
  if (error != nullptr) error->line = problem.line;
  return KVSPEC_BAD_TEXT;
}

kvspec_status open(std::unique_ptr<std::istream> in, std::string name, kvspec_trace** trace, kvspec_error* error) {
  Decoded<TraceReader, TraceProblem> reader = TraceReader::open(*in, std::move(name));
  if (!reader) return bad_line(error, reader.error());
  *trace = new kvspec_trace{.in = std::move(in), .reader = std::move(reader.value())};
  return succeed(error);
}

std::string error_text(const RecordedError& recorded) {
  std::string out = R"({"type":)";
  append_json_string(out, recorded.type);
  out += R"(,"msg":)";
  append_json_string(out, recorded.msg);
  return out + '}';
}

}  // namespace

kvspec_status kvspec_trace_open_file(const char* path, kvspec_trace** trace, kvspec_error* error) {
  if (trace != nullptr) *trace = nullptr;
  if (path == nullptr) return invalid(error, "path is NULL");
  if (trace == nullptr) return invalid(error, "trace is NULL");
  return guarded(error,
                 [&] { return open(std::make_unique<std::ifstream>(path, std::ios::binary), path, trace, error); });
}

kvspec_status kvspec_trace_open_text(const char* text, size_t size, kvspec_trace** trace, kvspec_error* error) {
  if (trace != nullptr) *trace = nullptr;
  if (text == nullptr && size != 0) return invalid(error, "text is NULL");
  if (trace == nullptr) return invalid(error, "trace is NULL");
  return guarded(error, [&] {
    const std::string content = size == 0 ? std::string() : std::string(text, size);
    return open(std::make_unique<std::istringstream>(content), "text", trace, error);
  });
}

void kvspec_trace_close(kvspec_trace* trace) { delete trace; }

kvspec_status kvspec_trace_config(const kvspec_trace* trace, char** config, kvspec_error* error) {
  if (config != nullptr) *config = nullptr;
  if (trace == nullptr) return invalid(error, "trace is NULL");
  if (config == nullptr) return invalid(error, "config is NULL");
  return guarded(error, [&] {
    Config<Growing> replayed = trace->reader.config();
    if (!replayed.semantics) replayed.semantics = Semantics::recorded;
    *config = own(to_json(replayed)).release();
    return succeed(error);
  });
}

kvspec_status kvspec_trace_next(kvspec_trace* trace, kvspec_trace_step* step, kvspec_error* error) {
  if (step != nullptr) *step = {};
  if (trace == nullptr) return invalid(error, "trace is NULL");
  if (step == nullptr) return invalid(error, "step is NULL");
  return guarded(error, [&] {
    const Decoded<std::optional<TraceStep>, TraceProblem> read = trace->reader.next();
    if (!read) return bad_line(error, read.error());
    if (!read.value()) return fail(error, KVSPEC_END, "the trace has no further step");
    const TraceStep& found = *read.value();
    OwnedText in = own(to_json(found.command));
    OwnedText out = found.observation ? own(to_json(*found.observation)) : nullptr;
    OwnedText err = found.error ? own(error_text(*found.error)) : nullptr;
    *step = {in.release(), out.release(), err.release(), found.line};
    return succeed(error);
  });
}
