// What the observers know of the requests. From commands and answers: what each one was given, the identity of each of
// its positions, its last look-up, and what was done for it since it was given slots. From the system: its block tables
// and cached counts after the last command that names it, and which of its blocks have a hash.
//
// The identity of a position stands for all tokens up to it, the LoRA name, the salt, the rows of prompt embeddings up
// to it, and the items (identifier and offset) that begin at or before it. An item that begins inside an earlier one is
// left out: a position belongs to the first item that covers it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fuzz/watch/group_facts.hpp"
#include "fuzz/watch/hash_book.hpp"
#include "fuzz/watch/identity.hpp"
#include "fuzz/watch/inspected.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

// A block of a request as it was when the request was cached up to it.
struct KeptBlock {
  enum class How : std::uint8_t {
    cached,  // it had a hash
    masked,  // it had none
    null,    // it was the null block
  };
  BlockId block = null_block;
  How how = How::null;
};

struct RequestStory {
  // What it was given.
  std::string id;
  Count num_prompt_tokens = 0;
  bool reads_cache = true;
  std::vector<MultimodalItem<Growing>> items;  // those that count, by offset
  std::vector<Identity> positions;             // one per token
  Identity last{};                             // of its last position, or what holds for all of them
  Identity exact{};                            // of everything it was given, up to its last token
  std::vector<Digest> digests;

  // Its last look-up, until it is freed.
  std::optional<GetComputedBlocks<Growing>::Observation> hit;
  Count num_queried = 0;
  bool is_preempted = false;
  bool is_recorded = true;  // in the statistics [STAT-01]

  // Since it was given slots.
  bool has_slots = false;
  std::vector<TableSeen> tables;  // one per group
  std::vector<bool> has_state;    // one per group: an aligned state-space group has a running state [MAMBA-04]
  std::int64_t written = 0;       // positions before this one hold what belongs there
  std::int64_t furthest = 0;      // most computed tokens that were told: what they skip is gone
  std::int64_t end = 0;           // end of the tokens of the last allocation
  bool guesses = false;           // some of those were drafts, or were: which state is the last is not known
  bool exceeds_budget = false;    // a step had more tokens than a step may have
  bool overclaims = false;        // more tokens were said to be computed than any step was for

  // What was cached for it since it was last admitted; kept when its blocks are freed. [I12]
  std::int64_t hit_tokens = 0;               // that it was admitted with
  std::int64_t cached_tokens = 0;            // up to which it was cached
  std::vector<std::vector<KeptBlock>> kept;  // per group, from the first block on

  Count num_tokens() const { return static_cast<Count>(positions.size()); }
  // The digests of block i of a group.
  std::span<const Digest> key(const GroupFacts& group, std::int64_t i) const {
    const std::size_t first = static_cast<std::size_t>(i * group.digests);
    const std::size_t count = static_cast<std::size_t>(group.digests);
    return first + count <= digests.size() ? std::span<const Digest>(digests).subspan(first, count)
                                           : std::span<const Digest>();
  }
};

class Stories {
 public:
  explicit Stories(const Config<Growing>& config);

  // Null if there is no such request.
  RequestStory* find(const RequestId<Growing>& id);

  // Precondition of each: the command succeeded.
  Finding begin(const AddRequest<Growing>& command, const AddRequest<Growing>::Observation& seen);
  Finding extend(RequestStory& request, const AppendTokens<Growing>& command,
                 const AppendTokens<Growing>::Observation& seen);
  void looked_up(RequestStory& request, const GetComputedBlocks<Growing>& command,
                 const GetComputedBlocks<Growing>::Observation& seen);
  void freed(RequestStory& request);
  void drop(const RequestId<Growing>& id);

  // Requests that have been given slots and not been freed since.
  std::size_t num_with_slots() const { return num_with_slots_; }
  void given_slots(RequestStory& request);

  HashBook& hashes() { return hashes_; }
  const std::unordered_map<std::string, RequestStory>& live() const { return live_; }
  // Requests that are gone, the last few, in no order.
  const std::vector<RequestStory>& gone() const { return gone_; }

 private:
  static constexpr std::size_t most_gone = 8;

  void append(RequestStory& request, Token token, const PromptEmbeds<Growing>* embeds);
  Finding enter_hashes(RequestStory& request, const DigestList<Growing>& digests);

  std::int64_t hash_block_size_;
  HashBook hashes_;
  std::unordered_map<std::string, RequestStory> live_;
  std::vector<RequestStory> gone_;
  std::size_t next_gone_ = 0;
  std::size_t num_with_slots_ = 0;
  std::vector<Identity> exact_;  // scratch: at the end of each hash block of the tokens that are appended
};

}  // namespace kvspec::fuzz
