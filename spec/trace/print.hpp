// Values as a person reads them, on one line and of bounded length: for counterexamples, differences and messages. A
// trace is the form without loss.
//
//   allocate_slots(req="r0", num_new_tokens=3, new_computed_blocks=computed, num_lookahead_tokens=2)
//   (result=[[1, 2]], num_free=7)
//   CONF-01: num_blocks is between 1 and 2^24 (offending: 0)
//
// Commands and configurations leave out members that are zero, false, empty or absent; observations show every member,
// an absent one as "none". A long list shows its first elements and its length.
#pragma once

#include <string>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"
#include "spec/result.hpp"
#include "spec/system.hpp"
#include "spec/trace/error.hpp"

namespace kvspec {

std::string to_text(const Command<Growing>& command);
std::string to_text(const Observation<Growing>& observation);
std::string to_text(const Config<Growing>& config);
std::string to_text(const StateDump<Growing>& state);
std::string to_text(const View<Growing>& view);
std::string to_text(const Event<Growing>& event);
std::string to_text(const Error& error);
std::string to_text(const Violation& violation);
std::string to_text(const TraceError& error);

}  // namespace kvspec
