#include "fuzz/precise_clause.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <variant>

#include "fuzz/any_group.hpp"
#include "spec/trace/responsible_clause.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

bool has(std::string_view path, std::string_view part) { return path.find(part) != path.npos; }

// The group that a path such as result[1].size() or state.managers[0].req_blocks leads to.
const GroupSpec* group_of(const Config<S>& config, std::string_view path) {
  for (const std::string_view list : {"managers[", "result[", "blocks["}) {
    const std::size_t place = path.find(list);
    if (place == path.npos) continue;
    std::size_t g = config.groups.size();
    std::from_chars(path.data() + place + list.size(), path.data() + path.size(), g);
    if (g < config.groups.size()) return &config.groups[g];
  }
  return config.groups.size() == 1 ? &config.groups.front() : nullptr;
}

bool skips(const GroupSpec& group) { return !is_full_attention(group.kind) && group.kind != GroupKind::cross; }
bool is_window(const GroupSpec& group) { return is_sliding_window(group.kind); }
bool has_eagle(const Config<S>& config) {
  return any_group(config, [&](const GroupSpec& group) { return config.is_eagle(group); });
}

// Whether a number of tokens is one that ends at a scheduler block.
bool is_aligned(const Config<S>& config, std::string_view num_tokens) {
  std::int64_t tokens = 0;
  std::from_chars(num_tokens.data(), num_tokens.data() + num_tokens.size(), tokens);
  return tokens % config.scheduler_block_size == 0;
}

// How long a hit is. A length that all groups have in common shows as the number of tokens; where that agrees, a group
// has another length than the common one.
Clause of_hit_length(const Config<S>& config, const Counterexample& found) {
  if (config.groups.size() > 1) {
    if (found.path != "num_computed_tokens") return Clause::look_15;
    if (!has_eagle(config)) return Clause::look_12;
    return is_aligned(config, found.actual) ? Clause::look_14 : Clause::look_04;
  }
  if (config.groups.empty()) return Clause::look_03;
  if (has_eagle(config)) return Clause::look_04;
  return clause_of_hit(config.groups.front().kind);
}

bool is_length(std::string_view path) { return path == "num_computed_tokens" || path.ends_with(".size()"); }

// Which blocks a hit consists of. Where one side has the null block it is not about which copy of a block is found.
Clause of_hit_blocks(const Config<S>& config, const Counterexample& found) {
  const GroupSpec* const group = group_of(config, found.path);
  const bool is_look_up = found.command && std::holds_alternative<GetComputedBlocks<S>>(*found.command);
  if (!is_look_up || group == nullptr || (found.expected == "0") == (found.actual == "0")) return found.clause;
  if (config.groups.size() > 1 && has_eagle(config)) return Clause::look_14;
  return clause_of_hit(group->kind);
}

// The hit of a group that does not have full attention. Where both sides have a block it is about which copy is found.
Clause of_other_hit(const Config<S>& config, const Counterexample& found) {
  const bool is_look_up = found.command && std::holds_alternative<GetComputedBlocks<S>>(*found.command);
  if (!is_look_up) return found.clause;
  if (is_length(found.path)) return of_hit_length(config, found);
  if (found.path.empty() || (found.expected == "0") != (found.actual == "0")) return of_hit_blocks(config, found);
  return Clause::pool_09;
}

// What a table consists of. A block where the other side has the null block is one that is skipped on one side alone.
Clause of_table(const Config<S>& config, const Counterexample& found) {
  if (has(found.path, "req_blocks") && (found.expected == "0") != (found.actual == "0")) return Clause::free_07;
  if (found.path == "num_free") return any_group(config, skips) ? Clause::free_07 : found.clause;
  const GroupSpec* const group = group_of(config, found.path);
  if (group == nullptr) return found.clause;
  if (group->kind == GroupKind::cross) return Clause::alloc_17;
  if (group->mamba_cache_mode == MambaCacheMode::align) return Clause::mamba_03;
  if (group->num_speculative_blocks.value_or(0) > 0) return Clause::mamba_01;
  if (config.dcp_world_size * config.pcp_world_size > 1) return Clause::alloc_14;
  return found.clause;
}

