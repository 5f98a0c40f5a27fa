#include "spec/trace/error.hpp"

#include "spec/trace/text.hpp"

namespace kvspec {

TraceError trace_error(Clause clause, std::string_view what) { return {clause, printable(what, max_error_bytes)}; }

std::string to_text(const TraceProblem& problem) {
  constexpr std::size_t max_file_bytes = 400;
  std::string out = printable(problem.file, max_file_bytes);
  if (problem.line != 0) out += ':' + std::to_string(problem.line);
  out += ": " + printable(problem.error.what, max_error_bytes);
  out += " [" + std::string(describe(problem.error.clause).id) + ']';
  return out;
}

}  // namespace kvspec
