// Laws about one system, whichever it is: what a command may do to the state, and what it may not. The model and the
// host implementation are held to them separately, so a law also holds where both would err alike.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/host_engine.hpp"
#include "model/oracle/model_engine.hpp"
#include "spec/commands.hpp"
#include "spec/dump.hpp"
#include "tests/properties/scenarios.hpp"

namespace kvspec::properties {
namespace {

constexpr int operations = 500;

class Laws : public testing::TestWithParam<const char*> {
 protected:
  void drive(const fuzz::Scenario& scenario, int steps, const Check& check) const {
    const bool model = GetParam() == std::string_view("model");
    properties::drive(model ? oracle::model_engine() : fuzz::host_engine(), scenario, steps, check);
  }
};
INSTANTIATE_TEST_SUITE_P(Systems, Laws, testing::Values("model", "host"),
                         [](const auto& parameter) { return std::string(parameter.param); });

template <class T>
std::optional<T> value_of(const PerRequest<S, T>& entries, const RequestId<S>& req) {
  const auto found = std::ranges::find(entries, req, &OfRequest<S, T>::req);
  return found == entries.end() ? std::nullopt : std::optional<T>(found->value);
}

// What a look-up returned.
GetComputedBlocks<S>::Observation hit_of(const Result<Observation<S>>& result) {
  return std::get<GetComputedBlocks<S>::Observation>(result.value());
}

// A comparison that RapidCheck sees as one truth value: it prints both sides of any other.
bool same(const View<S>& a, const View<S>& b) { return a == b; }

std::int64_t cdiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

Count references(const View<S>& view, BlockId b) {
  const auto found = std::ranges::find(view.state.ref_cnt, b, &OfBlock<Count>::block);
  return found == view.state.ref_cnt.end() ? 0 : found->value;
}

// The hit that an allocation passes, from the view before it.
BlockList<S> passed_hit(const View<S>& before, const AllocateSlots<S>& command) {
  if (command.new_computed_blocks != PassedHit::computed) return {};
  const auto request = std::ranges::find(before.requests, command.req, &RequestDump<S>::req);
  if (request == before.requests.end() || !request->hit) return {};
  return request->hit->at(0);
}

// One group that skips nothing: its allocations can be reckoned up in a few lines.
bool is_one_full_group(const Config<S>& config) {
  return config.groups.size() == 1 && is_full_attention(config.groups[0].kind);
}

bool skips_nothing(const Config<S>& config) {
  return std::ranges::all_of(config.groups, [](const GroupSpec& group) { return is_full_attention(group.kind); });
}

bool has_block(const BlockTables<S>& hit) {
  for (const BlockList<S>& blocks : hit) {
    if (std::ranges::any_of(blocks, [](BlockId b) { return b != null_block; })) return true;
  }
  return false;
}

// The blocks an allocation to one full group takes from the free queue, by ALLOC-08, from the view before it.
std::int64_t predicted_need(const Config<S>& config, const View<S>& before, const AllocateSlots<S>& command) {
  const GroupDump<S>& group = before.state.managers.at(0);
  const std::int64_t block_size = config.effective_block_size(config.groups[0]);
  const std::int64_t end = std::int64_t{command.req_num_computed_tokens} + command.num_new_computed_tokens +
                           command.num_external_computed_tokens + command.num_new_tokens;
  const std::int64_t required = cdiv(std::min(end + command.num_lookahead_tokens, config.max_model_len), block_size);
  const auto table = value_of(group.req_blocks, command.req);
  const std::int64_t held = table ? static_cast<std::int64_t>(table->size()) : 0;
  if (value_of(group.num_cached_block, command.req)) return std::max<std::int64_t>(required - held, 0);
  const BlockList<S> hit = passed_hit(before, command);
  const auto reclaimed = std::ranges::count_if(hit, [&](BlockId b) { return references(before, b) == 0; });
  return std::max<std::int64_t>(required - held - static_cast<std::int64_t>(hit.size()), 0) + reclaimed;
}

// A refused command leaves everything as it was.
TEST_P(Laws, AnErrorChangesNothing) {
  EXPECT_TRUE(rc::check("an error changes nothing", [this] {
    fuzz::Scenario scenario = (*any_scenario()).make();
    scenario.features.add({fuzz::Feature::mistakes, fuzz::Feature::pool_level, fuzz::Feature::stale_hits});
    drive(scenario, operations, [](const auto& before, const auto&, const auto& result, auto& system) {
      if (!result.ok()) RC_ASSERT(same(system.view(), before));
    });
  }));
}

// Covers: I13, ALLOC-07, ALLOC-08, ALLOC-09
TEST_P(Laws, AnAllocationTakesWhatWasPredictedOrNothing) {
  EXPECT_TRUE(rc::check("an allocation takes what was predicted, or nothing", [this] {
    const fuzz::Scenario scenario = (*any_scenario()).make();
    if (!is_one_full_group(scenario.config)) return;  // fuzz/watch looks after the others
    drive(scenario, operations, [&](const auto& before, const auto& c, const auto& result, auto& system) {
      const auto* command = std::get_if<AllocateSlots<S>>(&c);
      if (command == nullptr || !result.ok()) return;
      const View<S> after = system.view();
      const std::int64_t need = predicted_need(scenario.config, before, *command);
      const std::int64_t free = before.state.num_free;
      if (after.state.num_free == free && need > free) {
        RC_ASSERT(same(after, before));
      } else if (!command->full_sequence_must_fit || !(after == before)) {
        RC_ASSERT(need <= free);
        RC_ASSERT(free - after.state.num_free == need);
      }
    });
  }));
}

// Covers: I25, POOL-13
TEST_P(Laws, NothingIsFoundAfterAReset) {
  EXPECT_TRUE(rc::check("nothing is found after a reset", [this] {
    fuzz::Scenario scenario = (*any_scenario()).make();
    scenario.features.add({fuzz::Feature::preempt_all});
    drive(scenario, operations, [&](const auto& before, const auto& c, const auto&, auto& system) {
      if (!std::holds_alternative<ResetPrefixCache<S>>(c)) return;
      const View<S> after = system.view();
      const bool unused = before.state.num_free + 1 == scenario.config.num_blocks;
      RC_ASSERT(after.state.free_queue == before.state.free_queue);
      if (!unused) {
        RC_ASSERT(same(after, before));
        return;
      }
      RC_ASSERT(after.state.hashes.empty());
      RC_ASSERT(after.state.cached_map_size == 0U);
      for (const RequestDump<S>& request : after.requests) {
        GetComputedBlocks<S> look_up{};
        look_up.req = request.req;
        RC_ASSERT(!has_block(hit_of(system.step(look_up)).blocks));  // a chunk's beginning is a hit without blocks
      }
    });
  }));
}

// Covers: I26, FREE-01, POOL-06
TEST_P(Laws, AtTheEndEveryBlockIsFree) {
  EXPECT_TRUE(rc::check("when everything is given back every block is free", [this] {
    const fuzz::Scenario scenario = (*any_scenario()).make();
    const int stop = *rc::gen::inRange(1, operations);
    int step = 0;
    drive(scenario, stop, [&](const auto&, const auto&, const auto&, auto& system) {
      if (++step != stop) return;
      View<S> view = system.view();
      for (const RequestDump<S>& request : view.requests) {
        Free<S> free{};
        free.req = request.req;
        free.drop = true;
        RC_ASSERT(system.step(free).ok());
      }
      PoolFreeBlocks<S> give_back{};
      for (const OfBlock<Count>& held : view.held)
        give_back.block_ids.insert(give_back.block_ids.end(), held.value, held.block);
      RC_ASSERT(system.step(give_back).ok());
      view = system.view();
      RC_ASSERT(view.state.num_free + 1 == scenario.config.num_blocks);
      RC_ASSERT(view.state.free_queue.size() == view.state.num_free);
      RC_ASSERT(view.state.ref_cnt.empty());
      for (const GroupDump<S>& group : view.state.managers) {
        RC_ASSERT(group.req_blocks.empty());
        RC_ASSERT(group.num_cached_block.empty());
      }
      for (const BlockList<S>& listed : view.new_block_ids) RC_ASSERT(listed.empty());
      RC_ASSERT(view.requests.empty());
      RC_ASSERT(view.held.empty());
    });
  }));
}

// Covers: I29, LOOK-06, ALLOC-09
TEST_P(Laws, LookUpsAndRefusalsCanBeRepeated) {
  EXPECT_TRUE(rc::check("a look-up or a refused allocation, repeated, gives the same answer", [this] {
    const fuzz::Scenario scenario = (*any_scenario()).make();
    drive(scenario, operations, [&](const auto& before, const auto& c, const auto& result, auto& system) {
      if (!result.ok()) return;
      if (const auto* look_up = std::get_if<GetComputedBlocks<S>>(&c)) {
        View<S> after = system.view();
        after.stats = before.stats;
        for (std::size_t i = 0; i < after.requests.size(); ++i) {
          if (after.requests[i].req == look_up->req) after.requests[i].hit = before.requests[i].hit;
        }
        RC_ASSERT(same(after, before));
        RC_ASSERT((system.step(c) == result));
      } else if (std::holds_alternative<AllocateSlots<S>>(c)) {
        if (std::get<AllocateSlots<S>::Observation>(result.value()).result) return;
        if (skips_nothing(scenario.config)) RC_ASSERT(same(system.view(), before));
        RC_ASSERT((system.step(c) == result));
      }
    });
  }));
}

// Covers: I10, LOOK-01, LOOK-03
TEST_P(Laws, AHitIsWholeBlocksOfEveryGroupAndLeavesAToken) {
  EXPECT_TRUE(rc::check("a hit is whole blocks and leaves at least a token", [this] {
    const fuzz::Scenario scenario = (*any_scenario()).make();
    drive(scenario, operations, [&](const auto& before, const auto& c, const auto& result, auto&) {
      const auto* look_up = std::get_if<GetComputedBlocks<S>>(&c);
      if (look_up == nullptr || !result.ok()) return;
      const Config<S>& config = scenario.config;
      const auto request = std::ranges::find(before.requests, look_up->req, &RequestDump<S>::req);
      const auto seen = hit_of(result);
      const std::int64_t hit = seen.num_computed_tokens;
      RC_ASSERT(seen.blocks.size() == config.groups.size());
      for (std::size_t g = 0; g < seen.blocks.size(); ++g) {
        const std::int64_t block_size = config.effective_block_size(config.groups[g]);
        RC_ASSERT(hit == static_cast<std::int64_t>(seen.blocks[g].size()) * block_size);
      }
      if (seen.blocks.size() > 1) RC_ASSERT(hit % config.scheduler_block_size == 0);
      RC_ASSERT(hit <= std::int64_t{request->num_tokens} - 1);
    });
  }));
}

}  // namespace
}  // namespace kvspec::properties
