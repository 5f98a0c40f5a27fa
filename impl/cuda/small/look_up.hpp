// Look-up. The blocks are asked rather than the index: each block that has a hash says of which prefix, so one walk
// over them tells for every group which places of the request are cached, as one bit per place. The longest hit of a
// kind of group is then a question to those bits:
//
//     full attention     the run of ones from place 0
//     sliding window     the highest aligned place with enough ones below it: the bits ANDed with themselves shifted
//     state-space        the highest one at an aligned place
//
//     places   7 6 5 4 3 2 1 0
//     cached   0 1 1 0 0 1 1 1     a run of two ends at      6     2 1      = cached & cached << 1
#pragma once

#include <algorithm>
#include <cstdint>

#include "impl/cuda/small/bits.hpp"
#include "impl/cuda/small/block_word.hpp"
#include "impl/cuda/small/state.hpp"
#include "spec/execution.hpp"

namespace kvspec::cuda::small {

// What of a request is cached in a group: the places, and the block at each.
struct Cached {
  std::uint32_t places = 0;
  BlockWord blocks{};  // as many as there are places for; those that are not cached have no meaning
};

// A block of each hit, in one group: `length` blocks, real ones at places first .. length - 1 and null before.
struct Span {
  std::uint32_t first = 0;
  std::uint32_t length = 0;
};

class LookUp {
 public:
  KVSPEC_EXEC constexpr LookUp(const State& state, const Request& request) : state_(state), request_(request) {
    for (Cached& cached : cached_) cached.blocks.resize(word_places);
    const BlockWord& hashed = state.pool.hashed();
    for (std::uint32_t k = 0; k < hashed.size(); ++k) {
      const BlockId b = hashed[k];
      const Prefix hash = state.pool.hash(b);
      const std::uint32_t n = hash.num_tokens();
      if (n > request.num_tokens || !(request.tokens.first(n) == hash)) continue;
      const GroupId g = state.pool.group(b);
      const std::uint32_t place = n / static_cast<std::uint32_t>(state.groups[g].block_size) - 1;
      if ((cached_[g].places >> place & 1U) != 0) continue;  // an earlier block of the key [POOL-09]
      cached_[g].places |= 1U << place;
      cached_[g].blocks.set(place, b);
    }
    // Groups of one spec hit together or not at all. [LOOK-11]
    for (GroupId g = 0; g < state.num_groups; ++g) together_[g] = ~0U;
    for (GroupId g = 0; g < state.num_groups; ++g) together_[state.groups[g].first_alike] &= cached_[g].places;
  }

  // The longest hit of the request. [LOOK-01, LOOK-12 .. LOOK-15]
  KVSPEC_EXEC constexpr Hit longest() {
    const std::int32_t most = request_.num_tokens - 1;
    std::int32_t length = most;
    if (state_.num_groups == 1) {
      const Group& group = state_.groups[0];
      found_[0] = search(0, most, group.block_size, group.drops);
      return hit(static_cast<std::int32_t>(found_[0].length) * group.block_size);
    }
    const bool one_turn = num_specs() == 2 && any_full();  // [LOOK-13]
    while (true) {
      const std::int32_t lowered = turn(length, most);
      if (lowered >= length) break;
      length = lowered;
      if (one_turn) break;
    }
    cut(length);
    return hit(length);
  }

 private:
  KVSPEC_EXEC constexpr bool is_full(GroupId g) const { return state_.groups[g].rule == Rule::keeps_all; }
  KVSPEC_EXEC constexpr bool leads(GroupId g) const { return state_.groups[g].first_alike == g; }
  KVSPEC_EXEC constexpr bool any_full() const {
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      if (is_full(g)) return true;
    }
    return false;
  }
  KVSPEC_EXEC constexpr std::uint32_t num_specs() const {
    std::uint32_t count = 0;
    for (GroupId g = 0; g < state_.num_groups; ++g) count += leads(g) ? 1 : 0;
    return count;
  }

