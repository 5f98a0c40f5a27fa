// The invariants: one named predicate each, over anything that can be inspected. A predicate walks the live structures
// of a system rather than a copy of them, so it can run after every command; each is linear in what it walks.
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
//   walk_tables(g, f)                     f(request id, block table, std::optional<Count> cached count, num_tokens)
//   walk_requests(f)                      f(request id, num_tokens, number of hashes)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
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

// Checks every invariant of single states. Keeps its scratch memory, so that one checker serves many states.
template <class S>
class Invariants {
 public:
  // The first violation, in the order of the ids.
  template <class T>
  KVSPEC_EXEC constexpr Finding check(const T& t) {
    if (Finding f = free_queue_is_one_list(t)) return f;
    if (Finding f = free_blocks_are_the_unreferenced(t)) return f;
    if (Finding f = references_are_accounted_for(t)) return f;
    if (Finding f = tables_do_not_overlap(t)) return f;
    if (Finding f = null_block_is_inert(t)) return f;
    if (Finding f = index_and_hashes_agree(t)) return f;
    if (Finding f = requests_are_hashed(t)) return f;
    if (Finding f = cached_counts_are_bounded(t)) return f;
    if (Finding f = cached_tokens_are_known(t)) return f;
    if (Finding f = held_blocks_are_not_free(t)) return f;
    if (Finding f = read_positions_have_blocks(t)) return f;
    if (Finding f = tables_are_bounded(t)) return f;
    return {};
  }

  // I1
  template <class T>
  KVSPEC_EXEC constexpr Finding free_queue_is_one_list(const T& t) {
    walk_.clear();
    marks_.assign(t.num_blocks(), 0);
    Finding found{};
    t.walk_free([&](BlockId b) {
      if (found) return;
      if (b >= t.num_blocks()) {
        found = Violation{.clause = Clause::i1, .what = "a queued block is outside the pool", .block = b};
      } else if (marks_[b]++ != 0) {
        found = Violation{.clause = Clause::i1, .what = "a block is queued twice", .block = b};
      } else {
        walk_.push_back(b);
      }
    });
    if (found) return found;
    std::size_t left = walk_.size();
    t.walk_free_backwards([&](BlockId b) {
      if (found) return;
      if (left == 0 || walk_[--left] != b) {
        found = Violation{.clause = Clause::i1, .what = "the backward walk differs from the forward walk", .block = b};
      }
    });
    if (found) return found;
    if (left != 0) return Violation{.clause = Clause::i1, .what = "the backward walk is shorter", .block = walk_[0]};
    if (walk_.size() != t.num_free()) {
      return Violation{.clause = Clause::i1,
                       .what = "the number of free blocks is not the length of the queue",
                       .actual = t.num_free(),
                       .expected = static_cast<std::int64_t>(walk_.size())};
    }
    return {};
  }

