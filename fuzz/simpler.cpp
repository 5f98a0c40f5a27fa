// What is simpler than a command or a configuration, member by member and derived from their descriptions: an absent
// optional, a smaller number, a shorter list, a false flag, a first enumerator.
#include <cstddef>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/shrink.hpp"
#include "spec/reflect.hpp"

namespace kvspec::fuzz {

namespace {

// Each overload calls f() for every simpler value, with the value in place, and puts the old one back.
template <class T, class F>
void for_each_simpler(T& value, F&& f);

template <class T, class F>
void with(T& place, T value, F&& f) {
  std::swap(place, value);
  f();
  std::swap(place, value);
}

template <class N, class F>
void simpler_numbers(N& value, F&& f) {
  if (value == N{0}) return;
  with(value, N{0}, f);
  if (value == N{1}) return;
  with(value, N{1}, f);
  if (value < N{0}) return;
  if (value / 2 > N{1}) with(value, static_cast<N>(value / 2), f);
  if (value > N{2}) with(value, static_cast<N>(value - 1), f);
}

// Shorter by a half, a quarter, ... from the end, then by each single element.
template <class List, class F>
void shorter_lists(List& list, F&& f) {
  for (std::size_t part = list.size(); part > 1; part /= 2) {
    with(list, List(list.begin(), list.end() - static_cast<std::ptrdiff_t>(part)), f);
  }
  constexpr std::size_t few = 8;
  const std::size_t first = list.size() > few ? list.size() - 1 : 0;
  for (std::size_t i = list.size(); i > first; --i) {
    List shorter = list;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i - 1));
    with(list, std::move(shorter), f);
  }
}

template <class F>
void simpler_tokens(TokenList<Growing>& tokens, F&& f) {
  shorter_lists(tokens, f);
  TokenList<Growing> counting(tokens.size());
  for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<Token>(i + 1);
  if (tokens != counting) with(tokens, std::move(counting), f);
}

template <class F>
void simpler_embeds(PromptEmbeds<Growing>& embeds, F&& f) {
  const std::size_t rows = embeds.width == 0 ? 0 : embeds.values.size() / embeds.width;
  if (embeds.width > 1) with(embeds, PromptEmbeds<Growing>{FloatList<Growing>(rows, 0.0f), 1}, f);
  if (rows > 1) {
    PromptEmbeds<Growing> shorter = embeds;
    shorter.values.resize((rows - 1) * embeds.width);
    with(embeds, std::move(shorter), f);
  }
}

template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;

template <class T, class F>
void for_each_simpler(T& value, F&& f) {
  if constexpr (is_optional<T>) {
    if (!value) return;
    with(value, T{}, f);
    for_each_simpler(*value, f);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (value) with(value, false, f);
  } else if constexpr (std::is_enum_v<T>) {
    if (value != T{}) with(value, T{}, f);
  } else if constexpr (std::is_integral_v<T>) {
    simpler_numbers(value, f);
  } else if constexpr (std::is_same_v<T, TokenList<Growing>>) {
    simpler_tokens(value, f);
  } else if constexpr (is_list<T>) {
    shorter_lists(value, f);
    for (auto& element : value) for_each_simpler(element, f);
  } else if constexpr (std::is_same_v<T, PromptEmbeds<Growing>>) {
    simpler_embeds(value, f);
  } else if constexpr (Reflected<T>) {
    for_each_member(value, [&](std::string_view, auto& member) { for_each_simpler(member, f); });
  }
  // Texts and digests are left as they are: they are names, not sizes.
}

// A prompt that loses tokens loses rows of its embeddings with them.
template <class F>
void shorter_prompt_with_rows(AddRequest<Growing>& command, F&& f) {
  if (!command.prompt_embeds || command.tokens.size() < 2) return;
  AddRequest<Growing> shorter = command;
  shorter.tokens.pop_back();
  shorter.prompt_embeds->values.resize(shorter.tokens.size() * shorter.prompt_embeds->width);
  with(command, std::move(shorter), f);
}

