// The mistakes of the scheduler: commands that break a precondition, or nearly. Both systems must answer them with the
// same clause and change nothing.
#include <algorithm>
#include <limits>

#include "fuzz/scheduler.hpp"

namespace kvspec::fuzz {

namespace {

constexpr Count huge = std::numeric_limits<Count>::max();
const RequestId<Growing> stranger = "nobody";

}  // namespace

void Scheduler::make_mistake() {
  switch (random_.below(3)) {
    case 0:
      return mistake_in_request();
    case 1:
      return mistake_in_allocation();
    default:
      return mistake_in_pool();
  }
}

void Scheduler::mistake_in_request() {
  const RequestId<Growing>& req = some_request();
  switch (random_.below(10)) {
    case 0:
      buffer_.fresh<AppendTokens<Growing>>().req = stranger;
      return;
    case 1:
      buffer_.fresh<GetComputedBlocks<Growing>>().req = stranger;
      return;
    case 2:
      buffer_.fresh<Free<Growing>>().req = stranger;
      return;
    case 3:
      buffer_.fresh<GetNumCommonPrefixBlocks<Growing>>().req = stranger;
      return;
    case 4:
      buffer_.fresh<GetBlockIds<Growing>>().req = stranger;
      return;
    case 5:
      buffer_.fresh<RemoveSkippedBlocks<Growing>>().req = stranger;
      return;
    default:
      break;
  }
  // A request that cannot be added: a known id, or one of the rules of its content broken.
  auto& command = buffer_.fresh<AddRequest<Growing>>();
  command.req = stranger;
  command.tokens.assign(3, 1);
  switch (random_.below(4)) {
    case 0:
      if (req.empty()) {
        command.tokens.clear();
      } else {
        command.req = req;
      }
      return;
    case 1:
      command.tokens.clear();
      return;
    case 2:
      command.mm = MultimodalItems<Growing>{{"a", 2, 1}, {"b", 1, 1}};
      return;
    default:
      command.prompt_embeds = PromptEmbeds<Growing>{{0.5f, 1.0f}, random_.below(3)};
      return;
  }
}

void Scheduler::mistake_in_allocation() {
  const std::uint32_t slot = random_.below(static_cast<std::uint32_t>(requests_.size()));
  const Request& request = requests_[slot];
  if (random_.chance(1, 4)) {
    auto& command = buffer_.fresh<CacheBlocks<Growing>>();
    command.req = request.id.empty() ? stranger : request.id;
    const Count beyond = served_.block_size * (1 + random_.below(2));
    command.num_computed_tokens = random_.chance(1, 2) ? huge : request.num_tokens + beyond;
    return;
  }
  auto& command = buffer_.fresh<AllocateSlots<Growing>>();
  command.req = request.id.empty() ? stranger : request.id;
  command.req_num_computed_tokens = request.computed;
  command.num_new_tokens = 1;
  switch (random_.below(10)) {
    case 0:
      command.req = stranger;
      return;
    case 1:
      command.num_new_tokens = 0;
      return;
    case 2:
      command.num_new_tokens = served_.max_model_len + 1 + random_.below(2);
      return;
    case 3:
      command.num_new_tokens = command.num_external_computed_tokens = huge;
      return;
    case 4:
      command.req_num_computed_tokens = request.state == State::waiting ? served_.block_size : huge;
      return;
    case 5:
      command.num_new_computed_tokens = random_.chance(1, 2) ? 1 : served_.block_size;
      return;
    case 6:
      command.num_external_computed_tokens = request.state == State::waiting ? 1 : huge;
      return;
    case 7:
      command.num_encoder_tokens = random_.chance(1, 2) ? huge : random_.below(64);
      return;
    case 8:  // the length of another hit; one that must not be taken has any length
      command.new_computed_blocks = PassedHit::computed;
      command.num_new_computed_tokens = request.takes_hit ? request.hit + served_.block_size : huge;
      return;
    default:
      command.new_computed_blocks = PassedHit::computed;
      command.num_new_computed_tokens = request.hit;
      command.num_lookahead_tokens = random_.chance(1, 2) ? huge : 0;
      return;
  }
}

void Scheduler::mistake_in_pool() {
  const BlockId outside = random_.chance(1, 4) ? std::numeric_limits<BlockId>::max() : served_.num_blocks;
  switch (random_.below(6)) {
    case 0:
      buffer_.fresh<EvictBlocks<Growing>>().block_ids = {random_.below(served_.num_blocks), outside};
      return;
    case 1:
      buffer_.fresh<PoolGetNewBlocks<Growing>>().num_blocks = random_.chance(1, 2) ? served_.num_blocks : huge;
      return;
    case 2:
      buffer_.fresh<PoolTouch<Growing>>().block_ids = {random_.below(served_.num_blocks), outside};
      return;
    case 3: {
      const BlockId b = random_.below(served_.num_blocks);
      buffer_.fresh<PoolFreeBlocks<Growing>>().block_ids = {b, b};
      return;
    }
    case 4: {
      auto& command = buffer_.fresh<PoolCacheFullBlocks<Growing>>();
      command.req = random_.chance(1, 2) ? stranger : some_request();
      command.block_ids = {random_.below(served_.num_blocks)};
      // More than are listed: a block of somebody else must not be cached.
      command.num_full_blocks = random_.chance(1, 4) ? huge : 2;
      return;
    }
    default: {
      auto& command = buffer_.fresh<PoolGetCachedBlock<Growing>>();
      command.req = some_request();
      command.index = random_.chance(1, 2) ? huge : random_.below(8);
      return;
    }
  }
}

}  // namespace kvspec::fuzz