  // I2
  template <class T>
  KVSPEC_EXEC constexpr Finding free_blocks_are_the_unreferenced(const T& t) {
    marks_.assign(t.num_blocks(), 0);
    t.walk_free([&](BlockId b) { marks_[b] = 1; });
    for (BlockId b = 1; b < t.num_blocks(); ++b) {
      if ((marks_[b] != 0) != (t.ref_cnt(b) == 0)) {
        return Violation{.clause = Clause::i2,
                         .what = marks_[b] != 0 ? "a referenced block is in the free queue"
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
    Finding found{};
    for (GroupId g = 0; g < t.num_groups(); ++g) {
      t.walk_tables(g, [&](std::string_view req, const auto& table, std::optional<Count>, Count) {
        for (BlockId b : table) {
          if (b < t.num_blocks()) {
            ++marks_[b];
          } else if (!found) {
            found = Violation{.clause = Clause::i3,
                              .what = "a block table names no block of the pool",
                              .block = b,
                              .group = g,
                              .request = req};
          }
        }
      });
    }
    if (found) return found;
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

  // I4
  template <class T>
  KVSPEC_EXEC constexpr Finding tables_do_not_overlap(const T& t) {
    // owner_: group + 1 of the tables that hold the block; marks_: the last table, counted from 1, that held it.
    owner_.assign(t.num_blocks(), 0);
    marks_.assign(t.num_blocks(), 0);
    Count table_number = 0;
    Finding found{};
    for (GroupId g = 0; g < t.num_groups(); ++g) {
      t.walk_tables(g, [&](std::string_view req, const auto& table, std::optional<Count>, Count) {
        ++table_number;
        for (BlockId b : table) {
          if (b == null_block || found) continue;
          if (marks_[b] == table_number) {
            found = Violation{
                .clause = Clause::i4, .what = "a block is twice in one table", .block = b, .group = g, .request = req};
          } else if (owner_[b] != 0 && owner_[b] != g + 1) {
            found = Violation{.clause = Clause::i4,
                              .what = "a block is in the tables of two groups",
                              .block = b,
                              .group = g,
                              .request = req,
                              .actual = g,
                              .expected = owner_[b] - 1};
          }
          marks_[b] = table_number;
          owner_[b] = g + 1;
        }
      });
    }
    return found;
  }

  // I5
  template <class T>
  KVSPEC_EXEC constexpr Finding null_block_is_inert(const T& t) {
    if (t.has_hash(null_block)) {
      return Violation{.clause = Clause::i5, .what = "the null block has a hash", .block = null_block};
    }
    Finding found{};
    t.walk_free([&](BlockId b) {
      if (b == null_block) {
        found = Violation{.clause = Clause::i5, .what = "the null block is in the free queue", .block = null_block};
      }
    });
    return found;
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
  template <class T>
  KVSPEC_EXEC constexpr Finding cached_counts_are_bounded(const T& t) {
    Finding found{};
    for (GroupId g = 0; g < t.num_groups(); ++g) {
      t.walk_tables(g, [&](std::string_view req, const auto& table, std::optional<Count> cached, Count) {
        if (found || !cached || *cached <= table.size()) return;
        found = Violation{.clause = Clause::i16,
                          .what = "the cached count exceeds the table",
                          .group = g,
                          .request = req,
                          .actual = *cached,
                          .expected = static_cast<std::int64_t>(table.size())};
      });
    }
    return found;
  }

  // I17. Null blocks count: they stand for tokens too.
  template <class T>
  KVSPEC_EXEC constexpr Finding cached_tokens_are_known(const T& t) {
    Finding found{};
    for (GroupId g = 0; g < t.num_groups(); ++g) {
      t.walk_tables(g, [&](std::string_view req, const auto&, std::optional<Count> cached, Count num_tokens) {
        const std::int64_t bound = num_tokens / t.block_size(g);
        if (found || !cached || *cached <= bound) return;
        found = Violation{.clause = Clause::i17,
                          .what = "the cached count covers tokens the request does not have",
                          .group = g,
                          .request = req,
                          .actual = *cached,
                          .expected = bound};
      });
    }
    return found;
  }

  // I18
  template <class T>
  KVSPEC_EXEC constexpr Finding held_blocks_are_not_free(const T& t) {
    Finding found{};
    t.walk_free([&](BlockId b) {
      if (found || t.held(b) == 0) return;
      found = Violation{.clause = Clause::i18, .what = "a held block is in the free queue", .block = b};
    });
    return found;
  }

  // I19, as far as a state shows it: what is skipped lies before what is read, so null blocks come first. An aligned
  // state-space group keeps single states between null blocks; it reads the last one in front of the speculative ones.
  template <class T>
  KVSPEC_EXEC constexpr Finding read_positions_have_blocks(const T& t) {
    Finding found{};
    for (GroupId g = 0; g < t.num_groups(); ++g) {
      const GroupSpec& spec = t.spec(g);
      t.walk_tables(g, [&](std::string_view req, const auto& table, std::optional<Count>, Count) {
        const std::size_t first = first_place_read(spec, table);
        for (std::size_t i = first; i < table.size() && !found; ++i) {
          if (table[i] == null_block) {
            found = Violation{.clause = Clause::i19,
                              .what = "a position that is read has the null block",
                              .group = g,
                              .request = req,
                              .actual = static_cast<std::int64_t>(i)};
          }
        }
      });
    }
    return found;
  }

  // I21. The table of a cross attention group is as long as the encoder's sequence, which has no bound here.
  template <class T>
  KVSPEC_EXEC constexpr Finding tables_are_bounded(const T& t) {
    Finding found{};
    for (GroupId g = 0; g < t.num_groups(); ++g) {
      const GroupSpec& spec = t.spec(g);
      if (spec.kind == GroupKind::cross) continue;
      const std::int64_t bound =
          (t.max_model_len() + t.block_size(g) - 1) / t.block_size(g) + spec.num_speculative_blocks.value_or(0);
      t.walk_tables(g, [&](std::string_view req, const auto& table, std::optional<Count>, Count) {
        if (!found && static_cast<std::int64_t>(table.size()) > bound) {
          found = Violation{.clause = Clause::i21,
                            .what = "a block table is longer than the longest sequence",
                            .group = g,
                            .request = req,
                            .actual = static_cast<std::int64_t>(table.size()),
                            .expected = bound};
        }
      });
    }
    return found;
  }

 private:
  // [FREE-04, MAMBA-03]
  template <class Table>
  static KVSPEC_EXEC constexpr std::size_t first_place_read(const GroupSpec& spec, const Table& table) {
    std::size_t first = 0;
    switch (spec.kind) {
      case GroupKind::full:
      case GroupKind::mla:
      case GroupKind::cross:
        return 0;
      case GroupKind::mamba:
        if (*spec.mamba_cache_mode == MambaCacheMode::align) {
          const std::size_t read = 1 + static_cast<std::size_t>(spec.num_speculative_blocks.value_or(0));
          return table.size() - std::min(table.size(), read);
        }
        [[fallthrough]];
      default:
        while (first < table.size() && table[first] == null_block) ++first;
        return first;
    }
  }

  typename S::template list<BlockId, Bound::blocks> walk_{};
  typename S::template list<Count, Bound::blocks> marks_{};
  typename S::template list<GroupId, Bound::blocks> owner_{};
};

}  // namespace kvspec
