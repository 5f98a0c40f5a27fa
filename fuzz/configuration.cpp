#include "fuzz/configuration.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace kvspec::fuzz {

namespace {

// With longer sequences a run of a few thousand commands meets too few of them.
constexpr std::int64_t usual_model_len = 96;
constexpr std::int64_t usual_blocks = 24;
constexpr std::int64_t most_groups = 5;

template <class T, std::size_t N>
T one_of(Random& random, const std::array<T, N>& values) {
  return values[random.below(static_cast<std::uint32_t>(N))];
}

Digest random_digest(Random& random) {
  Digest digest;
  digest.size = random.chance(1, 2) ? 32 : 16;
  for (std::uint8_t i = 0; i < digest.size; ++i) digest.bytes[i] = static_cast<std::uint8_t>(random.below(256));
  return digest;
}

std::int64_t random_window(Random& random, std::int64_t block_size) {
  switch (random.below(8)) {
    case 0:
      return 1;
    case 1:
      return random.between(1, block_size);
    case 2:
      return 16 * block_size + random.between(0, usual_model_len);  // longer than most prompts
    default: {
      const std::int64_t whole_blocks = random.between(1, 3) * block_size;
      return std::max<std::int64_t>(1, whole_blocks + random.between(-1, 2));
    }
  }
}

bool has_kind(const Config<Growing>& config, GroupKind kind) {
  return std::ranges::find(config.groups, kind, &GroupSpec::kind) != config.groups.end();
}

bool has_window(const Config<Growing>& config) {
  return has_kind(config, GroupKind::swa) || has_kind(config, GroupKind::swa_mla);
}

// Whether prefill has to end at scheduler blocks, so that a step needs at least one.
bool is_aligned(const Config<Growing>& config) {
  return std::ranges::find(config.groups, MambaCacheMode::align, &GroupSpec::mamba_cache_mode) != config.groups.end();
}

bool all_have_one_spec(const GroupSpecs& groups) {
  return std::ranges::all_of(groups, [&](const GroupSpec& group) { return group.same_spec(groups[0]); });
}

std::int64_t common_multiple(const GroupSpecs& groups) {
  std::int64_t multiple = 1;
  for (const GroupSpec& group : groups) multiple = std::lcm(multiple, group.block_size);
  return multiple;
}

std::int64_t common_divisor(const GroupSpecs& groups) {
  std::int64_t divisor = 0;
  for (const GroupSpec& group : groups) divisor = std::gcd(divisor, group.block_size);
  return divisor;
}

std::int64_t some_divisor(Random& random, std::int64_t n) {
  std::int64_t divisor = random.between(1, n);
  while (n % divisor != 0) --divisor;
  return divisor;
}

// A chunk that started within a block would be hit where nothing was looked for, so chunks are whole blocks.
void resize_chunks(GroupSpecs& groups) {
  const std::int64_t multiple = common_multiple(groups);
  for (GroupSpec& group : groups) {
    if (group.kind != GroupKind::chunked) continue;
    group.block_size = multiple;
    const std::int64_t blocks = (*group.attention_chunk_size + multiple - 1) / multiple;
    group.attention_chunk_size = blocks * multiple;
  }
}

// Groups that validate() would not take together become groups that it takes.
void reconcile(Config<Growing>& config) {
  GroupSpecs& groups = config.groups;
  const bool all_full = std::ranges::all_of(groups, is_full_attention, &GroupSpec::kind);
  const bool one_at_most = groups.size() == 1 || !config.enable_caching;
  if (!all_full || !one_at_most) config.dcp_world_size = config.pcp_world_size = 1;
  if (!config.enable_caching) return;
  resize_chunks(groups);
  if (groups.size() == 1 || !all_have_one_spec(groups)) return;
  GroupSpec other{};
  other.kind = groups[0].kind == GroupKind::full ? GroupKind::mla : GroupKind::full;
  other.block_size = groups[0].block_size;
  groups.back() = other;
}

void draw_block_sizes(Config<Growing>& config, Random& random) {
  const GroupSpecs& groups = config.groups;
  const std::int64_t world = config.dcp_world_size * config.pcp_world_size;
  const std::int64_t multiple = common_multiple(groups) * world;
  // Hits are cut to a larger scheduler block; a chunked group among others does not allow one.
  const bool may_grow = !has_kind(config, GroupKind::chunked);
  config.scheduler_block_size = may_grow && random.chance(1, 8) ? multiple * random.between(2, 3) : multiple;
  if (!config.enable_caching) {
    config.hash_block_size = some_divisor(random, config.scheduler_block_size);
  } else if (groups.size() == 1) {
    config.hash_block_size = multiple;
  } else {
    const std::int64_t divisor = common_divisor(groups);
    config.hash_block_size = random.chance(1, 3) ? some_divisor(random, divisor) : divisor;
  }
}

void draw_eagle(Config<Growing>& config, Random& random, Eagle eagle) {
  if (eagle == Eagle::any) {
    constexpr std::array kinds{Eagle::off, Eagle::off, Eagle::off, Eagle::all, Eagle::one, Eagle::several};
    eagle = one_of(random, kinds);
  }
  std::vector<GroupSpec*> candidates;
  for (GroupSpec& group : config.groups) {
    group.is_eagle_group.reset();
    if (group.kind != GroupKind::chunked) candidates.push_back(&group);
  }
  // No chunked group may drop its last block, so another one has to be flagged in its place. [CONF-13]
  if (eagle == Eagle::all && candidates.size() < config.groups.size()) eagle = Eagle::one;
  if (candidates.empty()) eagle = Eagle::off;
  // A flag counts although use_eagle is off.
  config.use_eagle = eagle != Eagle::off && (eagle == Eagle::all || random.chance(3, 4));
  if (eagle != Eagle::one && eagle != Eagle::several) return;
  const std::uint32_t chosen = random.below(static_cast<std::uint32_t>(candidates.size()));
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    const bool more = eagle == Eagle::several && random.chance(1, 2);
    if (i == chosen || more) {
      candidates[i]->is_eagle_group = true;
    } else if (random.chance(1, 4)) {
      candidates[i]->is_eagle_group = false;
    }
  }
}

