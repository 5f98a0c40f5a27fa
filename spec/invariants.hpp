// The invariants: one named predicate each, over anything that can be inspected. They run after every command, so a
// system is not asked for its views: its queue and its tables are walked once, where they are, and the predicates share
// what that found. Each is linear in what it looks at.
//
// What a system must offer to be inspected (all const):
//
//   num_blocks(), num_free()              blocks in the pool; free blocks as the system counts them
//   walk_free(f), walk_free_backwards(f)  f(BlockId) from the head, or along the links from the tail
//   ref_cnt(b), held(b)                   reference count; how often pool-level commands hold b
//   has_hash(b), hash(b), group(b)        the last two only if has_hash(b); hashes are bytes and compare with ==
//   num_keys()                            keys in the index, as the system counts them
//   walk_index(f)                         f(hash, GroupId, BlockId, bool first_of_key), key by key; a hash is what
//                                         hash(b) returns
//   num_groups(), spec(g), block_size(g)  GroupSpec; block_size in tokens, context parallelism included
//   max_model_len(), hash_block_size(), caching()
//   walk_tables(g, f)                     f(request id, block table, std::optional<Count> cached count, num_tokens); id
//                                         and table are the system's own, or the table is a value (TableBlocks)
//   walk_requests(f)                      f(request id, num_tokens, number of hashes)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "spec/clauses.hpp"
#include "spec/config.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec {

// What is wrong, and with which block, group or request. request points into the inspected system.
struct Violation {
  Clause clause{};
  std::string_view what{};
  std::optional<BlockId> block{};
  std::optional<GroupId> group{};
  std::string_view request{};
  std::int64_t actual = 0;
  std::int64_t expected = 0;
};

using Finding = std::optional<Violation>;

// What a block table is looked at through: a system whose tables are no arrays of ids says what they are with a member
// type TableBlocks, a range of ids that is copied.
template <class T>
struct TableBlocksOf {
  using type = std::span<const BlockId>;
};
template <class T>
  requires requires { typename T::TableBlocks; }
struct TableBlocksOf<T> {
  using type = typename T::TableBlocks;
};

// Checks every invariant of single states. Keeps its scratch memory, so that one checker serves many states.
template <class S, class Blocks = std::span<const BlockId>>
class Invariants {
 public:
  constexpr Invariants() = default;
  // With hash_bits a hit, and so a table, may list a block twice. [I4, HASH-13]
  KVSPEC_EXEC explicit constexpr Invariants(const Config<S>& config) : digests_collide_(config.hash_bits.has_value()) {}

  // The first violation, in the order of the ids.
  template <class T>
  KVSPEC_EXEC constexpr Finding check(const T& t) {
    survey(t);
    if (Finding f = free_queue_is_one_list(t)) return f;
    if (Finding f = free_blocks_are_the_unreferenced(t)) return f;
    if (Finding f = references_are_accounted_for(t)) return f;
    if (Finding f = tables_do_not_overlap(t)) return f;
    if (Finding f = null_block_is_inert(t)) return f;
    if (Finding f = index_and_hashes_agree(t)) return f;
    if (Finding f = requests_are_hashed(t)) return f;
    if (Finding f = cached_counts_are_bounded()) return f;
    if (Finding f = cached_tokens_are_known(t)) return f;
    if (Finding f = held_blocks_are_not_free(t)) return f;
    if (Finding f = read_positions_have_blocks(t)) return f;
    if (Finding f = tables_are_bounded(t)) return f;
    return {};
  }

  // Reads what the predicates look at. Each predicate below is about the system that was surveyed last, unchanged
  // since.
  template <class T>
  KVSPEC_EXEC constexpr void survey(const T& t) {
    queue_.clear();
    t.walk_free([&](BlockId b) { queue_.push_back(b); });
    tables_.resize(t.num_groups());
    for (GroupId g = 0; g < t.num_groups(); ++g) {
      tables_[g].clear();
      t.walk_tables(g, [&](std::string_view req, const auto& table, std::optional<Count> cached, Count num_tokens) {
        tables_[g].push_back(Table{req, Blocks(table), cached, num_tokens});
      });
    }
  }

