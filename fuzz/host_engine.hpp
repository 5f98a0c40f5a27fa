// The host implementation as an engine, compiled once for whoever wants it behind that interface.
#pragma once

#include <vector>

#include "model/oracle/engine.hpp"
#include "spec/clauses.hpp"

namespace kvspec::fuzz {

oracle::MakeEngine host_engine();

// With just these deviations, whatever the semantics of a configuration.
oracle::MakeEngine host_engine(std::vector<Clause> deviations);

}  // namespace kvspec::fuzz
