#include "impl/host/event_log.hpp"

#include <utility>

namespace kvspec::host {
namespace {

// Writes a hash where it belongs. [EVENT-03]
void fill(EventHash<Growing>& hash, std::span<const Hash256> digests, bool int_hashes, std::size_t digest_size) {
  hash.is_integer = int_hashes;
  if (int_hashes) {
    hash.integer = __builtin_bswap64(digests.back().words[3]);
  } else {
    HashBytes(digests, digest_size).copy_to(hash.bytes);
  }
}

}  // namespace

void EventLog::append_stored(const Stored& event, std::uint32_t annex) {
  const std::size_t k = event.digests_per_block;
  Head head{.kind = Kind::stored,
            .has_parent = !event.parent.empty(),
            .group = event.group,
            .digests_per_block = count(k),
            .num_tokens = count(event.tokens.size()),
            .block_size = event.block_size,
            .annex = annex};
  digests_.insert(digests_.end(), event.parent.begin(), event.parent.end());
  for (std::size_t i = 0; i < event.blocks.size(); ++i) {
    if (event.blocks[i] == null_block) continue;
    const std::span<const Hash256> hash = event.digests.subspan(i * k, k);
    digests_.insert(digests_.end(), hash.begin(), hash.end());
    ++head.num_stored;
  }
  tokens_.insert(tokens_.end(), event.tokens.begin(), event.tokens.end());
  heads_.push_back(head);
}

EventList<Growing> EventLog::pending(bool int_hashes, std::size_t digest_size) const {
  EventList<Growing> events;
  events.reserve(heads_.size());
  std::span<const Hash256> digests = digests_;
  std::span<const Token> tokens = tokens_;
  const auto next_hash = [&](EventHash<Growing>& hash, std::size_t k) {
    fill(hash, digests.first(k), int_hashes, digest_size);
    digests = digests.subspan(k);
  };
  for (const Head& head : heads_) {
    if (head.kind == Kind::cleared) {
      events.emplace_back(AllBlocksCleared<Growing>{});
      continue;
    }
    if (head.kind == Kind::removed) {
      BlockRemoved<Growing> event{};
      next_hash(event.block_hashes.emplace_back(), head.digests_per_block);
      event.group_idx = head.group;
      events.emplace_back(std::move(event));
      continue;
    }
    BlockStored<Growing> event{};
    if (head.has_parent) next_hash(event.parent_block_hash.emplace(), head.digests_per_block);
    event.block_hashes.resize(head.num_stored);
    for (EventHash<Growing>& hash : event.block_hashes) next_hash(hash, head.digests_per_block);
    event.token_ids.assign(tokens.begin(), tokens.begin() + head.num_tokens);
    tokens = tokens.subspan(head.num_tokens);
    event.block_size = head.block_size;
    event.group_idx = head.group;
    if (head.num_stored != 0) event.extra_keys.emplace(head.num_stored);
    if (head.annex != no_annex) {
      const Annex& annex = annexes_[head.annex];
      event.lora_id = annex.lora_id;
      event.lora_name = annex.lora_name;
      if (head.num_stored != 0) event.extra_keys = annex.extra_keys;
    }
    events.emplace_back(std::move(event));
  }
  return events;
}

void EventLog::clear() {
  heads_.clear();
  digests_.clear();
  tokens_.clear();
  annexes_.clear();
}

}  // namespace kvspec::host
