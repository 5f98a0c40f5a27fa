// From the blocks that the index has for each key of a request to the longest hit that all groups support: the body of
// a kernel with one thread per request. [LOOK-01, LOOK-03 .. LOOK-15]
#pragma once

#include <cstdint>

#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda {

// How the groups of one spec are looked up, together. Lengths in blocks unless said otherwise.
struct SpecRules {
  enum class Kind : std::uint32_t { full, window, chunked, state };
  Kind kind = Kind::full;
  std::uint32_t block_size = 1;    // tokens
  std::uint32_t alignment = 1;     // a hit is a multiple of it
  std::uint32_t run = 1;           // of a window, at least 1 with the dropped block
  std::uint32_t chunk = 1;         // tokens
  bool is_eagle = false;           // its hits drop their last block, unless it is of states [LOOK-04]
  bool looks_beyond = false;       // the common length by the block it drops [LOOK-14]
  std::uint32_t first_member = 0;  // in the list of members
  std::uint32_t num_members = 0;
};

struct LookUpRules {
  const SpecRules* specs = nullptr;  // in the order of a look-up [LOOK-11]
  const GroupId* members = nullptr;
  std::uint32_t num_specs = 0;
  std::uint32_t num_groups = 0;
  bool only_first_spec_is_cut = false;  // [DEV-07]
};

// What was found for one request in one group: num_blocks answers from `first` on.
struct FoundRow {
  std::uint64_t first = 0;
  std::uint32_t num_blocks = 0;
};
struct LookUpRequest {
  std::uint32_t num_tokens = 0;
  std::uint32_t hit_tokens = 0;  // the answer
};
// The hit of one request in one group: null blocks up to `num_null`, then what was found.
struct GroupHit {
  std::uint32_t num_blocks = 0;
  std::uint32_t num_null = 0;
  std::uint32_t is_verified = 0;  // while the specs are agreeing [LOOK-14]
};