  // I1
  template <class T>
  KVSPEC_EXEC constexpr Finding free_queue_is_one_list(const T& t) {
    queued_.assign(t.num_blocks(), 0);
    for (BlockId b : queue_) {
      if (b >= t.num_blocks()) {
        return Violation{.clause = Clause::i1, .what = "a queued block is outside the pool", .block = b};
      }
      if (queued_[b]++ != 0) return Violation{.clause = Clause::i1, .what = "a block is queued twice", .block = b};
    }
    Finding found{};
    std::size_t left = queue_.size();
    t.walk_free_backwards([&](BlockId b) {
      if (found) return;
      if (left == 0 || queue_[--left] != b) {
        found = Violation{.clause = Clause::i1, .what = "the backward walk differs from the forward walk", .block = b};
      }
    });
    if (found) return found;
    if (left != 0) return Violation{.clause = Clause::i1, .what = "the backward walk is shorter", .block = queue_[0]};
    if (queue_.size() != t.num_free()) {
      return Violation{.clause = Clause::i1,
                       .what = "the number of free blocks is not the length of the queue",
                       .actual = t.num_free(),
                       .expected = static_cast<std::int64_t>(queue_.size())};
    }
    return {};
  }

  // I2. After I1, which marks what is queued.
  template <class T>
  KVSPEC_EXEC constexpr Finding free_blocks_are_the_unreferenced(const T& t) const {
    for (BlockId b = 1; b < t.num_blocks(); ++b) {
      if ((queued_[b] != 0) != (t.ref_cnt(b) == 0)) {
        return Violation{.clause = Clause::i2,
                         .what = queued_[b] != 0 ? "a referenced block is in the free queue"
                                                 : "an unreferenced block is not in the free queue",
                         .block = b,
                         .actual = t.ref_cnt(b)};
      }
    }
    return {};
  }

  // I3
  template <class T>
  KVSPEC_EXEC constexpr Finding references_are_accounted_for(const T& t) {
    marks_.assign(t.num_blocks(), 0);
    for (GroupId g = 0; g < tables_.size(); ++g) {
      for (const Table& table : tables_[g]) {
        for (BlockId b : table.blocks) {
          if (b >= t.num_blocks()) {
            return Violation{.clause = Clause::i3,
                             .what = "a block table names no block of the pool",
                             .block = b,
                             .group = g,
                             .request = table.req};
          }
          ++marks_[b];
        }
      }
    }
    for (BlockId b = 1; b < t.num_blocks(); ++b) {
      const Count expected = marks_[b] + t.held(b);
      if (t.ref_cnt(b) != expected) {
        return Violation{.clause = Clause::i3,
                         .what = "the reference count is not the number of references",
                         .block = b,
                         .actual = t.ref_cnt(b),
                         .expected = expected};
      }
    }
    return {};
  }

  // I4. After I3: every block named is one of the pool.
  template <class T>
  KVSPEC_EXEC constexpr Finding tables_do_not_overlap(const T& t) {
    // The last table, counted from 1 over all groups, that was seen to hold the block.
    marks_.assign(t.num_blocks(), 0);
    Count table_number = 0;
    for (GroupId g = 0; g < tables_.size(); ++g) {
      const Count tables_of_other_groups = table_number;
      for (const Table& table : tables_[g]) {
        ++table_number;
        for (BlockId b : table.blocks) {
          if (b == null_block) continue;
          const Count last = marks_[b];
          marks_[b] = table_number;
          if (last == table_number && !digests_collide_) {
            return Violation{.clause = Clause::i4,
                             .what = "a block is twice in one table",
                             .block = b,
                             .group = g,
                             .request = table.req};
          }
          if (last != 0 && last <= tables_of_other_groups) {
            return Violation{.clause = Clause::i4,
                             .what = "a block is in the tables of two groups",
                             .block = b,
                             .group = g,
                             .request = table.req,
                             .actual = g,
                             .expected = group_of_table(last)};
          }
        }
      }
    }
    return {};
  }

