#include "fuzz/expected.hpp"

#include <algorithm>
#include <utility>

#include "fuzz/any_group.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/watch/non_theorems.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

bool has_two_full_specs(const Config<S>& config) {
  const auto is_full = [](const GroupSpec& group) { return is_full_attention(group.kind); };
  const auto first = std::ranges::find_if(config.groups, is_full);
  return any_group(config, [&](const GroupSpec& group) { return is_full(group) && !group.same_spec(*first); });
}

// The flag of one group counts for all groups of its spec. [LOOK-04]
bool has_eagle_state(const Config<S>& config) {
  return any_group(config, [&](const GroupSpec& group) {
    return group.kind == GroupKind::mamba &&
           any_group(config, [&](const GroupSpec& other) { return other.same_spec(group) && config.is_eagle(other); });
  });
}

}  // namespace

std::vector<Breach> all_breaches() {
  std::vector<Breach> breaches;
  for (const NonTheorem& entry : non_theorems) {
    for (const Clause invariant : entry.broken()) breaches.push_back({entry.deviation, invariant});
  }
  return breaches;
}

bool can_deviate(Clause deviation, const Config<Growing>& config) {
  const auto has_kind = [&](auto matches) { return any_group(config, matches); };
  switch (deviation) {
    case Clause::dev_01:
      return config.groups.size() > 1;
    case Clause::dev_02:
      return config.groups.size() > 1 && has_eagle_state(config);
    case Clause::dev_03:
    case Clause::dev_13:
    case Clause::dev_14:
      return has_kind([](const GroupSpec& group) { return group.mamba_cache_mode == MambaCacheMode::align; });
    case Clause::dev_07:
      return has_two_full_specs(config);
    case Clause::dev_08:
      return has_kind([](const GroupSpec& group) { return group.sliding_window == 1; });
    case Clause::dev_10:
      return has_kind([](const GroupSpec& group) { return is_full_attention(group.kind); });
    case Clause::dev_11:
      return config.log_stats.value_or(true);
    case Clause::dev_12:
      return config.events;
    default:
      return true;
  }
}

bool follows_from_breach(const Failure& failure, const Oracle& strict) {
  const std::optional<Counterexample> first = strict(failure.config, failure.commands);
  if (!first || first->kind != Disagreement::invariant || same_cause(*first, failure.counterexample)) return false;
  return is_non_theorem(first->clause);
}

Oracle recorded_only(Oracle oracle) {
  return [oracle = std::move(oracle)](const Config<Growing>& config, const Commands& commands) {
    std::optional<Counterexample> found = oracle(config, commands);
    Config<Growing> sound = config;
    sound.semantics = Semantics::sound;
    if (found && oracle(sound, commands)) found.reset();
    return found;
  };
}

std::optional<Breach> explain(const Failure& failure) {
  const Counterexample& found = failure.counterexample;
  if (found.kind != Disagreement::invariant || failure.config.is_sound()) return {};
  std::vector<Clause> all;
  for (const NonTheorem& entry : non_theorems) all.push_back(entry.deviation);
  const auto breaks = [&](const std::vector<Clause>& deviations) {
    return host_breaks(found.clause, deviations, failure.config, failure.commands);
  };
  if (!breaks(all)) return {};  // no deviation is behind it
  std::optional<Breach> needed;
  for (const Breach& breach : all_breaches()) {
    if (breach.invariant != found.clause || !can_deviate(breach.deviation, failure.config)) continue;
    if (breaks({breach.deviation})) return breach;
    // Another deviation may have led to the state in which this one shows.
    std::vector<Clause> others = all;
    std::erase(others, breach.deviation);
    if (!needed && !breaks(others)) needed = breach;
  }
  return needed;
}

Explained shrink_and_explain(const Failure& as_found, const Oracle& oracle, std::size_t most_replays) {
  const Oracle recorded = recorded_only(oracle);
  if (!recorded(as_found.config, as_found.commands)) return {as_found, explain(as_found)};
  Explained shrunk{.failure = shrink(as_found.config, as_found.commands, recorded, most_replays)};
  shrunk.breach = explain(shrunk.failure);
  if (shrunk.breach) return shrunk;

  const std::optional<Breach> breach = explain(as_found);
  if (!breach) return shrunk;
  const Oracle explained = [&](const Config<Growing>& config, const Commands& commands) {
    std::optional<Counterexample> found = recorded(config, commands);
    if (found && explain({.config = config, .commands = commands, .counterexample = *found}) != breach) found.reset();
    return found;
  };
  if (!explained(as_found.config, as_found.commands)) return shrunk;
  return {shrink(as_found.config, as_found.commands, explained, most_replays), breach};
}

}  // namespace kvspec::fuzz
