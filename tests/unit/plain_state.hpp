// A state that satisfies every invariant of single states, as plain data, so that a test can write down any state,
// reachable or not; and the ways to break it, one invariant at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/config.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec {

// What spec/invariants.hpp can inspect.
struct PlainState {
  struct Table {
    std::string req;
    std::vector<BlockId> blocks;
    std::optional<Count> cached;
  };
  struct Entry {
    std::vector<std::uint8_t> hash;
    GroupId group;
    std::vector<BlockId> blocks;
  };
  std::vector<BlockId> free{3, 4}, backwards{4, 3};
  Count num_free_blocks = 2;
  std::vector<Count> counts{0, 1, 1, 0, 0, 1}, holds{0, 0, 0, 0, 0, 1};
  std::vector<std::vector<std::uint8_t>> hashes{{}, {1}, {}, {7}, {}, {}};
  std::vector<std::vector<Table>> tables{{{"r", {1, 2}, 1}}};
  std::vector<Entry> index{{{1}, 0, {1}}, {{7}, 0, {3}}};
  std::size_t keys = 2;
  Count num_hashes = 1;
  GroupSpec group_spec{};  // of every group

  Count num_blocks() const { return static_cast<Count>(counts.size()); }
  Count num_free() const { return num_free_blocks; }
  Count ref_cnt(BlockId b) const { return counts[b]; }
  Count held(BlockId b) const { return holds[b]; }
  bool has_hash(BlockId b) const { return !hashes[b].empty(); }
  const std::vector<std::uint8_t>& hash(BlockId b) const { return hashes[b]; }
  GroupId group(BlockId) const { return 0; }
  std::size_t num_keys() const { return keys; }
  GroupId num_groups() const { return static_cast<GroupId>(tables.size()); }
  const GroupSpec& spec(GroupId) const { return group_spec; }
  std::int64_t block_size(GroupId) const { return 4; }
  std::int64_t max_model_len() const { return 12; }
  std::int64_t hash_block_size() const { return 4; }
  bool caching() const { return true; }
  template <class F>
  void walk_free(F f) const {
    for (BlockId b : free) f(b);
  }
  template <class F>
  void walk_free_backwards(F f) const {
    for (BlockId b : backwards) f(b);
  }
  template <class F>
  void walk_index(F f) const {
    for (const Entry& entry : index) {
      for (std::size_t i = 0; i < entry.blocks.size(); ++i) f(entry.hash, entry.group, entry.blocks[i], i == 0);
    }
  }
  template <class F>
  void walk_tables(GroupId g, F f) const {
    for (const Table& table : tables[g]) f(std::string_view(table.req), table.blocks, table.cached, Count{7});
  }
  template <class F>
  void walk_requests(F f) const {
    f(std::string_view("r"), Count{7}, num_hashes);
  }
};

inline GroupSpec window() {
  GroupSpec spec{};
  spec.kind = GroupKind::swa;
  spec.sliding_window = 4;
  return spec;
}
inline GroupSpec aligned_states() {
  GroupSpec spec{};
  spec.kind = GroupKind::mamba;
  spec.mamba_cache_mode = MambaCacheMode::align;
  spec.num_speculative_blocks = 1;
  return spec;
}

struct Break {
  const char* id;
  const char* how;
  std::function<void(PlainState&)> apply;
};

inline const Break breaks[] = {
    {"I1", "outside the pool", [](PlainState& s) { s.free[1] = 9; }},
    {"I1", "queued twice", [](PlainState& s) { s.free[1] = 3; }},
    {"I1", "the ways differ", [](PlainState& s) { s.backwards = {3, 4}; }},
    {"I1", "the way back is shorter", [](PlainState& s) { s.backwards = {4}; }},
    {"I1", "miscounted", [](PlainState& s) { s.num_free_blocks = 3; }},
    {"I2", "referenced and queued", [](PlainState& s) { s.counts[3] = 1; }},
    {"I2", "neither", [](PlainState& s) { s.free = {3}, s.backwards = {3}, s.num_free_blocks = 1; }},
    {"I3", "a reference too many", [](PlainState& s) { s.counts[1] = 2; }},
    {"I3", "held without a reference", [](PlainState& s) { s.holds[5] = 2; }},
    {"I3", "no block of the pool", [](PlainState& s) { s.tables[0][0].blocks[1] = 9; }},
    {"I4", "twice in a table",
     [](PlainState& s) { s.tables[0][0].blocks = {1, 1}, s.counts[1] = 2, s.counts[2] = 1, s.holds[2] = 1; }},
    {"I4", "in two groups", [](PlainState& s) { s.tables.push_back({{"r", {1}, {}}}), s.counts[1] = 2; }},
    {"I5", "the null block has a hash", [](PlainState& s) { s.hashes[0] = {5}; }},
    {"I5", "the null block is queued",
     [](PlainState& s) { s.free = {0, 3, 4}, s.backwards = {4, 3, 0}, s.num_free_blocks = 3; }},
    {"I6", "under another key", [](PlainState& s) { s.index[0].hash = {2}; }},
    {"I6", "in the index twice", [](PlainState& s) { s.index.push_back({{7}, 0, {3}}), s.keys = 3; }},
    {"I6", "not in the index", [](PlainState& s) { s.index.pop_back(), s.keys = 1; }},
    {"I6", "miscounted", [](PlainState& s) { s.keys = 1; }},
    {"I7", "a hash too many", [](PlainState& s) { s.num_hashes = 2; }},
    {"I6", "no block of the pool", [](PlainState& s) { s.index[1].blocks = {9}; }},
    {"I16", "more cached than blocks", [](PlainState& s) { s.tables[0][0].cached = 3; }},
    {"I17", "more cached than tokens", [](PlainState& s) { s.tables[0][0].cached = 2; }},
    {"I19", "a null block", [](PlainState& s) { s.tables[0][0].blocks.push_back(null_block); }},
    {"I19", "a null block inside of a window",
     [](PlainState& s) {
       s.group_spec = window();
       s.tables[0][0].blocks = {null_block, 1, 2, null_block};
     }},
    {"I19", "a null block where the last state is",
     [](PlainState& s) {
       s.group_spec = aligned_states();
       s.tables[0][0].blocks = {1, null_block, 2};
     }},
    {"I21", "longer than a sequence", [](PlainState& s) {
       s.tables[0][0].blocks = {1, 2, 5, 3}, s.counts[5] = 2, s.counts[3] = 1;
       s.free = {4}, s.backwards = {4}, s.num_free_blocks = 1;
     }}};

}  // namespace kvspec