// Blocks that a sequence of the longest length holds at most, roughly.
std::int64_t blocks_of_longest(const Config<Growing>& config) {
  std::int64_t blocks = 0;
  for (const GroupSpec& group : config.groups) {
    const std::int64_t size = config.effective_block_size(group);
    const std::int64_t whole = (config.max_model_len + size - 1) / size;
    const std::int64_t kept = group.sliding_window.value_or(group.attention_chunk_size.value_or(config.max_model_len));
    blocks += std::min(whole, kept / size + 3) + group.num_speculative_blocks.value_or(0);
  }
  return std::max<std::int64_t>(blocks, 1);
}

void draw_budget(Config<Growing>& config, Random& random) {
  config.max_num_batched_tokens.reset();
  if (random.chance(1, 2)) return;
  const std::int64_t least = is_aligned(config) ? config.scheduler_block_size : 1;
  config.max_num_batched_tokens = random.between(least, 4 * config.scheduler_block_size + 2);
}

void draw_retention(Config<Growing>& config, Random& random) {
  config.retention_interval.reset();
  if (!has_window(config) || random.chance(3, 5)) return;
  config.retention_interval = random.chance(1, 3) ? 0 : config.scheduler_block_size * random.between(1, 3);
}

}  // namespace

std::int64_t random_block_size(Random& random) {
  constexpr std::array<std::int64_t, 8> sizes{1, 2, 2, 3, 4, 4, 5, 8};
  return one_of(random, sizes);
}

GroupSpec window_group(GroupKind kind, std::int64_t block_size, std::int64_t window) {
  GroupSpec group{};
  group.kind = kind;
  group.block_size = block_size;
  group.sliding_window = window;
  return group;
}

GroupSpec mamba_group(MambaCacheMode mode, std::int64_t block_size, std::int64_t num_speculative_blocks) {
  GroupSpec group{};
  group.kind = GroupKind::mamba;
  group.block_size = block_size;
  group.mamba_cache_mode = mode;
  if (num_speculative_blocks > 0) group.num_speculative_blocks = num_speculative_blocks;
  return group;
}

GroupSpec random_group(Random& random, GroupKind kind, std::int64_t block_size) {
  if (is_sliding_window(kind)) return window_group(kind, block_size, random_window(random, block_size));
  if (kind == GroupKind::mamba) {
    constexpr std::array modes{MambaCacheMode::none, MambaCacheMode::align, MambaCacheMode::align, MambaCacheMode::all};
    const MambaCacheMode mode = one_of(random, modes);
    return mamba_group(mode, block_size, random.chance(1, 2) ? random.between(1, 3) : 0);
  }
  GroupSpec group{};
  group.kind = kind;
  group.block_size = block_size;
  if (kind == GroupKind::chunked) {
    group.attention_chunk_size = random.chance(1, 4) ? random.between(1, 3 * block_size + 1)  // any number of tokens
                                                     : random.between(1, 3) * block_size;
  }
  return group;
}

GroupSpecs random_groups(Random& random, bool enable_caching) {
  constexpr std::array kinds{GroupKind::full,  GroupKind::full, GroupKind::mla,     GroupKind::swa,
                             GroupKind::swa,   GroupKind::swa,  GroupKind::swa_mla, GroupKind::chunked,
                             GroupKind::mamba, GroupKind::mamba};
  constexpr std::array<std::int64_t, 5> bases{1, 2, 2, 3, 4};
  constexpr std::array<std::int64_t, 6> factors{1, 1, 1, 2, 2, 4};
  const std::int64_t base = one_of(random, bases);
  const bool one_size = random.chance(1, 3);
  GroupSpecs groups;
  for (std::int64_t i = random.between(1, most_groups); i > 0; --i) {
    if (!groups.empty() && random.chance(1, 4)) {  // layers of one kind in several groups
      const GroupSpec same = groups[random.below(static_cast<std::uint32_t>(groups.size()))];
      groups.push_back(same);
      continue;
    }
    const std::int64_t size = base * (one_size ? 1 : one_of(random, factors));
    const bool cross = !enable_caching && random.chance(1, 5);
    groups.push_back(random_group(random, cross ? GroupKind::cross : one_of(random, kinds), size));
    if (random.chance(1, 8)) groups.back().head_size = random.between(1, 128);
  }
  return groups;
}

