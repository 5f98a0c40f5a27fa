// Bugs put into the model on purpose, one line each, in the place of an implementation. A check that cannot find them
// shows nothing, so each must be found and shrunk.
//
// A bug overrides step() for the commands it spoils; every other command goes to the model. Bugs are told apart at run
// time, so that the checks are compiled once for all of them.
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

// No bug: every command goes to the model.
struct Correct {
  explicit constexpr Correct(std::string_view name) : name(name) {}

  std::string_view name;

  // Whether answers alone, without a view, can show the bug.
  virtual bool shows_in_a_trace() const { return true; }
  virtual Config<S> configure(const Config<S>& config) const { return config; }

  // The commands that some bug spoils.
  virtual Result<AddRequest<S>::Observation> step(Model& m, const AddRequest<S>& c) const { return m.step(c); }
  virtual Result<GetComputedBlocks<S>::Observation> step(Model& m, const GetComputedBlocks<S>& c) const {
    return m.step(c);
  }
  virtual Result<AllocateSlots<S>::Observation> step(Model& m, const AllocateSlots<S>& c) const { return m.step(c); }
  virtual Result<Free<S>::Observation> step(Model& m, const Free<S>& c) const { return m.step(c); }
  virtual Result<Done> step(Model& m, const EvictBlocks<S>& c) const { return m.step(c); }
  virtual Result<ResetPrefixCache<S>::Observation> step(Model& m, const ResetPrefixCache<S>& c) const {
    return m.step(c);
  }
  virtual Result<GetNumCommonPrefixBlocks<S>::Observation> step(Model& m, const GetNumCommonPrefixBlocks<S>& c) const {
    return m.step(c);
  }
  virtual Result<Free<S>::Observation> step(Model& m, const PoolFreeBlocks<S>& c) const { return m.step(c); }
};
inline constexpr Correct correct{"nothing"};

// A model with a bug.
class Planted : public Model {
 public:
  // What create() plants: a system is made from a configuration alone.
  static inline const Correct* bug = &correct;

  Planted() = default;
  static Result<Planted> create(const Config<S>& config) {
    Result<Model> model = Model::create(bug->configure(config));
    if (!model) return model.error();
    return Planted(std::move(model.value()));
  }

  template <class C>
  Result<typename C::Observation> step(const C& command) {
    if constexpr (requires { bug_->step(*this, command); }) {
      return bug_->step(*this, command);
    } else {
      return Model::step(command);
    }
  }

 private:
  explicit Planted(Model model) : Model(std::move(model)) {}

  const Correct* bug_ = bug;
};

// Freeing a request appends its blocks from the first to the last. [FREE-01]
struct FreesForwards final : Correct {
  constexpr FreesForwards() : Correct("frees in forward order") {}
  using Correct::step;
  Result<Free<S>::Observation> step(Model& model, const Free<S>& command) const override {
    const Count before = model.num_free();
    auto result = model.step(command);
    auto& queue = state_of(model).pool.free_queue;
    std::reverse(queue.begin() + before, queue.end());
    return result;
  }
};

// A hit is not taken out of the free queue. [POOL-05]
struct ForgetsTouch final : Correct {
  constexpr ForgetsTouch() : Correct("forgets to touch a hit") {}
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& command) const override {
    const auto queue = state_of(model).pool.free_queue;
    auto result = model.step(command);
    if (command.num_new_computed_tokens == 0 || !result.ok() || !result.value().result) return result;
    auto& now = state_of(model).pool.free_queue;
    for (const BlockId b : queue) {
      const bool allocated = std::ranges::count(result.value().result->at(0), b) > 0;
      if (!allocated && std::ranges::count(now, b) == 0) now.push_back(b);
    }
    return result;
  }
};

// The last block of a hit is kept with EAGLE. [LOOK-04]
struct KeepsEagleBlock final : Correct {
  constexpr KeepsEagleBlock() : Correct("keeps the last block with EAGLE") {}
  Config<S> configure(const Config<S>& given) const override {
    Config<S> config = given;
    config.use_eagle = false;
    return config;
  }
};

// A block that joins others under its key becomes the one that look-ups return. [POOL-09]
struct PrefersNewestDuplicate final : Correct {
  constexpr PrefersNewestDuplicate() : Correct("returns the newest duplicate") {}
  using Correct::step;
  Result<GetComputedBlocks<S>::Observation> step(Model& model, const GetComputedBlocks<S>& command) const override {
    const auto index = state_of(model).pool.index;
    for (auto& entry : state_of(model).pool.index.entries) std::ranges::reverse(entry.blocks);
    auto result = model.step(command);
    state_of(model).pool.index = index;
    return result;
  }
};

