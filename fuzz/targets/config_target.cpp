// Any configuration. The clauses CONF-* are said here once more, each alone and without an order: a configuration is
// accepted exactly when it breaks none, and the clause that a rejection names is one that it breaks. It survives being
// written as JSON. If it is small enough to be built, model and host both build it or both reject it, and serve a few
// steps of a scheduler in lockstep.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <ranges>
#include <sstream>

#include "fuzz/clause_set.hpp"
#include "fuzz/expected.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/report.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/targets/commands_input.hpp"
#include "fuzz/targets/targets.hpp"
#include "spec/config.hpp"
#include "spec/trace/bytes.hpp"
#include "spec/trace/json.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;
__extension__ using Wide = __int128;  // products of any two members

constexpr std::uint64_t steps_served = 24;
constexpr std::int64_t most_blocks_built = 1024;
constexpr std::int64_t most_digests_built = std::int64_t{1} << 16;

constexpr std::int64_t largest_block = 1048576;
constexpr std::int64_t most_tokens = 2147483647;

bool is_between(Wide value, Wide low, Wide high) { return value >= low && value <= high; }
bool is_multiple(std::int64_t value, std::int64_t of) { return of > 0 && value % of == 0; }
template <class T>
bool is_absent_or_between(const std::optional<T>& value, std::int64_t low, std::int64_t high) {
  return !value || is_between(*value, low, high);
}

bool is_window(const GroupSpec& group) { return group.kind == GroupKind::swa || group.kind == GroupKind::swa_mla; }
bool is_full(const GroupSpec& group) { return group.kind == GroupKind::full || group.kind == GroupKind::mla; }

// A product that does not fit is as wrong as the largest that does.
Wide times(Wide a, Wide b) {
  Wide product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  constexpr Wide largest = Wide{1} << 126;
  return (a < 0) == (b < 0) ? largest : -largest;
}

Wide world(const Config<S>& config) { return Wide{config.dcp_world_size} * config.pcp_world_size; }

bool breaks_conf_02(const Config<S>& config) {
  const auto is_wrong = [&](const GroupSpec& group) {
    return !is_between(group.block_size, 1, largest_block) ||
           !is_between(times(world(config), group.block_size), 1, largest_block);
  };
  return !is_between(config.hash_block_size, 1, largest_block) || std::ranges::any_of(config.groups, is_wrong);
}

bool breaks_conf_03(const Config<S>& config) {
  return config.enable_caching && config.groups.size() == 1 &&
         times(world(config), config.groups[0].block_size) != config.hash_block_size;
}

bool breaks_conf_04(const Config<S>& config) {
  const auto is_wrong = [&](const GroupSpec& group) {
    const Wide size = times(world(config), group.block_size);
    if (config.hash_block_size <= 0 || size % config.hash_block_size != 0) return true;
    return times(size / config.hash_block_size, config.num_blocks) > (Wide{1} << 32);
  };
  return config.enable_caching && std::ranges::any_of(config.groups, is_wrong);
}

bool breaks_conf_05(const Config<S>& config) {
  const std::int64_t size = config.scheduler_block_size;
  return !is_between(size, 1, most_tokens) || !is_multiple(size, config.hash_block_size) ||
         std::ranges::any_of(config.groups,
                             [&](const GroupSpec& group) { return !is_multiple(size, group.block_size); });
}

bool is_one_spec(const GroupSpec& a, const GroupSpec& b) {
  return a.kind == b.kind && a.block_size == b.block_size && a.sliding_window == b.sliding_window &&
         a.attention_chunk_size == b.attention_chunk_size && a.mamba_cache_mode == b.mamba_cache_mode &&
         a.num_speculative_blocks.value_or(0) == b.num_speculative_blocks.value_or(0) && a.head_size == b.head_size;
}

bool breaks_conf_06(const Config<S>& config) {
  if (!config.enable_caching) return false;
  if (config.groups.empty()) return true;
  const auto is_first = [&](const GroupSpec& group) { return is_one_spec(group, config.groups.front()); };
  return config.groups.size() > 1 && std::ranges::all_of(config.groups, is_first);
}

bool breaks_conf_07(const Config<S>& config) {
  if (!config.retention_interval) return false;
  return std::ranges::none_of(config.groups, is_window) || *config.retention_interval < 0 ||
         !is_multiple(*config.retention_interval, config.scheduler_block_size);
}

bool breaks_conf_09(const Config<S>& config) {
  constexpr std::int64_t most = 1024;
  if (!is_between(config.dcp_world_size, 1, most) || !is_between(config.pcp_world_size, 1, most)) return true;
  if (world(config) == 1) return false;
  return !std::ranges::all_of(config.groups, is_full) || (config.enable_caching && config.groups.size() > 1);
}

