// `kvspec explain`: a trace in words.
#pragma once

#include "model/oracle/command.hpp"

namespace kvspec::fuzz {

void add_explain(CLI::App& command, const oracle::Registry& registry, int& exit_code);

}  // namespace kvspec::fuzz