  // I5. After I1.
  template <class T>
  KVSPEC_EXEC constexpr Finding null_block_is_inert(const T& t) const {
    if (t.has_hash(null_block)) {
      return Violation{.clause = Clause::i5, .what = "the null block has a hash", .block = null_block};
    }
    if (queued_[null_block] != 0) {
      return Violation{.clause = Clause::i5, .what = "the null block is in the free queue", .block = null_block};
    }
    return {};
  }

  // I6
  template <class T>
  KVSPEC_EXEC constexpr Finding index_and_hashes_agree(const T& t) {
    marks_.assign(t.num_blocks(), 0);
    std::int64_t keys = 0;
    Finding found{};
    t.walk_index([&](const auto& hash, GroupId group, BlockId b, bool first_of_key) {
      if (first_of_key) ++keys;
      if (found) return;
      if (b >= t.num_blocks()) {
        found = Violation{.clause = Clause::i6, .what = "the index holds no block of the pool", .block = b};
      } else if (marks_[b]++ != 0) {
        found = Violation{.clause = Clause::i6, .what = "the index holds a block twice", .block = b, .group = group};
      } else if (!t.has_hash(b) || t.group(b) != group || !(t.hash(b) == hash)) {
        found = Violation{.clause = Clause::i6,
                          .what = "the index holds a block under a key that is not its own",
                          .block = b,
                          .group = group};
      }
    });
    if (found) return found;
    for (BlockId b = 0; b < t.num_blocks(); ++b) {
      if (t.has_hash(b) && marks_[b] == 0) {
        return Violation{.clause = Clause::i6,
                         .what = "a block has a hash that the index does not know",
                         .block = b,
                         .group = t.group(b)};
      }
    }
    if (keys != static_cast<std::int64_t>(t.num_keys())) {
      return Violation{.clause = Clause::i6,
                       .what = "the size of the index is not its number of keys",
                       .actual = static_cast<std::int64_t>(t.num_keys()),
                       .expected = keys};
    }
    return {};
  }

  // I7
  template <class T>
  KVSPEC_EXEC constexpr Finding requests_are_hashed(const T& t) {
    Finding found{};
    t.walk_requests([&](std::string_view req, Count num_tokens, Count num_hashes) {
      const std::int64_t expected = t.caching() ? num_tokens / t.hash_block_size() : 0;
      if (!found && num_hashes != expected) {
        found = Violation{.clause = Clause::i7,
                          .what = "the number of hashes does not follow from the tokens",
                          .request = req,
                          .actual = num_hashes,
                          .expected = expected};
      }
    });
    return found;
  }

  // I16
  KVSPEC_EXEC constexpr Finding cached_counts_are_bounded() const {
    for (GroupId g = 0; g < tables_.size(); ++g) {
      for (const Table& table : tables_[g]) {
        if (!table.cached || *table.cached <= table.blocks.size()) continue;
        return Violation{.clause = Clause::i16,
                         .what = "the cached count exceeds the table",
                         .group = g,
                         .request = table.req,
                         .actual = *table.cached,
                         .expected = static_cast<std::int64_t>(table.blocks.size())};
      }
    }
    return {};
  }

  // I17. Null blocks count: they stand for tokens too.
  template <class T>
  KVSPEC_EXEC constexpr Finding cached_tokens_are_known(const T& t) const {
    for (GroupId g = 0; g < tables_.size(); ++g) {
      for (const Table& table : tables_[g]) {
        if (!table.cached || *table.cached * t.block_size(g) <= table.num_tokens) continue;
        return Violation{.clause = Clause::i17,
                         .what = "the cached count covers tokens the request does not have",
                         .group = g,
                         .request = table.req,
                         .actual = *table.cached,
                         .expected = table.num_tokens / t.block_size(g)};
      }
    }
    return {};
  }

