// The generator's caller beside the requests: it takes, touches, caches and frees blocks by pool-level commands. It
// remembers what it holds, so that most of its commands are in order; every now and then it asks for too much.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/command_buffer.hpp"
#include "fuzz/random.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

class PoolCaller {
 public:
  explicit PoolCaller(const Config<Growing>& config) : num_blocks_(static_cast<Count>(config.num_blocks)) {}

  // Writes the caller's next command. `req` is a live request for the commands that name one; empty if there is none.
  void next(Random& random, const RequestId<Growing>& req, CommandBuffer& buffer);
  // Gives back everything, so that a reset can succeed. False if nothing is held.
  bool release_all(CommandBuffer& buffer);

  void took(const PoolGetNewBlocks<Growing>& command, const Result<PoolGetNewBlocks<Growing>::Observation>& result);
  void took(const PoolTouch<Growing>& command, const Result<Done>& result);
  void cached(const PoolCacheFullBlocks<Growing>& command, const Result<Done>& result);
  void gave(const PoolFreeBlocks<Growing>& command, const Result<Free<Growing>::Observation>& result);

 private:
  void touch(Random& random, CommandBuffer& buffer) const;
  void free_some(Random& random, CommandBuffer& buffer) const;
  void cache(Random& random, const RequestId<Growing>& req, CommandBuffer& buffer) const;

  Count num_blocks_;
  // A block that it took, and not one that it touched; which group it has cached it for, if any. A block belongs to one
  // group as long as anybody may have it in a table. [I4]
  struct Owned {
    BlockId block = 0;
    std::optional<GroupId> group{};
  };

  BlockList<Growing> held_;  // a block held twice is listed twice
  std::vector<Owned> owned_;
};

}  // namespace kvspec::fuzz
