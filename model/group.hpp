// The state of one group: its block tables, how far each request is cached, and what its kind remembers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "spec/config.hpp"
#include "spec/dump.hpp"
#include "spec/execution.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::model {

KVSPEC_EXEC constexpr std::int64_t cdiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

template <class S>
struct BlockTable {
  RequestId<S> req{};
  BlockList<S> blocks{};
  std::optional<Count> num_cached{};        // blocks; absent until a hit was taken or a block cached
  bool has_state{};                         // mamba align: the running state has a block [MAMBA-04]
  std::optional<Count> last_state_index{};  // mamba align: block of the state before the running one [MAMBA-06]

  bool operator==(const BlockTable&) const = default;
};

template <class S>
struct Group {
  GroupSpec spec{};
  GroupId id = 0;
  std::int64_t block_size = 0;    // tokens, context parallelism included [ALLOC-14]
  bool drops_last_block = false;  // it, or a group of the same spec, is an EAGLE group [LOOK-04]
  typename S::template list<BlockTable<S>, Bound::requests> tables{};
  BlockList<S> new_block_ids{};        // until drained [ALLOC-15]
  BlockKeyList<S> cached_this_step{};  // mamba: until the next step starts [MAMBA-02]

  bool operator==(const Group&) const = default;

  KVSPEC_EXEC constexpr const BlockTable<S>* find(const RequestId<S>& req) const {
    for (const BlockTable<S>& table : tables) {
      if (table.req == req) return &table;
    }
    return nullptr;
  }

  // The table of a request, made empty if it has none.
  KVSPEC_EXEC constexpr BlockTable<S>& at(const RequestId<S>& req) {
    for (BlockTable<S>& table : tables) {
      if (table.req == req) return table;
    }
    BlockTable<S> table{};
    table.req = req;
    tables.push_back(table);
    return tables.back();
  }

  KVSPEC_EXEC constexpr std::int64_t num_held(const RequestId<S>& req) const {
    const BlockTable<S>* table = find(req);
    return table == nullptr ? 0 : static_cast<std::int64_t>(table->blocks.size());
  }

  KVSPEC_EXEC constexpr std::optional<Count> num_cached(const RequestId<S>& req) const {
    const BlockTable<S>* table = find(req);
    return table == nullptr ? std::nullopt : table->num_cached;
  }

  // Forgets a table and its cached count; returns its blocks.
  KVSPEC_EXEC constexpr BlockList<S> remove(const RequestId<S>& req) {
    for (auto it = tables.begin(); it != tables.end(); ++it) {
      if (!(it->req == req)) continue;
      const BlockList<S> blocks = it->blocks;
      tables.erase(it);
      return blocks;
    }
    return {};
  }
};

}  // namespace kvspec::model
