// Configurations and commands in few words, for tests of the watch: systems of blocks of one token, requests that are
// added, looked up and given slots, and the first thing that goes wrong when a system does that beside itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "fuzz/run.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::watched {

using fuzz::Commands;
using fuzz::Counterexample;
using S = Growing;

inline GroupSpec group(GroupKind kind, std::int64_t block_size) {
  GroupSpec spec{};
  spec.kind = kind;
  spec.block_size = block_size;
  return spec;
}
inline GroupSpec full(std::int64_t block_size = 1) { return group(GroupKind::full, block_size); }
inline GroupSpec window(std::int64_t tokens, std::int64_t block_size = 1) {
  GroupSpec spec = group(GroupKind::swa, block_size);
  spec.sliding_window = tokens;
  return spec;
}
inline GroupSpec mamba(MambaCacheMode mode, std::int64_t speculative = 0) {
  GroupSpec spec = group(GroupKind::mamba, 1);
  spec.mamba_cache_mode = mode;
  spec.num_speculative_blocks = speculative;
  return spec;
}

inline Config<S> config_of(std::initializer_list<GroupSpec> groups, std::int64_t num_blocks = 32) {
  Config<S> config = single_group_config<S>(GroupKind::full, 1, num_blocks, 64);
  config.groups = groups;
  config.hash_block_size = config.groups[0].block_size;
  for (const GroupSpec& spec : groups) {
    config.hash_block_size = std::min(config.hash_block_size, spec.block_size);
    config.scheduler_block_size = std::max(config.scheduler_block_size, spec.block_size);
  }
  return config;
}

inline TokenList<S> tokens(Token first, Token last) {
  TokenList<S> list;
  for (Token token = first; token <= last; ++token) list.push_back(token);
  return list;
}

inline AddRequest<S> add(std::string req, TokenList<S> list) {
  AddRequest<S> c{};
  c.req = std::move(req);
  c.tokens = std::move(list);
  return c;
}
inline AppendTokens<S> append(std::string req, TokenList<S> list) {
  AppendTokens<S> c{};
  c.req = std::move(req);
  c.tokens = std::move(list);
  return c;
}
inline GetComputedBlocks<S> look_up(std::string req) {
  GetComputedBlocks<S> c{};
  c.req = std::move(req);
  return c;
}
inline AllocateSlots<S> allocate(std::string req, Count computed, Count num_new) {
  AllocateSlots<S> c{};
  c.req = std::move(req);
  c.req_num_computed_tokens = computed;
  c.num_new_tokens = num_new;
  return c;
}
// The first allocation, with what the look-up before it found.
inline AllocateSlots<S> admit(std::string req, Count hit, Count num_new, Count external = 0) {
  AllocateSlots<S> c = allocate(std::move(req), 0, num_new);
  c.num_new_computed_tokens = hit;
  if (hit > 0) c.new_computed_blocks = PassedHit::computed;
  c.num_external_computed_tokens = external;
  return c;
}
inline Free<S> free(std::string req, bool drop = false) {
  Free<S> c{};
  c.req = std::move(req);
  c.drop = drop;
  return c;
}
inline EvictBlocks<S> evict(BlockId b) {
  EvictBlocks<S> c{};
  c.block_ids = {b};
  return c;
}
inline GetNumCommonPrefixBlocks<S> common_prefix(std::string req) {
  GetNumCommonPrefixBlocks<S> c{};
  c.req = std::move(req);
  return c;
}

template <class System>
std::optional<Counterexample> run(const Config<S>& config, const Commands& commands) {
  return fuzz::run_commands<System, System>(config, commands);
}

inline std::string text(const std::optional<Counterexample>& found) {
  if (!found) return "nothing is broken";
  return std::string(describe(found->clause).id) + " at command " + std::to_string(found->step + 1) + ": " +
         found->actual;
}

}  // namespace kvspec::watched
