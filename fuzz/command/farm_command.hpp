// The subcommand `farm`.
#pragma once

#include "model/oracle/command.hpp"

namespace kvspec::fuzz {

void add_farm(CLI::App& command, const oracle::Registry& registry, int& exit_code);

}  // namespace kvspec::fuzz
