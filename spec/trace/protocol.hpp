// The engine protocol (docs/engine-protocol.md), version 1: what a checker and an engine say to each other, one line of
// JSON each. Bodies are those of the trace format. The texts of both sides are here: what one writes the other reads.
//
// Errors: ENGINE-02 where a line is not JSON or not what the protocol has at its place; within a body the clauses of
// the trace format (TRACE-03 .. TRACE-05).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/system.hpp"
#include "spec/trace/error.hpp"
#include "spec/trace/trace.hpp"

namespace kvspec {

inline constexpr int engine_protocol_version = 1;

// The members of operations that an engine may do without.
inline constexpr std::array<std::string_view, 9> engine_options{"lora",
                                                                "cache_salt",
                                                                "mm",
                                                                "prompt_embeds",
                                                                "prompt_logprobs",
                                                                "num_lookahead_tokens",
                                                                "delay_cache_blocks",
                                                                "full_sequence_must_fit",
                                                                "num_external_computed_tokens"};

// Who an engine is and what it can do. [ENGINE-01]
struct EngineHello {
  std::string engine{};
  std::string version{};
  std::vector<GroupKind> group_kinds{};
  std::vector<std::string> operations{};  // as in the member op
  std::vector<HashFunction> hash_fn{};
  bool events = false;  // accepts configurations with events
  bool errors = false;  // a request that breaks a precondition is answered with an error and changes nothing
  // The optional members of operations that it understands; absent: all of engine_options.
  std::optional<std::vector<std::string>> options{};

  bool has(std::string_view operation) const;
  bool understands(std::string_view option) const;
  // Whether it understands every option that the command makes use of.
  bool understands(const Command<Growing>& command) const;
};

// ---- The checker's side ---------------------------------------------------------------------------------------------

std::string hello_request(std::string_view checker);
std::string config_request(const Config<Growing>& config);
std::string command_request(const Command<Growing>& command);
std::string reset_request();

// The engine has no means for it, and why.
struct Unsupported {
  std::string why{};
};
using ConfigAnswer = std::variant<Done, Unsupported, RecordedError>;
using CommandAnswer = std::variant<Observation<Growing>, Unsupported, RecordedError>;

Decoded<EngineHello> hello_from_answer(std::string_view line);
Decoded<ConfigAnswer> config_from_answer(std::string_view line);
Decoded<CommandAnswer> observation_from_answer(std::string_view line, const Command<Growing>& command);
// Nothing but that the line is the answer to a reset.
Decoded<Done> reset_from_answer(std::string_view line);

// ---- The engine's side ----------------------------------------------------------------------------------------------

struct HelloRequest {
  int protocol = 0;
};
struct ResetRequest {};
using EngineRequest = std::variant<HelloRequest, Config<Growing>, Command<Growing>, ResetRequest>;

Decoded<EngineRequest> request_from_line(std::string_view line);

std::string hello_answer(const EngineHello& hello);
std::string config_answer();
std::string observation_answer(const Observation<Growing>& observation);
std::string unsupported_answer(std::string_view why);
std::string error_answer(const RecordedError& error);
std::string reset_answer();

}  // namespace kvspec
