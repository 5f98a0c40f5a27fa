// Bugs put into the model on purpose, one line each, in the place of an implementation. A check that cannot find them
// shows nothing, so each must be found and shrunk.
//
// A bug overloads step() for the commands it spoils; every other command goes to the model. Those of single group kinds
// are in planted_kind_bugs.hpp.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>

#include "model/manager.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"

namespace kvspec::planted {

using S = Growing;
using Model = model::HostModel;
using State = model::State<S, model::ExactHashing>;

// The model's state, to be spoiled. No manager here is a constant.
inline State& state_of(Model& model) { return const_cast<State&>(model.state()); }

// The model's own step, compiled once for all bugs.
template <class C>
[[gnu::noinline]] Result<typename C::Observation> model_step(Model& model, const C& command) {
  return model.step(command);
}

struct Correct {
  static constexpr std::string_view name = "none";
  // Whether answers alone, without a view, can show the bug.
  static constexpr bool shows_in_a_trace = true;
  // The family of scenarios it is looked for in; empty for all.
  static constexpr std::string_view preset = "";

  static Config<S> configure(const Config<S>& config) { return config; }
  template <class C>
  auto step(Model& model, const C& command) {
    return model_step(model, command);
  }
};

// Freeing a request appends its blocks from the first to the last. [FREE-01]
struct FreesForwards : Correct {
  static constexpr std::string_view name = "frees in forward order";
  using Correct::step;
  auto step(Model& model, const Free<S>& command) {
    const Count before = model.num_free();
    auto result = model.step(command);
    auto& queue = state_of(model).pool.free_queue;
    std::reverse(queue.begin() + before, queue.end());
    return result;
  }
};

// A hit is not taken out of the free queue. [POOL-05]
struct ForgetsTouch : Correct {
  static constexpr std::string_view name = "forgets to touch a hit";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    const auto queue = state_of(model).pool.free_queue;
    auto result = model.step(command);
    if (command.num_new_computed_tokens == 0 || !result.ok() || !result.value().result) return result;
    auto& now = state_of(model).pool.free_queue;
    for (const BlockId b : queue) {
      bool allocated = false;
      for (const auto& blocks : *result.value().result) allocated = allocated || std::ranges::count(blocks, b) > 0;
      if (!allocated && std::ranges::count(now, b) == 0) now.push_back(b);
    }
    return result;
  }
};

// The last block of a hit is kept with EAGLE. [LOOK-04]
struct KeepsEagleBlock : Correct {
  static constexpr std::string_view name = "keeps the last block with EAGLE";
  static Config<S> configure(Config<S> config) {
    config.use_eagle = false;
    for (GroupSpec& group : config.groups) group.is_eagle_group.reset();
    return config;
  }
};

// A block that joins others under its key becomes the one that look-ups return. [POOL-09]
struct PrefersNewestDuplicate : Correct {
  static constexpr std::string_view name = "returns the newest duplicate";
  using Correct::step;
  auto step(Model& model, const GetComputedBlocks<S>& command) {
    const auto index = state_of(model).pool.index;
    for (auto& entry : state_of(model).pool.index.entries) std::ranges::reverse(entry.blocks);
    auto result = model.step(command);
    state_of(model).pool.index = index;
    return result;
  }
};

// Evicting a block removes another one from its key. [POOL-10]
struct EvictsWrongDuplicate : Correct {
  static constexpr std::string_view name = "evicts the wrong duplicate";
  using Correct::step;
  auto step(Model& model, const EvictBlocks<S>& command) {
    EvictBlocks<S> wrong = command;
    for (BlockId& b : wrong.block_ids) {
      if (b >= model.num_blocks() || !model.has_hash(b)) continue;
      for (const auto& entry : model.state().pool.index.entries) {
        if (std::ranges::count(entry.blocks, b) > 0) b = entry.blocks.front();
      }
    }
    return model.step(wrong);
  }
};

// The slots for a drafter are not counted. [ALLOC-12]
struct IgnoresLookahead : Correct {
  static constexpr std::string_view name = "ignores look-ahead";
  using Correct::step;
  auto step(Model& model, AllocateSlots<S> command) {
    command.num_lookahead_tokens = 0;
    return model.step(command);
  }
};

