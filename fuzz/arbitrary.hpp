// RapidCheck generators for the values of the specification, whether or not a system could meet them. They say nothing
// about what makes sense; sequences of commands that do are made elsewhere in this folder.
//
// The values are those that a trace can hold: text in UTF-8, finite numbers, rectangular embeddings, canonical order.
// Small numbers are likely, the ends of each type's range possible. They shrink towards zero, empty and absent.
//
// They are compiled once, in arbitrary.cpp: a generator is dear to compile, and under sanitizers more so.
#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/dump.hpp"
#include "spec/system.hpp"

namespace kvspec {

// How RapidCheck shows a counterexample.
void showValue(const Command<Growing>& value, std::ostream& out);
void showValue(const Observation<Growing>& value, std::ostream& out);
void showValue(const Config<Growing>& value, std::ostream& out);
void showValue(const StateDump<Growing>& value, std::ostream& out);
void showValue(const View<Growing>& value, std::ostream& out);

namespace fuzz {

// Any command, whatever state it would meet.
rc::Gen<Command<Growing>> any_command();
rc::Gen<std::vector<Command<Growing>>> any_commands();
rc::Gen<Config<Growing>> any_config();
// Any observation of the kind that the command returns.
rc::Gen<Observation<Growing>> any_observation(const Command<Growing>& command);
// Any dump in canonical form.
rc::Gen<StateDump<Growing>> any_state();
rc::Gen<View<Growing>> any_view();
// Request ids, salts and names, some of which need escapes or several bytes.
rc::Gen<std::string> any_text();
rc::Gen<std::int64_t> any_int64();

}  // namespace fuzz
}  // namespace kvspec
