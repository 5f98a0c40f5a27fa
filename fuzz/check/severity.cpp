#include "fuzz/check/severity.hpp"

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <variant>
#include <vector>

namespace kvspec::fuzz {

namespace {

using S = Growing;

// Free blocks that are missing are leaked; ones too many are in use elsewhere.
Severity of_free(Count expected, Count actual) { return actual < expected ? Severity::leak : Severity::wrong_data; }

std::vector<BlockId> all_of(const BlockTables<S>& tables) {
  std::vector<BlockId> blocks;
  for (const BlockList<S>& table : tables) blocks.insert(blocks.end(), table.begin(), table.end());
  std::ranges::sort(blocks);
  return blocks;
}

std::vector<BlockId> sorted(BlockList<S> blocks) {
  std::ranges::sort(blocks);
  return blocks;
}

bool has_twice(const std::vector<BlockId>& blocks, BlockId block) {
  return block != null_block && std::ranges::count(blocks, block) > 1;
}

// Whether a block is given for two places, or one that is in use already. Both are sorted.
bool gives_what_is_in_use(const std::vector<BlockId>& expected, const std::vector<BlockId>& actual,
                          const StateDump<S>* after) {
  return std::ranges::any_of(actual, [&](BlockId b) {
    if (has_twice(actual, b) && !has_twice(expected, b)) return true;
    if (after == nullptr || std::ranges::binary_search(expected, b)) return false;
    return std::ranges::find(after->ref_cnt, b, &OfBlock<Count>::block) != after->ref_cnt.end();
  });
}

// Of the blocks of tables.
Severity of_blocks(const BlockTables<S>& expected, const BlockTables<S>& actual, const StateDump<S>* after) {
  const std::vector<BlockId> ours = all_of(expected);
  const std::vector<BlockId> theirs = all_of(actual);
  if (ours.size() != theirs.size() || gives_what_is_in_use(ours, theirs, after)) return Severity::wrong_data;
  return Severity::order;
}

Severity judge(const GetComputedBlocks<S>::Observation& expected, const GetComputedBlocks<S>::Observation& actual) {
  return actual.num_computed_tokens < expected.num_computed_tokens ? Severity::lost_hit : Severity::wrong_data;
}

Severity judge(const AllocateSlots<S>::Observation& expected, const AllocateSlots<S>::Observation& actual,
               const StateDump<S>* after) {
  if (expected.result && !actual.result) return Severity::wedge;
  if (!expected.result && actual.result) return Severity::wrong_data;
  if (expected.num_free != actual.num_free) return of_free(expected.num_free, actual.num_free);
  return of_blocks(*expected.result, *actual.result, after);
}

// As of the allocations that the table is from.
Severity judge(const GetBlockIds<S>::Observation& expected, const GetBlockIds<S>::Observation& actual,
               const StateDump<S>* after) {
  return of_blocks(expected.result, actual.result, after);
}

Severity judge(const Free<S>::Observation& expected, const Free<S>::Observation& actual) {
  return of_free(expected.num_free, actual.num_free);
}

Severity judge(const GetNumCommonPrefixBlocks<S>::Observation& expected,
               const GetNumCommonPrefixBlocks<S>::Observation& actual) {
  for (std::size_t g = 0; g < expected.result.size() && g < actual.result.size(); ++g) {
    if (actual.result[g] > expected.result[g]) return Severity::wrong_data;
  }
  return Severity::lost_hit;
}

Severity judge(const TakeNewBlockIds<S>::Observation& expected, const TakeNewBlockIds<S>::Observation& actual) {
  return sorted(expected.result) == sorted(actual.result) ? Severity::order : Severity::wrong_data;
}

Severity judge(const TakeEvents<S>::Observation&, const TakeEvents<S>::Observation&) { return Severity::event; }
Severity judge(const PrefixCacheStats&, const PrefixCacheStats&) { return Severity::event; }

Severity judge(const ResetPrefixCache<S>::Observation& expected, const ResetPrefixCache<S>::Observation&) {
  return expected.result ? Severity::wedge : Severity::wrong_data;
}

Severity judge(const StateDump<S>& expected, const StateDump<S>& actual) {
  if (expected.num_free != actual.num_free) return of_free(expected.num_free, actual.num_free);
  if (!(expected.ref_cnt == actual.ref_cnt)) return Severity::leak;
  if (actual.hashes.size() < expected.hashes.size()) return Severity::lost_hit;
  if (!(expected.hashes == actual.hashes)) return Severity::wrong_data;
  if (!(expected.free_queue == actual.free_queue)) {
    return sorted(expected.free_queue) == sorted(actual.free_queue) ? Severity::order : Severity::wrong_data;
  }
  StateDump<S> with_usage = actual;
  with_usage.usage = expected.usage;
  if (with_usage == expected) return Severity::event;  // a number that nothing but consumers look at
  const auto num_tables = [](const StateDump<S>& state) {
    return std::accumulate(state.managers.begin(), state.managers.end(), std::size_t{0},
                           [](std::size_t sum, const GroupDump<S>& group) { return sum + group.req_blocks.size(); });
  };
  return num_tables(actual) > num_tables(expected) ? Severity::leak : Severity::wrong_data;
}

// Hashes, block tables, blocks of the pool: what of them is wrong leads to wrong data.
template <class O>
Severity judge(const O&, const O&) {
  return Severity::wrong_data;
}

}  // namespace

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::wrong_data:
      return "wrong data";
    case Severity::leak:
      return "leak";
    case Severity::lost_hit:
      return "lost hit";
    case Severity::wedge:
      return "wedge";
    case Severity::order:
      return "order";
    case Severity::event:
      return "event";
    case Severity::protocol:
      return "protocol";
  }
  return "";
}

Severity severity_of(const Observation<Growing>& expected, const Observation<Growing>& actual,
                     const StateDump<Growing>* after) {
  return std::visit(
      [&]<class O>(const O& ours) {
        const O* const theirs = std::get_if<O>(&actual);
        if (theirs == nullptr) return Severity::protocol;
        if constexpr (requires { judge(ours, *theirs, after); }) {
          return judge(ours, *theirs, after);
        } else {
          return judge(ours, *theirs);
        }
      },
      expected);
}

}  // namespace kvspec::fuzz