// Whether an allocation is refused. Where a hit is taken in the step in which the last block of it may have been
// cached, that is at issue; a step that starts in between would not have been left otherwise.
Clause of_need(const Failure& failure) {
  const Config<S>& config = failure.config;
  const Counterexample& found = failure.counterexample;
  const AllocateSlots<S>* const command = found.command ? std::get_if<AllocateSlots<S>>(&*found.command) : nullptr;
  const bool takes_hit = command != nullptr && command->new_computed_blocks == PassedHit::computed;
  const auto starts_step = [](const Command<S>& c) { return std::holds_alternative<NewStepStarts<S>>(c); };
  const auto has_states = [](const GroupSpec& group) { return group.kind == GroupKind::mamba; };
  if (takes_hit && any_group(config, has_states) && std::ranges::none_of(failure.commands, starts_step)) {
    return Clause::mamba_02;
  }
  const auto aligns = [](const GroupSpec& group) { return group.mamba_cache_mode == MambaCacheMode::align; };
  return any_group(config, aligns) ? Clause::mamba_04 : found.clause;
}

// What is cached, and up to where; of several blocks under a key, which they are and which comes first.
Clause of_caching(const Config<S>& config, const Counterexample& found) {
  const bool is_of_a_block = has(found.path, "state.hashes");
  const bool are_both_there = found.expected != "absent" && found.actual != "absent";
  if (is_of_a_block && are_both_there) return Clause::hash_10;
  if (has(found.path, "dups[") && are_both_there && !is_length(found.path)) return Clause::pool_09;
  const bool in_the_index = is_of_a_block || has(found.path, "dups") || has(found.path, "cached_map_size");
  if (in_the_index && any_group(config, is_window)) {
    return config.retention_interval ? Clause::cache_09 : Clause::cache_08;
  }
  return config.groups.size() > 1 ? Clause::cache_07 : found.clause;
}

// What the hash of a block that was appended lacks. One item alone is the last one: which come before it is not at
// issue.
Clause of_appended_hash(const Commands& commands) {
  std::size_t most = 0;
  for (const Command<S>& command : commands) {
    const AddRequest<S>* const add = std::get_if<AddRequest<S>>(&command);
    if (add != nullptr && add->mm) most = std::max(most, add->mm->size());
  }
  return most == 0 ? Clause::hash_01 : most == 1 ? Clause::hash_07 : Clause::hash_08;
}

}  // namespace

Clause precise_clause(const Failure& failure) {
  const Config<S>& config = failure.config;
  const Counterexample& found = failure.counterexample;
  // No part of an answer is at issue.
  if (found.kind == Disagreement::error || found.kind == Disagreement::protocol) return found.clause;
  switch (found.clause) {
    case Clause::look_03:
      return of_hit_length(config, found);
    case Clause::look_07:
    case Clause::look_09:
    case Clause::look_10:
      return of_other_hit(config, found);
    case Clause::pool_09:
      return of_hit_blocks(config, found);
    case Clause::alloc_11:
    case Clause::alloc_12:
      return of_table(config, found);
    case Clause::alloc_07:
    case Clause::alloc_09:
      return of_need(failure);
    case Clause::alloc_13:
    case Clause::cache_01:
      return of_caching(config, found);
    case Clause::free_01:
      return has(found.path, "free_queue") && any_group(config, is_window) ? Clause::free_08 : found.clause;
    case Clause::hash_08:
      return of_appended_hash(failure.commands);
    case Clause::pool_03:  // what is taken shows in the answer, so it is what was skipped
      return has(found.path, "free_queue") && any_group(config, skips) ? Clause::free_07 : found.clause;
    default:
      return found.clause;
  }
}

Clause precise_clause(const Failure& failure, const Oracle& oracle) {
  const Counterexample& found = failure.counterexample;
  const Clause clause = precise_clause(failure);
  if (found.kind != Disagreement::protocol || found.step >= failure.commands.size()) return clause;
  Commands commands = failure.commands;
  AllocateSlots<S>* const allocate = std::get_if<AllocateSlots<S>>(&commands[found.step]);
  if (allocate == nullptr || allocate->delay_cache_blocks) return clause;
  allocate->delay_cache_blocks = true;
  return oracle(failure.config, commands) ? clause : Clause::alloc_13;
}

}  // namespace kvspec::fuzz
