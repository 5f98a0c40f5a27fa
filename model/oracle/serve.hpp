// Serve: an engine of this command as an engine of the protocol, on standard input and output. It is how a checker is
// checked, and an example of the other side.
#pragma once

#include <iosfwd>
#include <optional>

#include "model/oracle/engine.hpp"
#include "spec/config.hpp"

namespace kvspec::oracle {

// Answers until `in` ends. `semantics` overrides what configurations name. Returns the exit code.
int serve(std::istream& in, std::ostream& out, const NamedEngine& engine, std::optional<Semantics> semantics = {});

}  // namespace kvspec::oracle
