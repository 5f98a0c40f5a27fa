#include "fuzz/cuda/checked_pages.hpp"

#include <algorithm>
#include <span>

namespace kvspec::fuzz {

CheckedPages::CheckedPages(cuda::Stream& stream, const Config<Growing>& config) : pages_(stream, layout_of(config)) {}

cuda::PageLayout CheckedPages::layout_of(const Config<Growing>& config) {
  return cuda::PageLayout::of(config, 2 * sizeof(cuda::Context));
}

void CheckedPages::taken(BlockId b) {
  // A block can be given away twice in one command, freed in between by nobody who would write to it.
  if (phase_ == Phase::taking && std::ranges::find(blocks_taken_, b) != blocks_taken_.end()) return;
  enter(Phase::taking);
  blocks_taken_.push_back(b);
}

void CheckedPages::vouched(BlockId b) {
  if (b == null_block) return;
  enter(Phase::nothing);
  pages_.vouch(std::span(&b, 1));
}

// The ranges of one call are written in any order, so what is written to a page twice is written in two: a later state
// of its block, and, as recorded, a block that two tables have.
void CheckedPages::written(const Part& part) {
  enter(Phase::writing);
  const std::size_t place = static_cast<std::size_t>(part.from / part.group.block_size);
  const BlockId b = place < part.table.size() ? part.table[place] : null_block;
  if (std::ranges::find(blocks_written_, b) != blocks_written_.end()) flush();
  if (b != null_block) blocks_written_.push_back(b);
  add_range(part, part.from, part.to - part.from);
}

// A state may be a later one of its block, as far as the request has tokens.
void CheckedPages::read(const Part& part, bool holds) {
  enter(Phase::reading);
  ++num_readings_;
  const std::int64_t block = part.from / part.group.block_size;
  const std::uint32_t range = static_cast<std::uint32_t>(ranges_.size());
  if (part.group.is_state()) {
    const std::int64_t end = std::min<std::int64_t>((block + 1) * part.group.block_size, part.request.num_tokens());
    add_range(part, part.to - 1, end - (part.to - 1));
  } else {
    add_range(part, part.from, part.to - part.from);
  }
  readings_.push_back({pages_.num_verifications() + 1, range, part.table[static_cast<std::size_t>(block)], holds});
}

void CheckedPages::enter(Phase phase) {
  if (phase_ != phase) flush();
  phase_ = phase;
}

std::uint32_t CheckedPages::row_of(const Part& part) {
  const auto known = std::ranges::find(tables_, &part.table);
  if (known != tables_.end()) return static_cast<std::uint32_t>(known - tables_.begin());
  const std::uint32_t next_number = static_cast<std::uint32_t>(numbers_.size());
  const std::uint32_t number = numbers_.try_emplace(part.request.id, next_number).first->second;
  rows_.push_back({table_blocks_.size(), static_cast<std::uint32_t>(part.table.size()), number});
  table_blocks_.insert(table_blocks_.end(), part.table.begin(), part.table.end());
  tables_.push_back(&part.table);
  return static_cast<std::uint32_t>(tables_.size() - 1);
}

void CheckedPages::add_range(const Part& part, std::int64_t first, std::int64_t count) {
  cuda::TokenRange range{};
  range.row = row_of(part);
  range.group = part.group.id;
  range.position = static_cast<std::uint32_t>(first);
  range.count = static_cast<std::uint32_t>(count);
  range.first = identities_.size();
  ranges_.push_back(range);
  for (std::int64_t i = first; i < first + count; ++i) {
    const Identity& identity = part.request.positions[static_cast<std::size_t>(i)];
    identities_.push_back({identity.low, identity.high});
  }
}

void CheckedPages::flush() {
  switch (phase_) {
    case Phase::nothing:
      break;
    case Phase::taking:
      pages_.hand_out(blocks_taken_);
      pages_.zero(blocks_taken_);
      blocks_taken_.clear();
      break;
    case Phase::writing:
      pages_.set_tables(rows_, table_blocks_);
      pages_.write(ranges_, identities_);
      blocks_written_.clear();
      ++num_writes_;
      break;
    case Phase::reading:
      pages_.set_tables(rows_, table_blocks_);
      pages_.verify(ranges_, identities_);
      break;
  }
  ranges_.clear();
  identities_.clear();
  rows_.clear();
  table_blocks_.clear();
  tables_.clear();
}

std::optional<BlockId> CheckedPages::differing_block() {
  enter(Phase::nothing);
  faults_.clear();
  if (readings_.empty()) return std::nullopt;
  faults_ = pages_.take_faults();
  const auto differs = [&](const Reading& reading) {
    const bool is_wrong = std::ranges::any_of(faults_, [&](const cuda::PageFault& fault) {
      return fault.verification == reading.verification && fault.range == reading.range;
    });
    return is_wrong == reading.holds;
  };
  const auto found = std::ranges::find_if(readings_, differs);
  const std::optional<BlockId> block = found == readings_.end() ? std::nullopt : std::optional(found->block);
  readings_.clear();
  return block;
}

}  // namespace kvspec::fuzz