// A command may become a simpler one of another kind: the same pressure on the pool with fewer arguments. And tokens
// that were hit or loaded may be computed instead.
void other_kinds(const Command<Growing>& command, std::vector<Command<Growing>>& simpler) {
  const auto* allocate = std::get_if<AllocateSlots<Growing>>(&command);
  if (allocate == nullptr) return;
  PoolGetNewBlocks<Growing> take{};
  for (const Count n : {1U, 2U, 3U, 4U, 6U, 8U}) {
    take.num_blocks = n;
    simpler.emplace_back(take);
  }
  AllocateSlots<Growing> computed = *allocate;
  computed.num_new_tokens += std::exchange(computed.num_external_computed_tokens, 0);
  if (computed != *allocate) simpler.emplace_back(computed);
  computed.num_new_tokens += std::exchange(computed.num_new_computed_tokens, 0);
  computed.new_computed_blocks = PassedHit::none;
  if (computed != *allocate) simpler.emplace_back(computed);
}

// The sizes that follow from the groups, as small as they can be.
Config<Growing> fitted(Config<Growing> config) {
  if (config.groups.empty()) return config;
  std::int64_t multiple = 1;
  std::int64_t divisor = 0;
  for (const GroupSpec& group : config.groups) {
    if (config.effective_block_size(group) < 1) return config;
    multiple = std::lcm(multiple, config.effective_block_size(group));
    divisor = std::gcd(divisor, config.effective_block_size(group));
  }
  config.scheduler_block_size = multiple;
  config.hash_block_size = divisor;
  if (config.retention_interval) {
    const std::int64_t segments = (*config.retention_interval + multiple - 1) / multiple;
    config.retention_interval = segments * multiple;
  }
  return config;
}

// A group of full attention in its place.
GroupSpec plain(const GroupSpec& group) {
  GroupSpec simpler{};
  simpler.block_size = group.block_size;
  return simpler;
}

template <class F>
void simpler_groups(Config<Growing>& config, F&& f) {
  for (std::size_t i = 0; i < config.groups.size(); ++i) {
    GroupSpecList<Growing> fewer = config.groups;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    with(config.groups, std::move(fewer), f);
  }
  GroupSpecList<Growing> halved = config.groups;
  for (GroupSpec& group : halved) group.block_size = (group.block_size + 1) / 2;
  if (halved != config.groups) with(config.groups, std::move(halved), f);
  for (GroupSpec& group : config.groups) {
    if (group.kind != GroupKind::full) with(group, plain(group), f);
    for_each_simpler(group, f);
  }
}

}  // namespace

std::vector<Command<Growing>> simpler_commands(const Command<Growing>& command) {
  std::vector<Command<Growing>> simpler;
  Command<Growing> copy = command;
  const auto keep = [&] { simpler.push_back(copy); };
  std::visit(
      [&](auto& c) {
        for_each_simpler(c, keep);
        if constexpr (std::is_same_v<decltype(c), AddRequest<Growing>&>) shorter_prompt_with_rows(c, keep);
      },
      copy);
  other_kinds(command, simpler);
  return simpler;
}

std::vector<Config<Growing>> simpler_configs(const Config<Growing>& config) {
  std::vector<Config<Growing>> simpler;
  Config<Growing> copy = config;
  const auto keep = [&] { simpler.push_back(copy); };
  // The sizes that belong together are changed together, or stay.
  const auto keep_fitted = [&] {
    simpler.push_back(fitted(copy));
    keep();
  };
  simpler_groups(copy, keep_fitted);
  for_each_simpler(copy.dcp_world_size, keep_fitted);
  for_each_simpler(copy.pcp_world_size, keep_fitted);
  if (fitted(copy) != copy) simpler.push_back(fitted(copy));
  for_each_simpler(copy.retention_interval, keep_fitted);
  for_each_simpler(copy.num_blocks, keep);
  for_each_simpler(copy.max_model_len, keep);
  for_each_simpler(copy.max_num_batched_tokens, keep);
  for_each_simpler(copy.use_eagle, keep);
  for_each_simpler(copy.events, keep);
  for_each_simpler(copy.hash_fn, keep);
  for_each_simpler(copy.none_hash, keep);
  for_each_simpler(copy.hash_bits, keep);
  for_each_simpler(copy.log_stats, keep);
  return simpler;
}

}  // namespace kvspec::fuzz
