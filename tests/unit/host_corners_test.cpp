// The implementation beside the model where sensible traffic seldom goes: calls whose numbers are drawn without a plan,
// on pools and configurations so small that every limit is near. What a server would do is fuzz/'s business.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "impl/host/manager.hpp"
#include "model/manager.hpp"
#include "spec/commands.hpp"
#include "tests/unit/group_specs.hpp"

namespace kvspec {
namespace {

using S = Growing;

// The scheduler's blocks are the longest; those of digests are `hash_block_size` tokens.
Config<S> config_of(std::vector<GroupSpec> groups, std::int64_t num_blocks, std::int64_t hash_block_size) {
  Config<S> config = single_group_config<S>(GroupKind::full, hash_block_size, num_blocks, 40);
  config.groups.assign(groups.begin(), groups.end());
  for (const GroupSpec& group : groups) {
    config.scheduler_block_size = std::max(config.scheduler_block_size, group.block_size);
  }
  config.hash_fn = HashFunction::xxhash_cbor;
  config.events = true;
  return config;
}

struct Corner {
  const char* name;
  Config<S> config;
};

std::vector<Corner> corners() {
  constexpr auto align = MambaCacheMode::align;
  std::vector<Corner> list = {
      {"full", config_of({full(2)}, 12, 2)},
      {"a window", config_of({window(2, 5)}, 12, 2)},
      {"chunks", config_of({chunked(2, 6)}, 12, 2)},
      {"odd chunks", config_of({full(2), chunked(2, 5)}, 16, 2)},
      {"odd chunks in a small pool", config_of({full(2), chunked(2, 5)}, 10, 2)},
      {"states", config_of({mamba(2, MambaCacheMode::all, 1)}, 10, 2)},
      {"aligned states", config_of({mamba(2, align)}, 10, 2)},
      {"aligned states and drafts", config_of({mamba(2, align, 2)}, 12, 2)},
      {"aligned states in a hybrid", config_of({full(2), mamba(4, align, 1)}, 20, 2)},
      {"aligned states and a window", config_of({window(2, 4), mamba(4, align, 1)}, 16, 2)},
      {"full of two sizes", config_of({full(4), full(2), window(2, 3)}, 20, 2)},
      {"two of a spec", config_of({full(2), full(2), window(4, 6)}, 20, 2)},
      {"a window that drops", config_of({full(2), window(2, 3, true), window(4, 5)}, 24, 2)},
      {"windows alone", config_of({window(2, 3, true), window(2, 6)}, 20, 1)},
      {"states that look beyond", config_of({full(2), mamba(2, align, 1)}, 16, 2)},
      {"blocks of two hashes", config_of({full(4), window(4, 5)}, 20, 2)},
      {"aligned states and a batch", config_of({window(2, 2), mamba(2, align, 1)}, 14, 2)},
      {"all drop", config_of({full(2), window(2, 3), window(4, 6)}, 24, 2)},
      {"both windows drop", config_of({window(2, 3), window(2, 6)}, 16, 2)},
      {"three windows", config_of({window(2, 3, true), window(2, 5), window(4, 6, true)}, 24, 2)},
      {"states behind a window", config_of({full(2), window(2, 5), mamba(2, align)}, 18, 2)},
      {"two of a spec and a window", config_of({full(2), full(2), window(2, 3)}, 16, 2)},
      {"an encoder", config_of({full(2), cross(2), window(2, 4)}, 16, 2)},
  };
  const auto named = [&](const std::string& name) -> Config<S>& {
    return std::ranges::find(list, name, &Corner::name)->config;
  };
  named("chunks").max_num_batched_tokens = 3;
  named("a window").max_num_batched_tokens = 2;
  named("aligned states and a batch").max_num_batched_tokens = 1;
  named("aligned states and a window").max_num_batched_tokens = 3;
  named("two of a spec").retention_interval = 8;
  named("windows alone").hash_bits = 3;
  named("all drop").use_eagle = true;
  named("both windows drop").use_eagle = true;
  named("states behind a window").groups[2].is_eagle_group = true;
  named("states that look beyond").use_eagle = true;
  named("an encoder").enable_caching = false;
  return list;
}

// What a caller remembers of an answer.
struct Seen {
  std::optional<Count> hit{};  // its length
  BlockList<S> blocks{};       // those that an allocation added
};

// Draws calls. It knows no more of the system than what the answers say.
class Caller {
 public:
  Caller(const Config<S>& config, unsigned seed) : config_(config), random_(seed) {}