// Evicting a block removes another one from its key. [POOL-10]
struct EvictsWrongDuplicate final : Correct {
  constexpr EvictsWrongDuplicate() : Correct("evicts the wrong duplicate") {}
  using Correct::step;
  Result<Done> step(Model& model, const EvictBlocks<S>& command) const override {
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
struct IgnoresLookahead final : Correct {
  constexpr IgnoresLookahead() : Correct("ignores look-ahead") {}
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& given) const override {
    AllocateSlots<S> command = given;
    command.num_lookahead_tokens = 0;
    return model.step(command);
  }
};

// The admission gate is open. [ALLOC-07]
struct IgnoresGate final : Correct {
  constexpr IgnoresGate() : Correct("ignores the admission gate") {}
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& given) const override {
    AllocateSlots<S> command = given;
    command.full_sequence_must_fit = false;
    return model.step(command);
  }
};

// Blocks are cached although the load has not ended. [ALLOC-13]
struct IgnoresDelay final : Correct {
  constexpr IgnoresDelay() : Correct("caches at once although told to delay") {}
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& given) const override {
    AllocateSlots<S> command = given;
    command.delay_cache_blocks = false;
    return model.step(command);
  }
};

// Requests with different salts share blocks. [HASH-06]
struct IgnoresSalt final : Correct {
  constexpr IgnoresSalt() : Correct("ignores the cache salt") {}
  using Correct::step;
  Result<AddRequest<S>::Observation> step(Model& model, const AddRequest<S>& given) const override {
    AddRequest<S> command = given;
    command.cache_salt.reset();
    return model.step(command);
  }
};

// A look-up for a preempted request counts as a first one. [STAT-01]
struct MixesPreempted final : Correct {
  constexpr MixesPreempted() : Correct("counts preempted look-ups as first ones") {}
  using Correct::step;
  Result<GetComputedBlocks<S>::Observation> step(Model& model, const GetComputedBlocks<S>& given) const override {
    GetComputedBlocks<S> command = given;
    command.num_preemptions = 0;
    return model.step(command);
  }
};

// Blocks that a pool-level command prepends are appended. [POOL-07]
struct NeverPrepends final : Correct {
  constexpr NeverPrepends() : Correct("appends where it should prepend") {}
  using Correct::step;
  Result<Free<S>::Observation> step(Model& model, const PoolFreeBlocks<S>& given) const override {
    PoolFreeBlocks<S> command = given;
    command.prepend = false;
    return model.step(command);
  }
};

// Asking for a common prefix makes no table. [FREE-06]
struct MakesNoTable final : Correct {
  constexpr MakesNoTable() : Correct("makes no table when asked for a common prefix") {}
  using Correct::step;
  Result<GetNumCommonPrefixBlocks<S>::Observation> step(Model& model,
                                                        const GetNumCommonPrefixBlocks<S>& command) const override {
    auto result = model.step(command);
    for (auto& group : state_of(model).groups) {
      std::erase_if(group.tables, [](const auto& table) { return table.blocks.empty(); });
    }
    return result;
  }
};

// A command that is refused as wrong is performed in part: the request's hit is forgotten. (errors change nothing)
struct ForgetsOnError final : Correct {
  constexpr ForgetsOnError() : Correct("changes the state on an error") {}
  bool shows_in_a_trace() const override { return false; }
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& command) const override {
    auto result = model.step(command);
    auto* request = state_of(model).find(command.req);
    if (!result.ok() && request != nullptr) request->hit.reset();
    return result;
  }
};

// A refused allocation takes the hit all the same. [ALLOC-09]
struct TouchesOnRefusal final : Correct {
  constexpr TouchesOnRefusal() : Correct("takes a free block on a refusal") {}
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& command) const override {
    auto result = model.step(command);
    auto& queue = state_of(model).pool.free_queue;
    if (result.ok() && !result.value().result && queue.size() > 1) std::swap(queue.front(), queue.back());
    return result;
  }
};

// A reset does not say so to consumers. [EVENT-05]
struct SilentReset final : Correct {
  constexpr SilentReset() : Correct("resets without an event") {}
  using Correct::step;
  Result<ResetPrefixCache<S>::Observation> step(Model& model, const ResetPrefixCache<S>& command) const override {
    auto result = model.step(command);
    auto& events = state_of(model).pool.events;
    if (result.value().result && !events.empty()) events.pop_back();
    return result;
  }
};

// A sequence may grow beyond the longest one. [ALLOC-12, I21]
struct ForgetsModelLength final : Correct {
  constexpr ForgetsModelLength() : Correct("does not stop look-ahead at the longest sequence") {}
  using Correct::step;
  Result<AllocateSlots<S>::Observation> step(Model& model, const AllocateSlots<S>& command) const override {
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
struct RejectsEverything final : Correct {
  constexpr RejectsEverything() : Correct("rejects every configuration") {}
  Config<S> configure(const Config<S>& given) const override {
    Config<S> config = given;
    config.num_blocks = 0;
    return config;
  }
};

}  // namespace kvspec::planted
