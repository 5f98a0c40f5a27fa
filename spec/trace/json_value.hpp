// Between text and codec: one JSON value, parsed under the limits of the trace format. Only the codec's own sources
// need this header; it brings in the whole JSON library.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/system.hpp"
#include "spec/trace/error.hpp"

namespace kvspec {

inline constexpr std::size_t max_json_depth = 64;

// Parses exactly one JSON value. TRACE-01 if the text is not JSON in UTF-8, has a NUL or a byte order mark or is nested
// deeper than max_json_depth; TRACE-04 if an object has a member twice; TRACE-05 if a number is beyond every double.
//
// An integer literal outside 64 bits is kept as a binary value that holds its digits, so that the codec can name the
// member it does not fit.
Decoded<nlohmann::json> parse_json(std::string_view text);

// What a value is, for a message: "-1", "\"abc\"", "null", "a list", "an object".
std::string describe_json(const nlohmann::json& value);

// As the functions of json.hpp, for a value that has been parsed. `where` opens the path in messages.
Decoded<Config<Growing>> config_from_value(const nlohmann::json& value);
Decoded<Command<Growing>> command_from_value(const nlohmann::json& value);
Decoded<Observation<Growing>> observation_from_value(const nlohmann::json& value, const Command<Growing>& command);
Decoded<StateDump<Growing>> state_from_value(const nlohmann::json& value, std::string_view where);
Decoded<View<Growing>> view_from_value(const nlohmann::json& value, std::string_view where);

}  // namespace kvspec
