#include "fuzz/watch/content_oracle.hpp"

#include <algorithm>

namespace kvspec::fuzz {

// Each block that [from, to) touches holds, afterwards, its positions up to `to`. An attention block must hold what
// comes before `from` already, or what it holds then is nothing anybody wants.
void ContentOracle::written(const RequestStory& request, std::int64_t from, std::int64_t to) {
  to = std::min<std::int64_t>(to, request.num_tokens());
  if (from >= to) return;
  for (const GroupFacts& group : groups_) {
    if (group.is_cross()) continue;
    const std::vector<BlockId>& table = request.tables[group.id].blocks;
    const std::int64_t end = std::min(divided_up(to, group.block_size), static_cast<std::int64_t>(table.size()));
    for (std::int64_t i = from / group.block_size; i < end; ++i) {
      const BlockId b = table[static_cast<std::size_t>(i)];
      if (b == null_block) continue;
      const std::int64_t start = i * group.block_size;
      const std::int64_t last = std::min(start + group.block_size, to);
      if (holds(b, group, request, i, last)) continue;
      if (pages_ != nullptr) pages_->written({request, group, table, std::max(from, start), last});
      const bool follows = group.is_state() || from <= start || holds(b, group, request, i, from);
      blocks_[b].identity = follows ? request.positions[static_cast<std::size_t>(last - 1)] : Identity{};
      blocks_[b].count = last - start;
      blocks_[b].group = group.id;
    }
  }
}

void ContentOracle::claimed(RequestStory& request, std::int64_t computed) {
  if (request.tables.empty()) return;
  computed = std::min<std::int64_t>(computed, request.num_tokens());
  for (const GroupFacts& group : groups_) {
    // A caller may name more than there are blocks for; those positions are written once they have some.
    const std::int64_t length = static_cast<std::int64_t>(request.tables[group.id].blocks.size());
    if (!group.is_cross()) computed = std::min(computed, length * group.block_size);
  }
  if (computed <= request.written) return;
  written(request, request.written, computed);
  request.written = computed;
}

void ContentOracle::cached(const GroupFacts& group, const TableSeen& table, std::int64_t from, std::int64_t to) {
  if (!group.is_state()) return;
  for (std::int64_t i = from; i < std::min(to, static_cast<std::int64_t>(table.blocks.size())); ++i) {
    const BlockId b = table.blocks[static_cast<std::size_t>(i)];
    if (b != null_block) blocks_[b].cached_in = step_;
  }
}

// Whether the block holds the positions of block i of the request up to, but without, `to`. It may hold more of them.
bool ContentOracle::holds(BlockId b, const GroupFacts& group, const RequestStory& request, std::int64_t i,
                          std::int64_t to) const {
  const Content& content = blocks_[b];
  if (content.is_vouched) return true;
  const std::int64_t start = i * group.block_size;
  const std::int64_t end = start + content.count;
  if (content.group != group.id || end < to || end > request.num_tokens()) return false;
  return content.count > 0 && content.identity == request.positions[static_cast<std::size_t>(end - 1)];
}

Finding ContentOracle::check_block(const std::vector<BlockId>& table, const GroupFacts& group,
                                   const RequestStory& request, std::int64_t i, std::int64_t to,
                                   const char* null_text) const {
  const BlockId b = static_cast<std::size_t>(i) < table.size() ? table[static_cast<std::size_t>(i)] : null_block;
  if (b == null_block) {
    return Violation{.clause = null_text == nullptr ? Clause::i9 : Clause::i19,
                     .what = null_text == nullptr ? "a hit has the null block where it is read" : null_text,
                     .group = group.id,
                     .request = request.id,
                     .actual = i};
  }
  if (hashes_.collides() || to <= i * group.block_size) return {};
  const bool is_there = holds(b, group, request, i, to);
  if (pages_ != nullptr) pages_->read({request, group, table, i * group.block_size, to}, is_there);
  if (is_there) return {};
  const Content& content = blocks_[b];
  return Violation{.clause = Clause::i9,
                   .what = content.count == 0          ? "a block that is read was never written"
                           : content.group != group.id ? "a block that is read holds entries of another group"
                           : i * group.block_size + content.count < to
                               ? "a block that is read is not written up to there"
                               : "a block that is read holds another content",
                   .block = b,
                   .group = group.id,
                   .request = request.id,
                   .actual = content.count,
                   .expected = to - i * group.block_size};
}

Finding ContentOracle::readable(const RequestStory& request, const GetComputedBlocks<Growing>::Observation& hit) const {
  const std::int64_t n = hit.num_computed_tokens;
  for (const GroupFacts& group : groups_) {
    if (group.splits_blocks()) continue;
    const BlockList<Growing>& blocks = hit.blocks[group.id];
    for (std::int64_t i = group.first_read(n) / group.block_size; i * group.block_size < n; ++i) {
      if (static_cast<std::size_t>(i) >= blocks.size() || group.first_read(n) >= n) break;
      const std::int64_t to = std::min((i + 1) * group.block_size, n);
      if (Finding found = check_block(blocks, group, request, i, to, nullptr)) return found;
    }
  }
  return {};
}

Finding ContentOracle::read(const RequestStory& request, std::int64_t n, std::int64_t furthest) const {
  for (const GroupFacts& group : groups_) {
    if (group.is_cross() || group.splits_blocks()) continue;
    // A state after drafts is in one of several blocks, and a state inside of a block is overwritten by later ones.
    if (group.is_state()) {
      const bool goes_on = request.end == 0 || n == request.end;
      if (n % group.block_size != 0 || n < furthest || !goes_on || request.guesses || request.overclaims) continue;
    }
    const std::vector<BlockId>& table = request.tables[group.id].blocks;
    const std::int64_t first = std::max(group.first_read(n), group.first_read(furthest));
    for (std::int64_t i = first / group.block_size; first < n && i * group.block_size < n; ++i) {
      // Of tokens in flight nothing is known yet.
      const std::int64_t to = std::min<std::int64_t>({(i + 1) * group.block_size, n, request.num_tokens()});
      if (Finding found = check_block(table, group, request, i, to, "a position that is read has no block"))
        return found;
    }
  }
  return {};
}

Finding ContentOracle::resumes(const RequestStory& request, const GetComputedBlocks<Growing>::Observation& hit) const {
  for (const GroupFacts& group : groups_) {
    const BlockList<Growing>& blocks = hit.blocks[group.id];
    if (!group.is_state() || blocks.empty() || blocks_[blocks.back()].cached_in != step_) continue;
    return Violation{.clause = Clause::i24,
                     .what = "a request resumes from a state that was cached in this step",
                     .block = blocks.back(),
                     .group = group.id,
                     .request = request.id};
  }
  return {};
}

}  // namespace kvspec::fuzz
