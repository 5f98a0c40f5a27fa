// Planted bugs of single group kinds and of groups together. Most of them are a rule applied with a wrong parameter,
// which is changed in the model for the time of one command.
#pragma once

#include <algorithm>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tests/properties/planted_bugs.hpp"

namespace kvspec::planted {

// Changes the model, performs the command, and undoes the change: change(state) returns what undoes it.
template <class C, class Change>
auto step_with(Model& model, const C& command, Change&& change) {
  auto undo = change(state_of(model));
  auto result = model.step(command);
  undo(state_of(model));
  return result;
}

// change(spec) for every group, for the time of the command.
template <class C, class Change>
auto step_with_specs(Model& model, const C& command, Change&& change) {
  return step_with(model, command, [&](State& state) {
    std::vector<GroupSpec> specs;
    for (auto& group : state.groups) {
      specs.push_back(group.spec);
      change(group.spec);
    }
    return [specs = std::move(specs)](State& after) {
      for (std::size_t g = 0; g < specs.size(); ++g) after.groups[g].spec = specs[g];
    };
  });
}

template <class C, class T>
auto step_with_config(Model& model, const C& command, T Config<S>::* member, T value) {
  return step_with(model, command, [&](State& state) {
    const T before = std::exchange(state.config.*member, value);
    return [member, before](State& after) { after.config.*member = before; };
  });
}

// A token falls out of a window one step too early. [FREE-04]
struct SkipsTooMuch : Correct {
  static constexpr std::string_view name = "skips a token too many";
  static constexpr std::string_view preset = "swa";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    return step_with_specs(model, command, [](GroupSpec& spec) {
      if (spec.sliding_window.value_or(1) > 1) --*spec.sliding_window;
    });
  }
};

// The run of blocks that a window needs is rounded down. [LOOK-07]
struct NeedsShorterRun : Correct {
  static constexpr std::string_view name = "rounds the run in a window down";
  static constexpr std::string_view preset = "full_2swa";
  using Correct::step;
  auto step(Model& model, const GetComputedBlocks<S>& command) {
    return step_with_specs(model, command, [](GroupSpec& spec) {
      if (!spec.sliding_window) return;
      spec.sliding_window = (*spec.sliding_window - 1) / spec.block_size * spec.block_size + 1;
    });
  }
};

// Null blocks of a hit are counted as if they had to be taken from the free queue. [ALLOC-08]
struct CountsNullBlocks : Correct {
  static constexpr std::string_view name = "counts null blocks as needed";
  static constexpr std::string_view preset = "full_swa";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    const Model before = model;
    auto result = model.step(command);
    const auto* request = before.state().find(command.req);
    if (!result.ok() || !result.value().result || request == nullptr || !request->hit) return result;
    if (command.new_computed_blocks != PassedHit::computed) return result;
    std::ptrdiff_t nulls = 0;
    for (const auto& blocks : request->hit->blocks) nulls += std::ranges::count(blocks, null_block);
    if (std::ptrdiff_t{model.num_free()} >= nulls) return result;
    model = before;
    result.value().result.reset();
    result.value().num_free = model.num_free();
    return result;
  }
};

// A request resumes from a state that is only computed in this step. [MAMBA-02]
struct ResumesAtOnce : Correct {
  static constexpr std::string_view name = "resumes from a state of the same step";
  static constexpr std::string_view preset = "mamba_all";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    std::vector<BlockKeyList<S>> cached;
    for (auto& group : state_of(model).groups) cached.push_back(std::exchange(group.cached_this_step, {}));
    auto result = model.step(command);
    for (std::size_t g = 0; g < cached.size(); ++g) {
      auto& now = state_of(model).groups[g].cached_this_step;
      now.insert(now.begin(), cached[g].begin(), cached[g].end());
    }
    return result;
  }
};

// Hits of several groups end anywhere. [LOOK-03]
struct DoesNotAlign : Correct {
  static constexpr std::string_view name = "does not cut hits to the alignment";
  static constexpr std::string_view preset = "full_swa_lcm";
  using Correct::step;
  auto step(Model& model, const GetComputedBlocks<S>& command) {
    return step_with_config(model, command, &Config<S>::scheduler_block_size, model.state().config.hash_block_size);
  }
};

// Several groups cache as far as a single one would. [CACHE-07]
struct CachesUnaligned : Correct {
  static constexpr std::string_view name = "caches beyond the last scheduler block";
  static constexpr std::string_view preset = "full_mamba_lcm";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    return step_with_config(model, command, &Config<S>::scheduler_block_size, model.state().config.hash_block_size);
  }
};