void resize_model_len(Config<Growing>& config, Random& random, std::int64_t low, std::int64_t high) {
  const std::int64_t blocks = random.between(low, high);
  config.max_model_len = std::max<std::int64_t>(2, blocks * config.scheduler_block_size + random.between(-1, 1));
}

void resize_pool(Config<Growing>& config, std::int64_t percent) {
  config.num_blocks = 1 + std::max<std::int64_t>(1, blocks_of_longest(config) * percent / 100);
}

void set_groups(Config<Growing>& config, Random& random, GroupSpecs groups, Eagle eagle) {
  config.groups = std::move(groups);
  reconcile(config);
  draw_block_sizes(config, random);
  draw_eagle(config, random, eagle);
  draw_budget(config, random);
  draw_retention(config, random);
  const std::int64_t most = std::clamp<std::int64_t>(usual_model_len / config.scheduler_block_size, 3, 10);
  resize_model_len(config, random, 2, most);
  resize_pool(config, random.chance(1, 6) ? random.between(20, 100) : random.between(100, 450));
  // The more blocks, the longer each check of the invariants; what takes a large pool is the family `large`.
  const std::int64_t most_blocks = std::max(1 + blocks_of_longest(config), usual_blocks);
  config.num_blocks = std::min(config.num_blocks, most_blocks);
}

Config<Growing> random_config(Random& random) {
  Config<Growing> config = single_group_config<Growing>(random.chance(1, 4) ? GroupKind::mla : GroupKind::full, 1, 1);
  config.semantics = Semantics::sound;
  if (random.chance(1, 8)) config.dcp_world_size = random.between(1, 3);
  if (random.chance(1, 12)) config.pcp_world_size = 2;
  if (random.chance(1, 8)) config.none_hash = random_digest(random);
  config.enable_caching = !random.chance(1, 12);
  config.events = random.chance(2, 3);
  config.events_int_hashes = random.chance(2, 3);
  constexpr std::array functions{HashFunction::sha256, HashFunction::sha256_cbor, HashFunction::xxhash,
                                 HashFunction::xxhash_cbor};
  config.hash_fn = one_of(random, functions);
  if (random.chance(1, 8)) config.hash_bits = random.between(2, 8);
  if (random.chance(1, 8)) config.log_stats = random.chance(1, 2);
  GroupSpecs groups = config.groups;
  groups[0].block_size = random_block_size(random);
  if (random.chance(1, 8)) groups[0].head_size = random.between(1, 128);
  set_groups(config, random, std::move(groups));
  return config;
}

void spoil(Config<Growing>& config, Random& random) {
  const auto some_group = [&]() -> GroupSpec& {
    if (config.groups.empty()) config.groups.push_back(random_group(random, GroupKind::full, 2));
    return config.groups[random.below(static_cast<std::uint32_t>(config.groups.size()))];
  };
  for (std::uint32_t times = 1 + random.below(2); times > 0; --times) {
    switch (random.below(18)) {
      case 0:
        config.num_blocks = random.chance(1, 2) ? 0 : config_limits::max_blocks + 1;
        break;
      case 1:
        config.hash_block_size = random.between(0, 2 * config.scheduler_block_size);
        break;
      case 2:
        config.scheduler_block_size = random.between(0, 2 * config.scheduler_block_size);
        break;
      case 3:
        some_group().block_size = random.between(0, 9);
        break;
      case 4:
        config.groups.clear();
        break;
      case 5:
        config.groups.assign(2, some_group());
        break;
      case 6:
        config.retention_interval = random.between(-1, 2 * config.scheduler_block_size);
        break;
      case 7:
        config.max_model_len = random.between(-1, 0);
        break;
      case 8:
        config.max_num_batched_tokens = random.chance(1, 2) ? 0 : config_limits::max_tokens + 1;
        break;
      case 9:
        config.dcp_world_size = random.between(0, 3);
        break;
      case 10:
        config.pcp_world_size = random.chance(1, 2) ? config_limits::max_world_size + 1 : 2;
        break;
      case 11:
        some_group().sliding_window = random.between(0, 3);
        break;
      case 12:
        some_group().attention_chunk_size = random.between(0, 3);
        break;
      case 13:
        some_group().num_speculative_blocks = random.between(-1, 3);
        break;
      case 14:
        some_group().kind = static_cast<GroupKind>(random.below(7));
        break;
      case 15:
        config.groups.push_back(random_group(random, random.chance(1, 2) ? GroupKind::cross : GroupKind::chunked, 2));
        break;
      case 16:
        config.hash_bits = random.chance(1, 2) ? 0 : 257;
        break;
      default:
        some_group().is_eagle_group = true;
        break;
    }
  }
}

}  // namespace kvspec::fuzz