  // Every spec lowers the length once, full attention first.
  KVSPEC_EXEC constexpr std::int32_t turn(std::int32_t length, std::int32_t most) {
    for (const bool full : {true, false}) {
      for (GroupId g = 0; g < state_.num_groups; ++g) {
        if (!leads(g) || is_full(g) != full) continue;
        const Group& group = state_.groups[g];
        if (full && (looked_up_ >> g & 1U) != 0) {
          length -= length % group.block_size;
          continue;
        }
        const bool never_drops = state_.is_sound && group.is_state();  // [DEV-02]
        const bool drops = group.drops && !never_drops && (verified_ >> g & 1U) == 0;
        const std::int32_t reach = drops ? std::min(length + group.block_size, most) : length;
        found_[g] = search(g, reach, state_.scheduler_block_size, drops);
        const std::int32_t found = static_cast<std::int32_t>(found_[g].length) * group.block_size;
        if (drops) {
          verified_ |= 1U << g;
        } else if (found < length) {
          verified_ = 0;
        }
        length = found;
        looked_up_ |= 1U << g;
      }
    }
    return length;
  }

  // The longest hit of the groups of one spec: at most `reach` tokens, a multiple of `alignment`. [LOOK-03 .. LOOK-10]
  KVSPEC_EXEC constexpr Span search(GroupId g, std::int32_t reach, std::int32_t alignment, bool drops) const {
    const Group& group = state_.groups[g];
    const std::uint32_t limit = static_cast<std::uint32_t>(reach / group.block_size);
    const std::uint32_t step = static_cast<std::uint32_t>(alignment / group.block_size);
    const std::uint32_t cached = together_[g] & first_bits(limit);
    switch (group.rule) {
      case Rule::keeps_all: {
        std::uint32_t run = run_from_left(cached);
        if (drops && run > 0) --run;
        return {0, run - run % step};
      }
      case Rule::chunk: {
        const std::uint32_t first = static_cast<std::uint32_t>(group.skipped_tokens(reach) / group.block_size);
        return {first, first + run_from_left(cached >> first)};
      }
      case Rule::state:
      case Rule::aligned: {
        const std::uint32_t ends = cached & every(step, step - 1);
        if (ends == 0) return {};
        return {highest(ends), highest(ends) + 1};
      }
      case Rule::window:
        break;
    }
    return search_window(group, cached, step, drops);
  }

  static KVSPEC_EXEC constexpr Span search_window(const Group& group, std::uint32_t cached, std::uint32_t step,
                                                  bool drops) {
    const std::uint32_t needed = static_cast<std::uint32_t>(std::max(group.run + (drops ? 1 : 0), 1));
    // Where a run may end. With a block to drop it is what is left that has to be aligned.
    const std::uint32_t ends = every(step, drops ? 0 : step - 1);
    std::uint32_t whole = needed <= word_places ? cached : 0;
    for (std::uint32_t k = 1; k < needed && whole != 0; ++k) whole &= cached << k;
    Span span{};
    if ((whole & ends) != 0) {
      const std::uint32_t last = highest(whole & ends);
      span = {last + 1 - needed, last + 1};
    } else {
      const std::uint32_t left = ends & first_bits(run_from_left(cached));
      span.length = left == 0 ? 0 : highest(left) + 1;
      span.length -= span.length % step;
    }
    if (drops && span.length > 0) {
      --span.length;
      span.length -= span.length % step;
    }
    span.first = std::min(span.first, span.length);
    return span;
  }

  // Full attention does not go beyond the common length. Recorded: only that of the first spec. [LOOK-15, DEV-07]
  KVSPEC_EXEC constexpr void cut(std::int32_t length) {
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      if (!leads(g) || !is_full(g)) continue;
      found_[g].length = std::min(found_[g].length, static_cast<std::uint32_t>(length / state_.groups[g].block_size));
      if (!state_.is_sound) return;
    }
  }

  KVSPEC_EXEC constexpr Hit hit(std::int32_t length) const {
    Hit hit{};
    hit.num_tokens = static_cast<std::uint8_t>(length);
    for (GroupId g = 0; g < state_.num_groups; ++g) {
      const Span span = found_[state_.groups[g].first_alike];
      hit.blocks[g].resize(std::min(span.first, span.length));
      for (std::uint32_t i = span.first; i < span.length; ++i) hit.blocks[g].push_back(cached_[g].blocks[i]);
    }
    return hit;
  }

  const State& state_;
  const Request& request_;
  Cached cached_[most_groups]{};
  std::uint32_t together_[most_groups]{};  // per group that leads a spec: the places cached in all of that spec
  Span found_[most_groups]{};              // likewise: its share of the hit
  std::uint32_t verified_ = 0;             // a bit per such group: it dropped its block at this length [LOOK-14]
  std::uint32_t looked_up_ = 0;
};

}  // namespace kvspec::cuda::small
