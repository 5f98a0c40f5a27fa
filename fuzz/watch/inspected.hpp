// A system as the observers see it: what spec/invariants.hpp lists, behind virtual functions, so that the observers are
// compiled once for whatever is driven.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/watch/identity.hpp"
#include "spec/invariants.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::fuzz {

// The table of one request in one group.
struct TableSeen {
  std::vector<BlockId> blocks;
  std::optional<Count> cached;  // blocks
};

class Inspected {
 public:
  virtual ~Inspected() = default;

  virtual Count num_blocks() const = 0;
  virtual Count num_free() const = 0;
  virtual Count ref_cnt(BlockId b) const = 0;
  virtual bool has_hash(BlockId b) const = 0;
  virtual std::size_t num_keys() const = 0;

  // Whether the block is in the index for the group under the concatenation of these digests.
  virtual bool is_keyed(BlockId b, GroupId g, std::span<const Digest> digests) const = 0;
  // The tables of a request, one per group.
  virtual void read_tables(std::string_view req, std::vector<TableSeen>& tables) const = 0;
  // The first group that has a block table of any request, and the request.
  virtual std::optional<std::pair<GroupId, std::string_view>> any_table() const = 0;
  // f(last_eight_bytes(hash), fold_bytes(hash), group, block) for each indexed block.
  virtual void walk_index(const std::function<void(std::uint64_t, std::uint64_t, GroupId, BlockId)>& f) const = 0;
};

template <class T>
class InspectedSystem final : public Inspected {
 public:
  explicit InspectedSystem(const T& system) : system_(system) {}

  Count num_blocks() const override { return static_cast<Count>(system_.num_blocks()); }
  Count num_free() const override { return static_cast<Count>(system_.num_free()); }
  Count ref_cnt(BlockId b) const override { return static_cast<Count>(system_.ref_cnt(b)); }
  bool has_hash(BlockId b) const override { return system_.has_hash(b); }
  std::size_t num_keys() const override { return static_cast<std::size_t>(system_.num_keys()); }

  bool is_keyed(BlockId b, GroupId g, std::span<const Digest> digests) const override {
    if (!system_.has_hash(b) || system_.group(b) != g) return false;
    const auto& hash = system_.hash(b);
    std::size_t i = 0;
    for (const Digest& digest : digests) {
      for (const std::uint8_t byte : digest) {
        if (i == hash.size() || hash[i++] != byte) return false;
      }
    }
    return i == hash.size();
  }

  void read_tables(std::string_view req, std::vector<TableSeen>& tables) const override {
    const GroupId num_groups = static_cast<GroupId>(system_.num_groups());
    tables.resize(num_groups);
    for (GroupId g = 0; g < num_groups; ++g) {
      TableSeen& seen = tables[g];
      seen.blocks.clear();
      seen.cached.reset();
      system_.walk_tables(g, [&](std::string_view id, const auto& table, std::optional<Count> cached, Count) {
        if (id != req) return;
        seen.blocks.assign(table.begin(), table.end());
        seen.cached = cached;
      });
    }
  }

  std::optional<std::pair<GroupId, std::string_view>> any_table() const override {
    std::optional<std::pair<GroupId, std::string_view>> found;
    for (GroupId g = 0; g < static_cast<GroupId>(system_.num_groups()) && !found; ++g) {
      system_.walk_tables(g, [&](std::string_view id, const auto&, std::optional<Count>, Count) {
        if (!found) found.emplace(g, id);
      });
    }
    return found;
  }

  void walk_index(const std::function<void(std::uint64_t, std::uint64_t, GroupId, BlockId)>& f) const override {
    system_.walk_index([&](const auto& hash, GroupId group, BlockId b, bool) {
      f(last_eight_bytes(hash), fold_bytes(hash), group, b);
    });
  }

 private:
  const T& system_;
};

}  // namespace kvspec::fuzz