  // I18
  template <class T>
  KVSPEC_EXEC constexpr Finding held_blocks_are_not_free(const T& t) const {
    for (BlockId b : queue_) {
      if (t.held(b) == 0) continue;
      return Violation{.clause = Clause::i18, .what = "a held block is in the free queue", .block = b};
    }
    return {};
  }

  // I19, as far as a state shows it: what is skipped lies before what is read, so null blocks come first. An aligned
  // state-space group keeps single states between null blocks; it reads the last one in front of the speculative ones.
  template <class T>
  KVSPEC_EXEC constexpr Finding read_positions_have_blocks(const T& t) const {
    for (GroupId g = 0; g < tables_.size(); ++g) {
      for (const Table& table : tables_[g]) {
        for (std::size_t i = first_place_read(t.spec(g), table.blocks); i < table.blocks.size(); ++i) {
          if (table.blocks[i] != null_block) continue;
          return Violation{.clause = Clause::i19,
                           .what = "a position that is read has the null block",
                           .group = g,
                           .request = table.req,
                           .actual = static_cast<std::int64_t>(i)};
        }
      }
    }
    return {};
  }

  // I21. The table of a cross attention group is as long as the encoder's sequence, which has no bound here.
  template <class T>
  KVSPEC_EXEC constexpr Finding tables_are_bounded(const T& t) const {
    for (GroupId g = 0; g < tables_.size(); ++g) {
      const GroupSpec& spec = t.spec(g);
      if (spec.kind == GroupKind::cross) continue;
      const std::int64_t bound =
          (t.max_model_len() + t.block_size(g) - 1) / t.block_size(g) + spec.num_speculative_blocks.value_or(0);
      for (const Table& table : tables_[g]) {
        if (static_cast<std::int64_t>(table.blocks.size()) <= bound) continue;
        return Violation{.clause = Clause::i21,
                         .what = "a block table is longer than the longest sequence",
                         .group = g,
                         .request = table.req,
                         .actual = static_cast<std::int64_t>(table.blocks.size()),
                         .expected = bound};
      }
    }
    return {};
  }

 private:
  // The block table of one request in one group. Where Blocks is a span, it points into the system.
  struct Table {
    std::string_view req{};
    Blocks blocks{};
    std::optional<Count> cached{};  // blocks
    Count num_tokens = 0;           // of the request
  };

  // Counted from 1 over all groups.
  KVSPEC_EXEC constexpr GroupId group_of_table(Count number) const {
    GroupId g = 0;
    while (number > tables_[g].size()) number -= static_cast<Count>(tables_[g++].size());
    return g;
  }

  // [FREE-04, MAMBA-03]
  static KVSPEC_EXEC constexpr std::size_t first_place_read(const GroupSpec& spec, const Blocks& table) {
    std::size_t first = 0;
    switch (spec.kind) {
      case GroupKind::full:
      case GroupKind::mla:
      case GroupKind::cross:
        return 0;
      case GroupKind::mamba:
        if (*spec.mamba_cache_mode == MambaCacheMode::align) {
          const std::size_t read = 1 + static_cast<std::size_t>(spec.num_speculative_blocks.value_or(0));
          return table.size() - std::min<std::size_t>(table.size(), read);
        }
        [[fallthrough]];
      default:
        while (first < table.size() && table[first] == null_block) ++first;
        return first;
    }
  }

  // What was surveyed.
  typename S::template list<BlockId, Bound::blocks> queue_{};
  typename S::template list<typename S::template list<Table, Bound::requests>, Bound::groups> tables_{};
  typename S::template list<Count, Bound::blocks> queued_{};  // per block, how often

  bool digests_collide_ = false;
  typename S::template list<Count, Bound::blocks> marks_{};  // per block; what, each predicate says
};

}  // namespace kvspec