bool breaks_conf_10(const GroupSpec& group) {
  const bool is_mamba = group.kind == GroupKind::mamba;
  return group.sliding_window.has_value() != is_window(group) ||
         group.attention_chunk_size.has_value() != (group.kind == GroupKind::chunked) ||
         group.mamba_cache_mode.has_value() != is_mamba || (group.num_speculative_blocks && !is_mamba) ||
         !is_absent_or_between(group.sliding_window, 1, most_tokens) ||
         !is_absent_or_between(group.attention_chunk_size, 1, most_tokens) ||
         !is_absent_or_between(group.num_speculative_blocks, 0, largest_block) ||
         !is_absent_or_between(group.head_size, 1, most_tokens);
}

// A flag counts for its own group; use_eagle without any flag for every group.
bool is_eagle(const Config<S>& config, const GroupSpec& group) {
  const auto is_flagged = [](const GroupSpec& other) { return other.is_eagle_group == true; };
  return is_flagged(group) || (config.use_eagle && std::ranges::none_of(config.groups, is_flagged));
}

bool breaks_conf_13(const Config<S>& config) {
  const auto is_wrong = [&](const GroupSpec& group) {
    if (group.kind == GroupKind::cross) return true;
    if (group.kind != GroupKind::chunked) return false;
    return is_eagle(config, group) || (config.groups.size() > 1 && group.block_size != config.scheduler_block_size);
  };
  return config.enable_caching && std::ranges::any_of(config.groups, is_wrong);
}

ClauseSet broken_clauses(const Config<S>& config) {
  ClauseSet broken;
  const auto check = [&](Clause clause, bool is_broken) {
    if (is_broken) broken.add(clause);
  };
  check(Clause::conf_01, !is_between(config.num_blocks, 1, 16777216));
  check(Clause::conf_02, breaks_conf_02(config));
  check(Clause::conf_03, breaks_conf_03(config));
  check(Clause::conf_04, breaks_conf_04(config));
  check(Clause::conf_05, breaks_conf_05(config));
  check(Clause::conf_06, breaks_conf_06(config));
  check(Clause::conf_07, breaks_conf_07(config));
  check(Clause::conf_08, !is_between(config.max_model_len, 1, most_tokens) ||
                             !is_absent_or_between(config.max_num_batched_tokens, 1, most_tokens));
  check(Clause::conf_09, breaks_conf_09(config));
  check(Clause::conf_10, std::ranges::any_of(config.groups, breaks_conf_10));
  check(Clause::conf_11, config.none_hash && config.none_hash->size != 16 && config.none_hash->size != 32);
  check(Clause::conf_12, !is_absent_or_between(config.hash_bits, 1, 256));
  check(Clause::conf_13, breaks_conf_13(config));
  return broken;
}

bool is_small(const Config<S>& config) {
  if (config.num_blocks > most_blocks_built) return false;
  return std::ranges::all_of(config.groups, [&](const GroupSpec& group) {
    return config.hash_block_size > 0 && times(times(world(config), group.block_size) / config.hash_block_size,
                                               config.num_blocks) <= most_digests_built;
  });
}

void serve(const Config<S>& config, std::uint64_t seed) {
  Random random(seed);
  const Scenario scenario{.config = config, .features = random_features(random), .seed = random.next()};
  ClauseSet tolerated;
  if (!config.is_sound()) {
    for (const Breach& breach : all_breaches()) tolerated.add(breach.invariant);
  }
  Commands commands;
  const auto found =
      run_model_and_host(scenario, steps_served,
                         {.view_period = usual_view_period, .tolerated = tolerated, .recording = &commands})
          .counterexample;
  if (!found) return;
  const Failure failure{.config = config, .commands = commands, .counterexample = *found};
  require(false, "model and host disagree", report(failure, {}));
}

}  // namespace

void run_config_input(InputBytes bytes) {
  ByteSource source(bytes);
  const Config<S> config = decode_config(source);
  const Result<Done> valid = validate(config);
  const ClauseSet broken = broken_clauses(config);
  require(valid.ok() == broken.empty(), "accepted or not, against the clauses", to_json(config) + " " + broken.ids());
  require(valid.ok() || broken.has(valid.error().clause), "rejected for a clause that holds", to_json(config));
  const auto again = config_from_json(to_json(config));
  require(again.ok() && again.value() == config, "JSON loses", to_json(config));
  // Rejected configurations are built too: by neither.
  if (is_small(config)) serve(config, bytes.size());
}

std::string show_config_input(InputBytes bytes) {
  ByteSource source(bytes);
  return to_trace_text({.config = decode_config(source), .commands = {}});
}

}  // namespace kvspec::fuzz
