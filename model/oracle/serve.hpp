// Serve: an engine of this command as an engine of the protocol, on standard input and output. It is how a checker is
// checked, and an example of the other side.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <optional>

#include "model/oracle/engine.hpp"
#include "spec/config.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec::oracle {

// Answers until `in` ends. `semantics` overrides what configurations name. A line of more than `max_line_bytes` is
// answered with TRACE-01, a request that memory does not suffice for with TRACE-07; after the latter there is no
// configuration. Returns the exit code.
int serve(std::istream& in, std::ostream& out, const NamedEngine& engine, std::optional<Semantics> semantics = {},
          std::size_t max_line_bytes = max_trace_line_bytes);

}  // namespace kvspec::oracle
