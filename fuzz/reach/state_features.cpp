#include "fuzz/reach/state_features.hpp"

#include "fuzz/random.hpp"

namespace kvspec::fuzz {

namespace {

// The kinds of features, so that equal numbers of two kinds are different features.
enum class Family : std::uint8_t { state, hit, error };

std::uint64_t feature(Family family, std::uint64_t value) {
  return mix(value * 4 + static_cast<std::uint64_t>(family));
}

// 0, 1, 2, then quarters of the whole.
std::uint64_t length_class(std::size_t length, std::size_t whole) {
  if (length < 3) return length;
  return 3 + 4 * length / (whole + 1);
}

std::size_t up_to(std::size_t value, std::size_t most) { return std::min(value, most); }

}  // namespace

void StateFeatures::count(std::uint64_t feature) {
  std::uint8_t& counter = counters_[feature % num_counters];
  if (counter < std::numeric_limits<std::uint8_t>::max()) ++counter;
}

void StateFeatures::see_error(const Error& error) {
  count(feature(Family::error, static_cast<std::uint64_t>(error.clause)));
}

void StateFeatures::see_hit(const Model& model, const GetComputedBlocks<Growing>::Observation& hit) {
  const auto& groups = model.state().groups;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const BlockList<Growing>& blocks = hit.blocks[g];
    const std::size_t nulls = static_cast<std::size_t>(std::ranges::count(blocks, null_block));
    const std::uint64_t skipped = nulls == 0 ? 0 : nulls == blocks.size() ? 2 : 1;
    std::uint64_t value = static_cast<std::uint64_t>(groups[g].spec.kind);
    value = value * 8 + up_to(blocks.size(), 7);
    value = value * 4 + skipped;
    count(feature(Family::hit, value));
  }
}

void StateFeatures::see_state(const Model& model, std::size_t command, Ending ending) {
  const model::State<Growing, model::ExactHashing>& state = model.state();
  std::size_t most_of_key = 0;
  for (const auto& entry : state.pool.index.entries) most_of_key = std::max(most_of_key, entry.blocks.size());
  std::size_t tables = 0;
  for (const auto& group : state.groups) tables = std::max(tables, group.tables.size());
  std::uint64_t value = command;
  value = value * 3 + static_cast<std::uint64_t>(ending);
  value = value * 8 + length_class(state.pool.free_queue.size(), state.pool.blocks.size());
  value = value * 4 + up_to(most_of_key, 3);
  value = value * 4 + up_to(tables, 3);
  count(feature(Family::state, value));
}

}  // namespace kvspec::fuzz
