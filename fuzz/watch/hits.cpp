#include "fuzz/watch/hits.hpp"

#include <algorithm>

namespace kvspec::fuzz {

Hits::Hits(const Config<Growing>& config, const std::vector<GroupFacts>& groups)
    : groups_(groups),
      alignment_(groups.size() == 1 ? groups[0].block_size : config.scheduler_block_size),
      scheduler_block_size_(config.scheduler_block_size),
      hash_block_size_(config.hash_block_size),
      retains_(config.retention_interval.has_value()),
      says_something_(config.enable_caching && !config.hash_bits) {
  for (const GroupFacts& group : groups) {
    largest_block_ = std::max(largest_block_, group.block_size);
    drops_ = drops_ || group.drops;
    if (group.is_state() && group.mode != MambaCacheMode::all) says_something_ = false;
    if (group.is_window() && group.drops) says_something_ = false;
    if (group.splits_blocks()) says_something_ = false;
  }
}

Finding Hits::is_supported(const Inspected& system, const RequestStory& request, const Hit& hit) const {
  const std::int64_t n = hit.num_computed_tokens;
  const auto broken = [&](Clause clause, const char* what, std::int64_t actual, std::int64_t expected) {
    return Violation{.clause = clause, .what = what, .request = request.id, .actual = actual, .expected = expected};
  };
  if (n > 0 && n >= request.num_tokens()) {
    return broken(Clause::i10, "a hit leaves no token to compute", n, std::int64_t{request.num_tokens()} - 1);
  }
  if (n % alignment_ != 0) return broken(Clause::i10, "a hit is not aligned", n, n / alignment_ * alignment_);
  for (const GroupFacts& group : groups_) {
    const BlockList<Growing>& blocks = hit.blocks[group.id];
    const std::int64_t length = static_cast<std::int64_t>(blocks.size()) * group.block_size;
    if (length != n) {
      Violation found = broken(Clause::i10, "a hit has another length in one group", length, n);
      found.group = group.id;
      return found;
    }
    const std::int64_t first = n == 0 ? 0 : group.first_cached(n);
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(blocks.size()); ++i) {
      const BlockId b = blocks[static_cast<std::size_t>(i)];
      const bool is_null = b == null_block;
      if (is_null ? i < first || group.splits_blocks() : system.is_keyed(b, group.id, request.key(group, i))) continue;
      Violation found = broken(Clause::i11,
                               is_null ? "a group does not support a hit: a block it needs is not cached"
                                       : "a hit has a block that is not cached as that block",
                               i, first);
      found.group = group.id;
      found.block = b;
      return found;
    }
  }
  return {};
}

void Hits::admitted(RequestStory& request, const Hit* hit) const {
  request.hit_tokens = hit == nullptr ? 0 : hit->num_computed_tokens;
  request.cached_tokens = request.hit_tokens;
  request.kept.resize(groups_.size());
  for (const GroupFacts& group : groups_) {
    std::vector<KeptBlock>& kept = request.kept[group.id];
    kept.clear();
    if (hit == nullptr) continue;
    for (const BlockId b : hit->blocks[group.id]) {
      kept.push_back({b, b == null_block ? KeptBlock::How::null : KeptBlock::How::cached});
    }
  }
}

void Hits::cached(const Inspected& system, RequestStory& request, const GroupFacts& group, std::int64_t from,
                  std::int64_t to) const {
  if (!says_something_) return;
  std::vector<KeptBlock>& kept = request.kept[group.id];
  const std::vector<BlockId>& table = request.tables[group.id].blocks;
  to = std::min(to, static_cast<std::int64_t>(table.size()));
  kept.resize(static_cast<std::size_t>(std::max<std::int64_t>(from, 0)));
  for (std::int64_t i = from; i < to; ++i) {
    const BlockId b = table[static_cast<std::size_t>(i)];
    kept.push_back({b, b == null_block      ? KeptBlock::How::null
                       : system.has_hash(b) ? KeptBlock::How::cached
                                            : KeptBlock::How::masked});
  }
}

// The hit that the request must find at least, if all of it is still there.
std::int64_t Hits::longest_expected(const RequestStory& known, const RequestStory& request) const {
  const std::int64_t size = scheduler_block_size_;
  const std::int64_t usable = std::min<std::int64_t>(known.cached_tokens, std::int64_t{request.num_tokens()} - 1);
  const std::int64_t whole = usable / size * size;
  std::int64_t expected = drops_ ? whole - size : whole;
  std::int64_t shared = whole;
  if (retains_) {
    // The point where a replay of the known prompt resumes; a group that drops a block needs one beyond it.
    const std::int64_t boundary = (std::int64_t{known.num_prompt_tokens} - 1) / size * size;
    shared = boundary + (drops_ ? largest_block_ : 0);
    expected = whole == boundary && usable >= shared ? boundary : 0;
  }
  if (expected <= 0 || expected < known.hit_tokens) return 0;
  const std::size_t last = static_cast<std::size_t>(divided_up(shared, hash_block_size_)) - 1;
  const bool alike =
      last < known.digests.size() && last < request.digests.size() && known.digests[last] == request.digests[last];
  return alike ? expected : 0;
}

// Whether nothing that a hit of so many tokens needs was passed over as null, or has lost its hash since.
bool Hits::is_all_there(const Inspected& system, const RequestStory& known, std::int64_t tokens) const {
  for (const GroupFacts& group : groups_) {
    const std::vector<KeptBlock>& kept = known.kept[group.id];
    const std::int64_t last = tokens / group.block_size + (group.drops && !group.is_state() ? 1 : 0);
    for (std::int64_t i = group.first_cached(tokens); i < last; ++i) {
      if (static_cast<std::size_t>(i) >= kept.size()) return false;
      const KeptBlock& block = kept[static_cast<std::size_t>(i)];
      if (block.how == KeptBlock::How::null) return false;
      if (block.how == KeptBlock::How::masked) continue;
      if (!system.is_keyed(block.block, group.id, known.key(group, i))) return false;
    }
  }
  return true;
}

Finding Hits::is_complete(const Inspected& system, const Stories& stories, const RequestStory& request,
                          const Hit& hit) const {
  const std::int64_t size = scheduler_block_size_;
  if (!says_something_ || hit.num_computed_tokens >= (request.num_tokens() - 1) / size * size) return {};
  const auto check = [&](const RequestStory& known) -> Finding {
    if (known.cached_tokens == 0) return {};
    const std::int64_t expected = longest_expected(known, request);
    if (expected <= hit.num_computed_tokens || !is_all_there(system, known, expected)) return {};
    return Violation{.clause = Clause::i12,
                     .what = "a prompt that is cached is not found",
                     .request = request.id,
                     .actual = hit.num_computed_tokens,
                     .expected = expected};
  };
  for (const auto& [id, known] : stories.live()) {
    if (Finding found = check(known)) return found;
  }
  for (const RequestStory& known : stories.gone()) {
    if (Finding found = check(known)) return found;
  }
  return {};
}

}  // namespace kvspec::fuzz
