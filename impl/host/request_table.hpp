// The live requests, found by id or by handle. An id is a text of any length; everything behind the first look-up works
// with a handle, a 32-bit index that stays valid until the request is erased.
//
// Erased requests keep their buffers (tokens, hashes, block tables), and the next request moves into the slot that was
// left last: once a server has seen its longest requests, adding and dropping them allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impl/host/extra_keys.hpp"
#include "impl/host/hash256.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

// One group's table of one request.
struct BlockTable {
  std::vector<BlockId> blocks{};
  std::optional<Count> cached{};      // leading blocks that are cached, once that has been counted [CACHE-01]
  bool exists = false;                // an empty table may exist [DEV-06]
  bool has_running_state = false;     // of an aligned state-space group [MAMBA-05]
  std::optional<Count> last_state{};  // the place of the last state [MAMBA-06]
  Count num_cleared = 0;              // leading places that are null because they were skipped [FREE-07]

  // Of the last allocation that was granted; nothing before it.
  bool took_head = false;  // it made the head of the table [ALLOC-10]
  Count num_added = 0;     // it added so many blocks at the end

  void clear() {
    blocks.clear();
    cached.reset();
    exists = false;
    has_running_state = false;
    last_state.reset();
    num_cleared = 0;
  }
};

// A look-up that is still to be counted. [STAT-01]
struct LookUp {
  std::uint64_t num_tokens = 0;
  std::uint64_t hit_tokens = 0;
  bool preempted = false;
};

// What bounds an allocation that finds everything as it must be: no block to add, to free or to cache in any group.
// Derived from the tables whenever an allocation changed them; what else changes them only narrows what may happen.
// By default no allocation is within it.
struct QuietRange {
  std::int64_t computed_from = 1;  // computed tokens, the first
  std::int64_t computed_to = 0;    // and one past the last
  std::int64_t max_slots = 0;      // tokens, lookahead included
  std::int64_t caches_at = 0;      // so many tokens fill a block that is not cached
};

struct Request {
  std::string id{};
  std::vector<Token> tokens{};
  std::vector<Hash256> digests{};  // of the full hash blocks
  KeySources keys{};
  std::size_t num_prompt_tokens = 0;
  bool skip_reading_prefix_cache = false;  // [REQ-08]
  std::vector<BlockTable> tables{};        // per group
  QuietRange quiet{};
  std::vector<std::vector<BlockId>> hit{};  // per group, of the last look-up; meaningful if has_hit
  std::int64_t hit_tokens = 0;              // its length, if has_hit [ALLOC-02]
  bool has_hit = false;                     // a hit that is empty in every group is none [LOOK-05]
  std::optional<LookUp> look_up{};

  // Leaves only what a preempted request keeps. [FREE-03]
  void forget_blocks() {
    for (BlockTable& table : tables) table.clear();
    quiet = {};
    has_hit = false;
    look_up.reset();
  }
};

using RequestHandle = std::uint32_t;

class RequestTable {
 public:
  std::size_t size() const { return size_; }
  std::optional<RequestHandle> find(std::string_view id) const;
  Request& operator[](RequestHandle handle) { return *requests_[handle]; }
  const Request& operator[](RequestHandle handle) const { return *requests_[handle]; }

  // A request without tokens, tables or hits, for num_groups groups. No live request has the id.
  RequestHandle add(std::string_view id, std::size_t num_groups);
  void erase(RequestHandle handle);

  // f(const Request&) for every live request, in no particular order.
  template <class F>
  void each(F&& f) const {
    for (const Slot& slot : slots_) {
      if (slot.handle != none) f(*requests_[slot.handle]);
    }
  }

 private:
  static constexpr RequestHandle none = ~RequestHandle{0};

  // Open addressing with linear probing; the table is at most half full.
  struct Slot {
    std::uint32_t hash = 0;
    RequestHandle handle = none;
  };

  static std::uint32_t hash_of(std::string_view id);
  // The slot of the id, or the unused one at which the search for it ends; the table is not empty.
  std::size_t find_slot(std::string_view id, std::uint32_t hash) const;
  void grow();

  std::vector<Slot> slots_{};
  std::vector<std::unique_ptr<Request>> requests_{};
  std::vector<RequestHandle> vacant_{};
  std::size_t size_ = 0;
};

}  // namespace kvspec::host