  Command<S> next() {
    const std::string req = requests_[below(requests_.size())];
    if (!live_.contains(req)) {
      live_[req] = {};
      return arrival(req);
    }
    switch (below(32)) {
      case 0:
      case 1:
      case 2:
        return append(req);
      case 3:
      case 4:
        return CacheBlocks<S>{req, below(30)};
      case 5:
        live_[req].hit = 0;
        return Free<S>{req, false};
      case 6:
      case 7:
        live_.erase(req);
        return Free<S>{req, true};
      case 8:
        return RemoveSkippedBlocks<S>{req, below(30)};
      case 9:
        return EvictBlocks<S>{blocks(1 + below(3))};
      case 10:
        return ResetPrefixCache<S>{};
      case 11:
        return NewStepStarts<S>{};
      case 12:
        return TakeNewBlockIds<S>{};
      case 13:
        return TakeEvents<S>{};
      case 14:
        return GetNumCommonPrefixBlocks<S>{req};
      case 15:
        return TakeStats<S>{};
      case 16:
        return GetBlockIds<S>{req};
      case 17:
        return PoolGetNewBlocks<S>{below(3)};
      case 18:
        return PoolTouch<S>{blocks(below(3))};
      case 19:
      case 20:
        return PoolFreeBlocks<S>{blocks(below(3)), below(2) == 0};
      case 21: {
        const Count first = below(3);
        return PoolCacheFullBlocks<S>{req, blocks(4), first, first + below(3), below(4)};
      }
      case 22:
        return PoolGetCachedBlock<S>{req, below(8), {below(3), below(3)}};
      case 23:
      case 24:
      case 25:
        return GetComputedBlocks<S>{req, below(2)};
      default:
        return allocation(req);
    }
  }

  void saw(const Command<S>& command, const Seen& seen) {
    if (seen.hit) live_[std::get<GetComputedBlocks<S>>(command).req].hit = *seen.hit;
    if (!seen.blocks.empty()) recent_ = seen.blocks;
  }

 private:
  struct Known {
    Count hit = 0;
    Count computed = 0;
  };

  Count below(std::size_t bound) { return static_cast<Count>(random_() % bound); }
  BlockList<S> blocks(Count count) {
    BlockList<S> list;
    const bool recent = !recent_.empty() && below(2) == 0;
    for (Count i = 0; i < count; ++i) {
      list.push_back(recent ? recent_[below(recent_.size())] : below(static_cast<std::size_t>(config_.num_blocks)));
    }
    return list;
  }
  // Prompts begin alike, so that there are hits.
  AddRequest<S> arrival(const std::string& req) {
    AddRequest<S> command{};
    command.req = req;
    const Count length = 1 + below(22);
    const Count common = below(26);
    for (Count i = 0; i < length; ++i) command.tokens.push_back(i < common ? Token{i} : Token{100 + below(2)});
    if (below(8) == 0) command.lora = Lora<S>{"x", 1};
    if (below(8) == 0) command.cache_salt = "x";
    if (below(4) == 0) {
      const Count first = below(9);
      command.mm = MultimodalItems<S>{{"i", first, 1 + below(6)}, {"j", first + below(9), 1 + below(9)}};
    }
    return command;
  }
  AppendTokens<S> append(const std::string& req) {
    AppendTokens<S> command{};
    command.req = req;
    for (Count i = 1 + below(3); i > 0; --i) command.tokens.push_back(below(3));
    return command;
  }
  // Mostly what could go on, sometimes from an earlier place or from anywhere.
  AllocateSlots<S> allocation(const std::string& req) {
    Known& known = live_[req];
    AllocateSlots<S> command{};
    command.req = req;
    const Count from = below(8);
    command.req_num_computed_tokens = from < 4    ? known.computed
                                      : from == 4 ? below(20)
                                      : from == 5 ? 0
                                                  : below(known.computed + 1);
    command.num_new_tokens = below(below(3) == 0 ? 12 : 5);
    if (below(3) == 0) command.num_lookahead_tokens = below(7);
    if (below(5) == 0) command.num_external_computed_tokens = below(below(3) == 0 ? 2 : 9);
    command.delay_cache_blocks = below(4) == 0;
    command.num_encoder_tokens = below(9);
    command.full_sequence_must_fit = below(4) == 0;
    if (known.hit > 0 && below(4) != 0) {
      command.new_computed_blocks = PassedHit::computed;
      command.num_new_computed_tokens = known.hit;
      command.req_num_computed_tokens = 0;
    }
    known.hit = 0;
    known.computed = command.req_num_computed_tokens + command.num_new_computed_tokens +
                     command.num_external_computed_tokens + command.num_new_tokens;
    return command;
  }

