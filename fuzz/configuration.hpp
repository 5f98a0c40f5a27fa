// Random configurations. A preset chooses the groups; what follows from them - sizes that divide each other, a pool
// that is small for its requests, a budget that lets a prompt proceed - is drawn here, so that the result is valid.
#pragma once

#include <cstdint>

#include "fuzz/random.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

using GroupSpecs = GroupSpecList<Growing>;

// How the EAGLE flags of a configuration are set. [LOOK-04]
enum class Eagle : std::uint8_t {
  any,      // one of the others, drawn
  off,      // neither use_eagle nor a flag
  all,      // use_eagle, and no group is flagged
  one,      // one group is flagged
  several,  // any groups are flagged, at least one
};

// A block size that makes many blocks of few tokens.
std::int64_t random_block_size(Random& random);

// A group of the kind with its parameters drawn: windows of 1 token up to more than any prompt has, chunks that are
// no multiple of the block size, every cache mode.
GroupSpec random_group(Random& random, GroupKind kind, std::int64_t block_size);
// The same with a parameter given.
GroupSpec window_group(GroupKind kind, std::int64_t block_size, std::int64_t window);
GroupSpec mamba_group(MambaCacheMode mode, std::int64_t block_size, std::int64_t num_speculative_blocks);

// One to five groups of any kinds that the configuration may have, some of one spec.
GroupSpecs random_groups(Random& random, bool enable_caching);

// A valid configuration of one full attention or MLA group.
Config<Growing> random_config(Random& random);

// Gives the configuration these groups and draws all that depends on them, EAGLE and the retention interval included.
// The groups are changed where they have to be: with caching on, a chunked group among others gets the scheduler block
// size, several groups do not all have one spec, and there is no context parallelism but for full attention alone.
void set_groups(Config<Growing>& config, Random& random, GroupSpecs groups, Eagle eagle = Eagle::any);

// Draws the sizes again: sequences of `low` to `high` scheduler blocks.
void resize_model_len(Config<Growing>& config, Random& random, std::int64_t low, std::int64_t high);
// And a pool for about percent / 100 of the longest sequences at once.
void resize_pool(Config<Growing>& config, std::int64_t percent);

// Breaks one or two rules that a configuration must keep; now and then the result is valid all the same.
void spoil(Config<Growing>& config, Random& random);

}  // namespace kvspec::fuzz
