// What a scheduler knows of the configuration it serves: lengths, budgets, and what its groups ask of it.
#pragma once

#include <vector>

#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

inline constexpr Count most_lookahead = 4;  // slots for a drafter, in tokens

struct Served {
  explicit Served(const Config<Growing>& config);

  Count num_blocks = 0;
  Count block_size = 0;     // the scheduler block size, in tokens
  Count max_model_len = 0;  // tokens
  Count longest = 0;        // the longest sequence that is scheduled: max_model_len, or less where that is very large
  Count step_budget = 0;    // tokens of one step over all requests
  Count chunk_budget = 0;   // tokens of one step of a single request
  Count most_drafts = 0;    // per step
  bool ends_at_blocks = false;  // prefill ends at scheduler blocks, where aligned states are cached
  bool encodes = false;         // requests have encoder tokens
  bool loads_in_part = false;   // a load that fails in the middle keeps what came before: no group skips tokens
  bool has_state = false;       // the last token of a load cannot be computed again
  bool use_eagle = false;
  bool retains = false;
  std::vector<GroupKind> kinds{};  // of the groups
};

}  // namespace kvspec::fuzz