// The blocks that a window caches are not shifted in an EAGLE group. [CACHE-08]
struct MasksOffByOne : Correct {
  static constexpr std::string_view name = "caches the wrong block of an EAGLE window";
  static constexpr std::string_view preset = "full_swa_eagle";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    return step_with(model, command, [](State& state) {
      std::vector<bool> drops;
      for (auto& group : state.groups) {
        drops.push_back(group.drops_last_block);
        group.drops_last_block = group.drops_last_block && !is_sliding_window(group.spec.kind);
      }
      return [drops](State& after) {
        for (std::size_t g = 0; g < drops.size(); ++g) after.groups[g].drops_last_block = drops[g];
      };
    });
  }
};

// Blocks are kept although an interval says which. [CACHE-09]
struct IgnoresRetention : Correct {
  static constexpr std::string_view name = "ignores the retention interval";
  static constexpr std::string_view preset = "full_swa_retention";
  static Config<S> configure(Config<S> config) {
    config.retention_interval.reset();
    return config;
  }
};

// The blocks of a window are freed as those of full attention are. [FREE-08]
struct FreesWindowsLikeFullAttention : Correct {
  static constexpr std::string_view name = "frees a window like full attention";
  static constexpr std::string_view preset = "swa_swa";
  using Correct::step;
  auto step(Model& model, const Free<S>& command) {
    return step_with_specs(model, command, [](GroupSpec& spec) {
      if (is_sliding_window(spec.kind)) spec.kind = GroupKind::full;
    });
  }
};

// Blocks of skipped tokens go to the tail of the free queue, whether they are cached or not. [FREE-07]
struct FreesUncachedLast : Correct {
  static constexpr std::string_view name = "frees skipped blocks to the tail";
  static constexpr std::string_view preset = "chunked";
  using Correct::step;
  auto step(Model& model, const RemoveSkippedBlocks<S>& command) {
    const std::size_t before = model.state().pool.free_queue.size();
    auto result = model.step(command);
    auto& queue = state_of(model).pool.free_queue;
    const auto added = static_cast<std::ptrdiff_t>(queue.size() - before);
    if (added > 0 && !model.has_hash(queue.front())) std::rotate(queue.begin(), queue.begin() + added, queue.end());
    return result;
  }
};

// The encoder's tokens get no blocks. [ALLOC-17]
struct IgnoresEncoder : Correct {
  static constexpr std::string_view name = "ignores the encoder";
  static constexpr std::string_view preset = "nocache_cross";
  using Correct::step;
  auto step(Model& model, AllocateSlots<S> command) {
    command.num_encoder_tokens = 0;
    return model.step(command);
  }
};

// The admission gate reckons with steps of any size, so a long prompt waits for blocks that it never needs at once.
// [ALLOC-16]
struct CapsTooHigh : Correct {
  static constexpr bool shows_in_a_trace = false;  // which has no place for the number in an error
  static constexpr std::string_view name = "gates a window by the whole prompt";
  static constexpr std::string_view preset = "swa";
  using Correct::step;
  auto step(Model& model, const AllocateSlots<S>& command) {
    return step_with_config(model, command, &Config<S>::max_num_batched_tokens, std::optional<std::int64_t>{});
  }
};

// Blocks before the chunk have to be cached to be a hit. [LOOK-09]
struct AsksBeforeChunk : Correct {
  static constexpr std::string_view name = "asks for blocks before the chunk";
  static constexpr std::string_view preset = "full_chunked";
  using Correct::step;
  auto step(Model& model, const GetComputedBlocks<S>& command) {
    return step_with_specs(model, command, [](GroupSpec& spec) {
      if (spec.attention_chunk_size) spec.attention_chunk_size = std::numeric_limits<std::int32_t>::max();
    });
  }
};

// Appended tokens are hashed with the last item only. [HASH-08]
struct ForgetsItems : Correct {
  static constexpr std::string_view name = "forgets items when tokens are appended";
  static constexpr std::string_view preset = "multimodal";
  using Correct::step;
  auto step(Model& model, const AppendTokens<S>& command) {
    return step_with_config(model, command, &Config<S>::semantics, std::optional<Semantics>(Semantics::recorded));
  }
};

// A LoRA name and a cache salt that are equal texts are equal keys. [HASH-06]
struct MixesLoraAndSalt : Correct {
  static constexpr std::string_view name = "takes a LoRA name for a salt";
  static constexpr std::string_view preset = "multimodal";
  using Correct::step;
  auto step(Model& model, const AddRequest<S>& command) {
    return step_with_config(model, command, &Config<S>::semantics, std::optional<Semantics>(Semantics::recorded));
  }
};

// The blocks for speculative states are forgotten. [MAMBA-01, MAMBA-03]
struct DropsSpeculative : Correct {
  static constexpr std::string_view name = "forgets the speculative blocks";
  static constexpr std::string_view preset = "full_mamba_all_spec";
  static Config<S> configure(Config<S> config) {
    for (GroupSpec& group : config.groups) group.num_speculative_blocks.reset();
    return config;
  }
};

}  // namespace kvspec::planted
