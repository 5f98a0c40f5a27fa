// Which clause says what a part of an answer or of a state should be, so that a difference can name its rule. Where
// several clauses have a say, it is the one that most often decides; a person may know better.
#pragma once

#include <string_view>

#include "spec/clauses.hpp"
#include "spec/commands.hpp"
#include "spec/storage.hpp"

namespace kvspec {

// `path` is that of a Difference (spec/trace/diff.hpp) between two observations of the command.
Clause clause_of_observation(const Command<Growing>& command, std::string_view path);

// `path` is that of a difference between two views, or two dumps, after the command.
Clause clause_of_view(const Command<Growing>& command, std::string_view path);

}  // namespace kvspec