// The admission gate is open. [ALLOC-07]
struct IgnoresGate : Correct {
  static constexpr std::string_view name = "ignores the admission gate";
  using Correct::step;
  auto step(Model& model, AllocateSlots<S> command) {
    command.full_sequence_must_fit = false;
    return model.step(command);
  }
};

// Blocks are cached although the load has not ended. [ALLOC-13]
struct IgnoresDelay : Correct {
  static constexpr std::string_view name = "caches at once although told to delay";
  using Correct::step;
  auto step(Model& model, AllocateSlots<S> command) {
    command.delay_cache_blocks = false;
    return model.step(command);
  }
};

// Requests with different salts share blocks. [HASH-06]
struct IgnoresSalt : Correct {
  static constexpr std::string_view name = "ignores the cache salt";
  using Correct::step;
  auto step(Model& model, AddRequest<S> command) {
    command.cache_salt.reset();
    return model.step(command);
  }
};

// A look-up for a preempted request counts as a first one. [STAT-01]
struct MixesPreempted : Correct {
  static constexpr std::string_view name = "counts preempted look-ups as first ones";
  using Correct::step;
  auto step(Model& model, GetComputedBlocks<S> command) {
    command.num_preemptions = 0;
    return model.step(command);
  }
};

// Blocks that a pool-level command prepends are appended. [POOL-07]
struct NeverPrepends : Correct {
  static constexpr std::string_view name = "appends where it should prepend";
  static constexpr std::string_view preset = "pool";
  using Correct::step;
  auto step(Model& model, PoolFreeBlocks<S> command) {
    command.prepend = false;
    return model.step(command);
  }
};

// Asking for a common prefix makes an empty table, which counts as one. [FREE-06]
struct MakesATable : Correct {
  static constexpr std::string_view name = "makes a table when asked for a common prefix";
  using Correct::step;
  auto step(Model& model, const GetNumCommonPrefixBlocks<S>& command) {
    auto result = model.step(command);
    if (!result.ok()) return result;
    for (auto& group : state_of(model).groups) group.at(command.req);
    return result;
  }
};

// A command that is refused as wrong is performed in part: the request's hit is forgotten. (errors change nothing)
struct ForgetsOnError : Correct {
  static constexpr std::string_view name = "changes the state on an error";
  static constexpr bool shows_in_a_trace = false;
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    auto result = model.step(command);
    auto* request = state_of(model).find(command.req);
    if (!result.ok() && request != nullptr) request->hit.reset();
    return result;
  }
};

// A refused allocation takes the hit all the same. [ALLOC-09]
struct TouchesOnRefusal : Correct {
  static constexpr std::string_view name = "takes a free block on a refusal";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    auto result = model.step(command);
    auto& queue = state_of(model).pool.free_queue;
    if (result.ok() && !result.value().result && queue.size() > 1) std::swap(queue.front(), queue.back());
    return result;
  }
};

// A reset does not say so to consumers. [EVENT-05]
struct SilentReset : Correct {
  static constexpr std::string_view name = "resets without an event";
  using Correct::step;
  auto step(Model& model, const ResetPrefixCache<S>& command) {
    auto result = model.step(command);
    auto& events = state_of(model).pool.events;
    if (result.value().result && !events.empty()) events.pop_back();
    return result;
  }
};

// A sequence may grow beyond the longest one. [ALLOC-12, I21]
struct ForgetsModelLength : Correct {
  static constexpr std::string_view name = "does not stop look-ahead at the longest sequence";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    State& state = state_of(model);
    const std::int64_t length = state.config.max_model_len;
    const std::int64_t end = std::int64_t{command.req_num_computed_tokens} + command.num_new_computed_tokens +
                             command.num_external_computed_tokens + command.num_new_tokens;
    if (end <= length) state.config.max_model_len += command.num_lookahead_tokens;
    auto result = model.step(command);
    state.config.max_model_len = length;
    return result;
  }
};

// A valid configuration is rejected. [CONF-01]
struct RejectsEverything : Correct {
  static constexpr std::string_view name = "rejects every configuration";
  static Config<S> configure(Config<S> config) {
    config.num_blocks = 0;
    return config;
  }
};

}  // namespace kvspec::planted