  const Config<S>& config_;
  std::mt19937 random_;
  std::array<std::string, 3> requests_{"a", "b", "c"};
  std::map<std::string, Known> live_{};
  BlockList<S> recent_{};  // blocks that an allocation has added
};

class Beside {
 public:
  explicit Beside(const Config<S>& config)
      : model_(std::move(model::HostModel::create(config).value())),
        host_(std::move(host::Manager::create(config).value())) {}

  // Whether both did the same.
  bool perform(const Command<S>& command, Seen& seen) {
    return std::visit(
        [&](const auto& c) {
          const auto expected = model_.step(c);
          const auto actual = host_.step(c);
          if constexpr (std::is_same_v<std::decay_t<decltype(c)>, GetComputedBlocks<S>>) {
            if (expected) seen.hit = expected.value().num_computed_tokens;
          }
          if constexpr (std::is_same_v<std::decay_t<decltype(c)>, AllocateSlots<S>>) {
            if (expected && expected.value().result) {
              for (const BlockList<S>& added : *expected.value().result) {
                seen.blocks.insert(seen.blocks.end(), added.begin(), added.end());
              }
            }
          }
          if (expected) ++accepted_;
          return expected == actual;
        },
        command);
  }
  bool views_agree() const { return model_.view() == host_.view() && shows_what_it_dumps(); }
  std::size_t accepted() const { return accepted_; }

 private:
  // What the invariants walk is what the view lists.
  bool shows_what_it_dumps() const {
    const View<S> view = host_.view();
    bool same = true;
    for (GroupId g = 0; g < host_.num_groups(); ++g) {
      std::size_t tables = 0;
      host_.walk_tables(g, [&](std::string_view req, const auto& table, const auto&, Count) {
        ++tables;
        const auto& listed = view.state.managers[g].req_blocks;
        const auto found = std::ranges::find_if(listed, [&](const auto& entry) { return entry.req == req; });
        same = same && found != listed.end() && std::ranges::equal(found->value, table);
      });
      same = same && tables == view.state.managers[g].req_blocks.size();
    }
    std::size_t requests = 0;
    host_.walk_requests([&](std::string_view req, Count num_tokens, Count num_hashes) {
      ++requests;
      const auto found = std::ranges::find_if(view.requests, [&](const auto& entry) { return entry.req == req; });
      same = same && found != view.requests.end() && found->num_tokens == num_tokens &&
             found->block_hashes.size() == num_hashes;
    });
    same = same && requests == view.requests.size();
    std::size_t held = 0;
    for (BlockId b = 0; b < host_.num_blocks(); ++b) held += host_.held(b) > 0 ? 1 : 0;
    return same && held == view.held.size();
  }

  model::HostModel model_;
  host::Manager host_;
  std::size_t accepted_ = 0;
};

// Covers: ALLOC-02, ALLOC-03, ALLOC-05, ALLOC-08, ALLOC-10, ALLOC-11, ALLOC-16, ALLOC-18, CACHE-02, CACHE-03, CACHE-04
// Covers: LOOK-12, LOOK-13, LOOK-14, LOOK-15, MAMBA-02, MAMBA-03, MAMBA-04, MAMBA-05, FREE-07, FREE-09, HASH-10
TEST(HostCorners, AreAsTheModelHasThem) {
  constexpr unsigned runs = 16;
  constexpr int commands = 200;
  for (Corner& corner : corners()) {
    for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
      corner.config.semantics = semantics;
      std::size_t accepted = 0;
      for (unsigned seed = 1; seed <= runs; ++seed) {
        Beside both(corner.config);
        Caller caller(corner.config, seed);
        for (int i = 0; i < commands; ++i) {
          const Command<S> command = caller.next();
          Seen seen;
          ASSERT_TRUE(both.perform(command, seen)) << corner.name << ", seed " << seed << ", command " << i;
          caller.saw(command, seen);
          if (i % 5 != 4) continue;
          ASSERT_TRUE(both.views_agree()) << corner.name << ", seed " << seed << ", command " << i;
        }
        accepted += both.accepted();
      }
      EXPECT_GT(accepted, runs * commands / 3) << corner.name;
    }
  }
}

}  // namespace
}  // namespace kvspec
