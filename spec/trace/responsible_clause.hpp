// Which clause says what a part of an answer or of a state should be, so that a difference can name its rule. Where
// several clauses have a say, it is the one that most often decides; a person may know better.
#pragma once

#include <span>
#include <string_view>

#include "spec/clauses.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec {

// What says how far the hit of a group of the kind reaches.
Clause clause_of_hit(GroupKind kind);

// `path` is that of a Difference (spec/trace/diff.hpp) between two observations of the command. `groups`: those of the
// configuration, so that the clause is one of the kind of the group; empty: as if all were full attention.
Clause clause_of_observation(const Command<Growing>& command, std::string_view path,
                             std::span<const GroupSpec> groups = {});

// `path` is that of a difference between two views, or two dumps, after the command.
Clause clause_of_view(const Command<Growing>& command, std::string_view path);

}  // namespace kvspec
