// What of a random scenario an engine can be asked.
#pragma once

#include <optional>

#include "fuzz/check/tolerance.hpp"
#include "fuzz/scenario.hpp"
#include "spec/trace/protocol.hpp"

namespace kvspec::fuzz {

// The scenario, changed so that it stays within what the engine says it supports and what the mode leaves; nothing if
// it has groups of a kind that the engine does not manage.
std::optional<Scenario> within(Scenario scenario, const EngineHello& engine, const Tolerance& tolerance);

// The same for a configuration alone.
std::optional<Config<Growing>> within(Config<Growing> config, const EngineHello& engine, const Tolerance& tolerance);

}  // namespace kvspec::fuzz
