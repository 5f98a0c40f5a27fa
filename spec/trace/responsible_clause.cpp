#include "spec/trace/responsible_clause.hpp"

#include <charconv>
#include <initializer_list>
#include <variant>

namespace kvspec {
namespace {

using S = Growing;

// The first row whose text occurs in a path counts, so rows go from the special to the general.
struct Row {
  std::string_view part;  // of the path; empty: any
  Clause clause;
};

Clause first_row(std::string_view path, std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    if (path.find(row.part) != path.npos) return row.clause;
  }
  return rows.end()[-1].clause;
}

bool takes_hit(const AllocateSlots<S>& c) { return c.num_new_computed_tokens > 0; }

Clause clause_of_event(std::string_view path) {
  return first_row(path, {{"kv_cache_spec", Clause::event_06},
                          {"events.size()", Clause::event_01},
                          {"extra_keys", Clause::event_02},
                          {"parent_block_hash", Clause::event_02},
                          {"token_ids", Clause::event_02},
                          {"lora", Clause::event_02},
                          {"block_hashes.size()", Clause::event_02},
                          {"block_hashes", Clause::event_03},
                          {"", Clause::event_01}});
}

Clause clause_of_digests(const AddRequest<S>& c) {
  if (c.lora || c.cache_salt) return Clause::hash_06;
  if (c.prompt_embeds) return Clause::hash_09;
  if (c.mm && !c.mm->empty()) return Clause::hash_07;
  return Clause::hash_01;
}

// The group whose blocks a path leads to, as blocks[1][2] and result[1].size() do; nullptr if to none, or if it is not
// known.
const GroupSpec* group_of(std::string_view path, std::span<const GroupSpec> groups) {
  const std::size_t bracket = path.find('[');
  if (bracket == path.npos) return nullptr;
  std::size_t index = 0;
  const std::from_chars_result read = std::from_chars(path.data() + bracket + 1, path.data() + path.size(), index);
  return read.ec == std::errc() && index < groups.size() ? &groups[index] : nullptr;
}

}  // namespace

Clause clause_of_hit(GroupKind kind) {
  switch (kind) {
    case GroupKind::swa:
    case GroupKind::swa_mla:
      return Clause::look_07;
    case GroupKind::chunked:
      return Clause::look_09;
    case GroupKind::mamba:
      return Clause::look_10;
    default:
      return Clause::look_03;
  }
}

namespace {

// What says how long a table becomes by an allocation.
Clause clause_of_growth(const AllocateSlots<S>& c, const GroupSpec* group) {
  if (group != nullptr && group->kind == GroupKind::mamba) {
    return group->mamba_cache_mode == MambaCacheMode::align ? Clause::mamba_03 : Clause::mamba_01;
  }
  if (group != nullptr && group->kind == GroupKind::cross) return Clause::alloc_17;
  return c.num_external_computed_tokens > 0 ? Clause::alloc_11 : Clause::alloc_12;
}

// Each overload: the clause of a part of the command's observation.
struct OfObservation {
  std::string_view path;
  std::span<const GroupSpec> groups{};

