// A page for a person about a list of commands: what each says and is answered, in words, and the pool before and after
// one of them. Blocks are shown with what they hold: r0[2] is the content of block 2 of request r0.
//
// Requests are those of the commands, so that a name stays good after its request is gone. A key that no request of the
// commands has is shown by its first bytes.
#pragma once

#include <cstddef>
#include <string>

#include "fuzz/run.hpp"
#include "model/oracle/engine.hpp"
#include "spec/config.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

// One line without newline, such as `r0 looks up its prefix: a hit of 4 tokens, blocks [1 2]`.
std::string in_words(const Command<Growing>& command, const Result<Observation<Growing>>& result);

// The page. `at` is the command that the pool is shown around, from 0; of those before it the last `most_shown` are
// told. The answers are those of an engine that `make` makes. If that rejects the configuration the page says so.
std::string page(const Config<Growing>& config, const Commands& commands, std::size_t at,
                 const oracle::MakeEngine& make, std::size_t most_shown = 24);

}  // namespace kvspec::fuzz
