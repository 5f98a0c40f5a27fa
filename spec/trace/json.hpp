// The JSON forms of version 1 of the trace format, both ways and without loss, derived from the structs by reflection.
//
//   - The name of a member is its JSON key. A member that is not optional is required; an optional one may be absent or
//     null. No other members are allowed, except in a configuration, which keeps them in Config::driver.
//   - Written, an absent member of an input or a configuration is left out, and one of an output is null, but for the
//     dump of a state, where it is left out as in the recordings.
//   - Bytes are lower-case hex. Enumerators have the names of names.hpp. Floating-point numbers are exact.
//   - Lists that stand for objects or sets (those of StateDump that are keyed by a block, a request or a key) are put
//   in
//     canonical order when they are read.
//
// Errors: TRACE-01 not JSON; TRACE-03 no operation; TRACE-04 a member is missing, unknown, given twice or of another
// type; TRACE-05 a number is out of its member's range. Nothing throws; the depth of the input is bounded.
//
// What JSON cannot hold is not written as it is: text must be UTF-8 (else U+FFFD), numbers finite (else null), prompt
// embeddings rectangular, Config::driver one object whose members are not those of a configuration (else left out).
#pragma once

#include <string>
#include <string_view>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/system.hpp"
#include "spec/trace/error.hpp"

namespace kvspec {

// Each gives one line of compact JSON: the value of "config", "in", "out" and "after_error_state".
std::string to_json(const Config<Growing>& config);
std::string to_json(const Command<Growing>& command);
std::string to_json(const Observation<Growing>& observation);
std::string to_json(const StateDump<Growing>& state);
std::string to_json(const View<Growing>& view);

Decoded<Config<Growing>> config_from_json(std::string_view text);
Decoded<Command<Growing>> command_from_json(std::string_view text);
// Reads the observation that belongs to the command.
Decoded<Observation<Growing>> observation_from_json(std::string_view text, const Command<Growing>& command);
Decoded<StateDump<Growing>> state_from_json(std::string_view text);
Decoded<View<Growing>> view_from_json(std::string_view text);

}  // namespace kvspec
