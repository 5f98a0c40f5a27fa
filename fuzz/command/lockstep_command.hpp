// `kvspec lockstep`: model against host on random traffic, for a time or for a number of operations.
#pragma once

#include "model/oracle/command.hpp"

namespace kvspec::fuzz {

void add_lockstep(CLI::App& command, const oracle::Registry& registry, int& exit_code);

}  // namespace kvspec::fuzz