struct ResolveHits {
  LookUpRules rules;
  const BlockId* found;
  const FoundRow* rows;  // num_groups per request
  LookUpRequest* requests;
  GroupHit* hits;  // num_groups per request

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    LookUpRequest& request = requests[i];
    const Turn turn{*this, rows + i * rules.num_groups, hits + i * rules.num_groups, request.num_tokens - 1};
    request.hit_tokens = rules.num_groups == 1 ? turn.longest_of_one() : turn.longest_of_all();
  }

 private:
  // One request's look-up.
  struct Turn {
    const ResolveHits& kernel;
    const FoundRow* rows;
    GroupHit* hits;
    std::uint32_t longest;  // tokens [LOOK-01]

    KVSPEC_EXEC bool is_cached(const SpecRules& spec, std::uint32_t block) const {
      for (std::uint32_t m = 0; m < spec.num_members; ++m) {
        const FoundRow& row = rows[kernel.rules.members[spec.first_member + m]];
        if (block >= row.num_blocks || kernel.found[row.first + block] == null_block) return false;
      }
      return true;
    }
    KVSPEC_EXEC GroupHit& first_hit(const SpecRules& spec) const {
      return hits[kernel.rules.members[spec.first_member]];
    }

    KVSPEC_EXEC std::uint32_t longest_of_one() const {
      const SpecRules& spec = kernel.rules.specs[0];
      forget_verified();
      return keep(spec, hit_of(spec, longest, spec.is_eagle));
    }

    // [LOOK-12 .. LOOK-14]
    KVSPEC_EXEC std::uint32_t longest_of_all() const {
      const LookUpRules& rules = kernel.rules;
      const bool one_turn_is_enough = rules.num_specs == 2 && rules.specs[0].kind == SpecRules::Kind::full;
      forget_verified();
      std::uint32_t length = longest;
      for (bool is_first = true;; is_first = false) {
        std::uint32_t current = length;
        for (std::uint32_t s = 0; s < rules.num_specs; ++s) current = lowered(rules.specs[s], current, is_first);
        if (current >= length) break;
        length = current;
        if (one_turn_is_enough) break;
      }
      cut_full_attention(length);
      return length;
    }

    KVSPEC_EXEC std::uint32_t lowered(const SpecRules& spec, std::uint32_t length, bool is_first_turn) const {
      if (spec.kind == SpecRules::Kind::full && !is_first_turn) {  // [LOOK-13]
        return length / spec.block_size * spec.block_size;
      }
      const bool drops = spec.looks_beyond && first_hit(spec).is_verified == 0;
      const std::uint32_t beyond = length + spec.block_size;
      const std::uint32_t reach = !drops ? length : beyond < longest ? beyond : longest;
      const std::uint32_t result = keep(spec, hit_of(spec, reach, drops));
      if (drops) {
        first_hit(spec).is_verified = 1;
      } else if (result < length) {
        forget_verified();
      }
      return result;
    }
    KVSPEC_EXEC void forget_verified() const {
      for (std::uint32_t g = 0; g < kernel.rules.num_groups; ++g) hits[g].is_verified = 0;
    }

    // [LOOK-15]
    KVSPEC_EXEC void cut_full_attention(std::uint32_t length) const {
      const LookUpRules& rules = kernel.rules;
      for (std::uint32_t s = 0; s < rules.num_specs; ++s) {
        const SpecRules& spec = rules.specs[s];
        if (spec.kind != SpecRules::Kind::full) return;
        for (std::uint32_t m = 0; m < spec.num_members; ++m) {
          GroupHit& hit = hits[rules.members[spec.first_member + m]];
          if (hit.num_blocks > length / spec.block_size) hit.num_blocks = length / spec.block_size;
        }
        if (rules.only_first_spec_is_cut) return;
      }
    }

    // Makes it the hit of every group of the spec; its length in tokens.
    KVSPEC_EXEC std::uint32_t keep(const SpecRules& spec, const GroupHit& hit) const {
      for (std::uint32_t m = 0; m < spec.num_members; ++m) {
        GroupHit& mine = hits[kernel.rules.members[spec.first_member + m]];
        mine.num_blocks = hit.num_blocks;
        mine.num_null = hit.num_null < hit.num_blocks ? hit.num_null : hit.num_blocks;
      }
      return hit.num_blocks * spec.block_size;
    }

    // The longest hit of at most `reach` tokens.
    KVSPEC_EXEC GroupHit hit_of(const SpecRules& spec, std::uint32_t reach, bool drops) const {
      const std::uint32_t most = reach / spec.block_size;
      switch (spec.kind) {
        case SpecRules::Kind::full:
          return full_hit(spec, most, drops);
        case SpecRules::Kind::window:
          return window_hit(spec, most, drops);
        case SpecRules::Kind::chunked:
          return chunked_hit(spec, most, reach);
        case SpecRules::Kind::state:
          break;
      }
      return state_hit(spec, most);
    }

    static KVSPEC_EXEC std::uint32_t cut(const SpecRules& spec, std::uint32_t blocks) {
      return blocks / spec.alignment * spec.alignment;
    }
    static KVSPEC_EXEC std::uint32_t dropped(const SpecRules& spec, std::uint32_t blocks, bool drops) {
      return drops && blocks > 0 ? cut(spec, blocks - 1) : blocks;
    }

    // [LOOK-03]
    KVSPEC_EXEC GroupHit full_hit(const SpecRules& spec, std::uint32_t most, bool drops) const {
      std::uint32_t length = 0;
      while (length < most && is_cached(spec, length)) ++length;
      if (drops && length > 0) --length;
      return {cut(spec, length), 0, 0};
    }

    // [LOOK-07, LOOK-08]
    KVSPEC_EXEC GroupHit window_hit(const SpecRules& spec, std::uint32_t most, bool drops) const {
      const std::uint32_t dropping = drops ? 1 : 0;
      const std::uint32_t wanted = spec.run + dropping > 0 ? spec.run + dropping : 1;
      std::uint32_t run = 0;
      for (std::uint32_t i = most; i-- > 0;) {
        if (!is_cached(spec, i)) {
          run = 0;
          continue;
        }
        if (run == 0 && (i + 1 - dropping) % spec.alignment != 0) continue;
        if (++run == wanted) return {dropped(spec, i + run, drops), i, 0};
      }
      return {dropped(spec, cut(spec, run), drops), 0, 0};
    }

    // [LOOK-09]
    KVSPEC_EXEC GroupHit chunked_hit(const SpecRules& spec, std::uint32_t most, std::uint32_t reach) const {
      const std::uint32_t first = reach / spec.chunk * spec.chunk / spec.block_size;
      std::uint32_t length = first;
      while (length < most && is_cached(spec, length)) ++length;
      return {length, first, 0};
    }

    // [LOOK-10]
    KVSPEC_EXEC GroupHit state_hit(const SpecRules& spec, std::uint32_t most) const {
      for (std::uint32_t i = most; i-- > 0;) {
        if ((i + 1) % spec.alignment == 0 && is_cached(spec, i)) return {i + 1, i, 0};
      }
      return {};
    }
  };
};

}  // namespace kvspec::cuda
