// The theorems of this folder are only worth something if the compiler can find one false. Here it evaluates cases of
// the seed on systems with a fault, and the theorem is that they fail.

#include <optional>

#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {
namespace {

// A manager that ignores EAGLE. [LOOK-04]
template <class S>
class ManagerWithoutEagle : public model::Manager<S, model::ExactHashing> {
 public:
  using Base = model::Manager<S, model::ExactHashing>;

  static constexpr Result<ManagerWithoutEagle> create(const Config<S>& config) {
    Config<S> without = config;
    without.use_eagle = false;
    const auto base = Base::create(without);
    if (!base) return base.error();
    ManagerWithoutEagle manager{};
    static_cast<Base&>(manager) = base.value();
    return manager;
  }
};

// An index that answers the block inserted last. [POOL-09]
template <class S>
struct IndexOfLastInserted : model::HashIndex<S> {
  constexpr std::optional<BlockId> first(const BlockKey<S>& key) const {
    const std::size_t i = this->position(key);
    if (i == this->entries.size()) return {};
    return this->entries[i].blocks.back();
  }
};

template <class S>
struct FaultyWorld : ModelWorld<S> {
  using System = ManagerWithoutEagle<S>;
  using Index = IndexOfLastInserted<S>;
};

static_assert(
    !test_eagle_with_partial_blocks<FaultyWorld<Fixed<Limits<Capacities{.blocks = 10, .tokens = 37, .hashes = 2}>>>>()
         .passed());
static_assert(
    !test_eagle_with_sliding_window<
         FaultyWorld<Fixed<Limits<Capacities{.blocks = 10, .tokens = 37, .hashes = 2, .requests = 2, .text = 25}>>>>()
         .passed());
static_assert(
    !test_block_lookup_cache_multi_blocks_per_key<FaultyWorld<Fixed<Limits<Capacities{.blocks = 2}>>>>().passed());

// What the faults do not touch still holds.
static_assert(test_decode<FaultyWorld<Fixed<Limits<Capacities{.blocks = 11, .tokens = 78, .hashes = 4}>>>>().passed());
static_assert(
    test_block_lookup_cache_single_block_per_key<FaultyWorld<Fixed<Limits<Capacities{.blocks = 2}>>>>().passed());

}  // namespace
}  // namespace kvspec::seed