  Clause operator()(const AddRequest<S>& c) const {
    return first_row(path, {{"block_hashes.size()", Clause::hash_12},
                            {"block_hashes", clause_of_digests(c)},
                            {"skip_reading_prefix_cache", Clause::req_08},
                            {"", Clause::req_07}});
  }
  Clause operator()(const AppendTokens<S>&) const {
    return first_row(path, {{"new_block_hashes[", Clause::hash_08}, {"", Clause::req_07}});
  }
  Clause operator()(const GetComputedBlocks<S>&) const {
    const GroupSpec* const group = group_of(path, groups);
    // The blocks of full attention are all there or the hit is shorter; in other groups a place may also be null.
    const Clause hit = clause_of_hit(group == nullptr ? GroupKind::full : group->kind);
    const Clause place = hit == Clause::look_03 ? Clause::pool_09 : hit;
    if (path.empty()) return Clause::look_03;  // there is no hit at all
    return first_row(path, {{"].size()", hit}, {"num_computed_tokens", Clause::look_03}, {"", place}});
  }
  Clause operator()(const AllocateSlots<S>& c) const {
    if (path == "result") return c.full_sequence_must_fit ? Clause::alloc_07 : Clause::alloc_09;
    return first_row(path, {{"].size()", clause_of_growth(c, group_of(path, groups))},
                            {"result", Clause::pool_03},
                            {"", takes_hit(c) ? Clause::alloc_10 : Clause::alloc_12}});
  }
  Clause operator()(const CacheBlocks<S>&) const { return Clause::cache_01; }
  Clause operator()(const Free<S>&) const { return Clause::free_01; }
  Clause operator()(const RemoveSkippedBlocks<S>&) const { return Clause::free_04; }
  Clause operator()(const EvictBlocks<S>&) const { return Clause::pool_11; }
  Clause operator()(const ResetPrefixCache<S>&) const { return Clause::pool_13; }
  Clause operator()(const NewStepStarts<S>&) const { return Clause::mamba_02; }
  Clause operator()(const TakeNewBlockIds<S>&) const { return Clause::alloc_15; }
  Clause operator()(const TakeEvents<S>&) const { return clause_of_event(path); }
  Clause operator()(const GetNumCommonPrefixBlocks<S>&) const { return Clause::free_05; }
  Clause operator()(const GetBlockIds<S>&) const {
    return first_row(path, {{".size()", Clause::alloc_12}, {"", Clause::pool_03}});
  }
  Clause operator()(const TakeStats<S>&) const {
    return first_row(path, {{"reset", Clause::stat_02}, {"", Clause::stat_01}});
  }
  Clause operator()(const DumpState<S>& c) const;
  Clause operator()(const PoolGetNewBlocks<S>&) const { return Clause::pool_03; }
  Clause operator()(const PoolTouch<S>&) const { return Clause::pool_05; }
  Clause operator()(const PoolFreeBlocks<S>& c) const { return c.prepend ? Clause::pool_07 : Clause::pool_06; }
  Clause operator()(const PoolCacheFullBlocks<S>&) const { return Clause::cache_01; }
  Clause operator()(const PoolGetCachedBlock<S>&) const { return Clause::pool_09; }
};

// The parts of a state by what the last command may have done to them.
struct Parts {
  Clause queue = Clause::i1;
  Clause references = Clause::i3;
  Clause hashes = Clause::i6;
  Clause duplicates = Clause::pool_09;
  Clause tables = Clause::alloc_12;
  Clause cached_counts = Clause::cache_01;
  Clause events = Clause::event_07;
  Clause stats = Clause::stat_01;
  Clause requests = Clause::free_03;
};

struct PartsAfter {
  Parts operator()(const AllocateSlots<S>& c) const {
    return {.queue = takes_hit(c) ? Clause::pool_05 : Clause::pool_03,
            .references = takes_hit(c) ? Clause::pool_05 : Clause::pool_03,
            .hashes = Clause::alloc_13,
            .duplicates = Clause::alloc_13,
            .cached_counts = takes_hit(c) ? Clause::alloc_10 : Clause::alloc_13,
            .events = Clause::event_02};
  }
  Parts operator()(const CacheBlocks<S>&) const { return {.hashes = Clause::cache_01, .events = Clause::event_02}; }
  Parts operator()(const PoolCacheFullBlocks<S>&) const {
    return {.hashes = Clause::cache_01, .events = Clause::event_01};
  }
  Parts operator()(const Free<S>&) const {
    return {.queue = Clause::free_01,
            .references = Clause::free_01,
            .tables = Clause::free_01,
            .cached_counts = Clause::free_01};
  }
  Parts operator()(const PoolFreeBlocks<S>& c) const {
    return {.queue = c.prepend ? Clause::pool_07 : Clause::pool_06, .references = Clause::pool_06};
  }
  Parts operator()(const PoolTouch<S>&) const { return {.queue = Clause::pool_05, .references = Clause::pool_05}; }
  Parts operator()(const PoolGetNewBlocks<S>&) const {
    return {
        .queue = Clause::pool_03, .references = Clause::pool_03, .hashes = Clause::pool_03, .events = Clause::event_04};
  }
  Parts operator()(const EvictBlocks<S>&) const {
    return {.queue = Clause::pool_11,
            .references = Clause::pool_11,
            .hashes = Clause::pool_10,
            .cached_counts = Clause::pool_11,
            .events = Clause::event_04};
  }
  Parts operator()(const ResetPrefixCache<S>&) const {
    return {.queue = Clause::pool_13, .hashes = Clause::pool_13, .events = Clause::event_05, .stats = Clause::stat_02};
  }
  Parts operator()(const GetComputedBlocks<S>&) const {
    return {.queue = Clause::look_06,
            .references = Clause::look_06,
            .hashes = Clause::look_06,
            .tables = Clause::look_06,
            .cached_counts = Clause::look_06,
            .events = Clause::look_06,
            .requests = Clause::look_03};
  }
  Parts operator()(const GetNumCommonPrefixBlocks<S>&) const { return {.tables = Clause::free_06}; }
  Parts operator()(const GetBlockIds<S>&) const { return {.tables = Clause::free_06}; }
  // A request that is new has neither a table nor a cached count: an earlier one of its id has left it.
  Parts operator()(const AddRequest<S>& c) const {
    return {.tables = Clause::free_01, .cached_counts = Clause::free_01, .requests = clause_of_digests(c)};
  }
  Parts operator()(const AppendTokens<S>&) const { return {.requests = Clause::req_07}; }
  Parts operator()(const RemoveSkippedBlocks<S>&) const {
    return {.queue = Clause::free_04, .references = Clause::free_04, .tables = Clause::free_04};
  }
  Parts operator()(const TakeStats<S>&) const { return {.stats = Clause::stat_02}; }
  template <class C>
  Parts operator()(const C&) const {
    return {};
  }
};

}  // namespace

Clause OfObservation::operator()(const DumpState<S>& c) const { return clause_of_view(c, path); }

Clause clause_of_observation(const Command<Growing>& command, std::string_view path,
                             std::span<const GroupSpec> groups) {
  return std::visit(OfObservation{path, groups}, command);
}

Clause clause_of_view(const Command<Growing>& command, std::string_view path) {
  const Parts parts = std::visit(PartsAfter{}, command);
  return first_row(path, {{"new_block_ids", Clause::alloc_15},
                          {"held", Clause::pool_08},
                          {"events", parts.events},
                          {"stats", parts.stats},
                          {"requests", parts.requests},
                          {"free_queue", parts.queue},
                          {"num_free", parts.queue},
                          {"usage", Clause::pool_14},
                          {"ref_cnt", parts.references},
                          {"cached_map_size", Clause::pool_10},
                          {"].blocks[", Clause::pool_09},  // in what order, and not which
                          {"dups", parts.duplicates},
                          {"num_cached_block", parts.cached_counts},
                          {"req_blocks", parts.tables},
                          {"cached_blocks_this_step", Clause::mamba_02},
                          {"last_state_block_idx", Clause::mamba_06},
                          {"allocated_block_reqs", Clause::mamba_04},
                          {"hashes", parts.hashes},
                          {"", Clause::i1}});
}

}  // namespace kvspec
