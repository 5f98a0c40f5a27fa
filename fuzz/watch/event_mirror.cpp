#include "fuzz/watch/event_mirror.hpp"

#include <algorithm>
#include <optional>
#include <variant>

#include "model/hashing/block_hash.hpp"

namespace kvspec::fuzz {

namespace {

Violation broken(Clause clause, const char* what, GroupId group, std::int64_t actual, std::int64_t expected) {
  return {.clause = clause, .what = what, .group = group, .actual = actual, .expected = expected};
}

std::uint64_t key_of_number(std::uint64_t number, GroupId group) { return mix64(number + group * 0x9e3779b97f4a7c15U); }

// Whether the event shows the hash that ends with this digest.
bool shows(const EventHash<Growing>& hash, const Digest& digest) {
  if (hash.is_integer) return hash.integer == last_eight_bytes(digest.view());
  if (hash.bytes.size() < digest.size) return false;
  return std::equal(digest.begin(), digest.end(), hash.bytes.end() - digest.size);
}

}  // namespace

EventMirror::EventMirror(const Config<Growing>& config, const std::vector<GroupFacts>& groups)
    : config_(config), groups_(groups) {
  if (config.events) none_hash_ = model::ExactHashing{}.none_hash(config);
}

std::uint64_t EventMirror::key_of(const EventHash<Growing>& hash, GroupId group) const {
  return key_of_number(hash.is_integer ? hash.integer : fold_bytes(hash.bytes), group);
}

Finding EventMirror::took(const Inspected& system, std::span<const Event<Growing>> events, HashBook& hashes) {
  if (!config_.events) {
    if (events.empty()) return {};
    return Violation{.clause = Clause::i22, .what = "there are events although they are off"};
  }
  Finding first;
  for (const Event<Growing>& event : events) {
    Finding found;
    if (const auto* stored = std::get_if<BlockStored<Growing>>(&event)) {
      found = take(*stored, hashes);
    } else if (const auto* removed = std::get_if<BlockRemoved<Growing>>(&event)) {
      found = take(*removed);
    } else {
      blocks_.clear();
      total_ = 0;
    }
    if (!first) first = found;
  }
  const Finding found = equals_index(system);
  return first ? first : found;
}

Finding EventMirror::take(const BlockStored<Growing>& event, HashBook& hashes) {
  const bool is_known = event.group_idx < groups_.size();
  const std::int64_t block_size = is_known ? groups_[event.group_idx].block_size : config_.hash_block_size;
  for (const EventHash<Growing>& hash : event.block_hashes) {
    ++blocks_.at(key_of(hash, event.group_idx)).count;
    ++total_;
  }
  const Finding found = has_its_sizes(event, block_size);
  return found ? found : has_true_hashes(event, block_size, hashes);
}

Finding EventMirror::take(const BlockRemoved<Growing>& event) {
  for (const EventHash<Growing>& hash : event.block_hashes) {
    Entry* entry = blocks_.find(key_of(hash, event.group_idx));
    if (entry == nullptr || entry->count == 0) {
      return broken(Clause::i22, "a block is removed that was not stored", event.group_idx, -1, 0);
    }
    --entry->count;
    --total_;
  }
  return {};
}

Finding EventMirror::has_its_sizes(const BlockStored<Growing>& event, std::int64_t block_size) const {
  const std::int64_t hashes = static_cast<std::int64_t>(event.block_hashes.size());
  const std::int64_t tokens = static_cast<std::int64_t>(event.token_ids.size());
  if (event.block_size != block_size) {
    return broken(Clause::i23, "an event has another block size than its group", event.group_idx, event.block_size,
                  block_size);
  }
  if (tokens != hashes * block_size) {
    return broken(Clause::i23, "an event has more or fewer tokens than its blocks", event.group_idx, tokens,
                  hashes * block_size);
  }
  const std::int64_t keys = event.extra_keys ? static_cast<std::int64_t>(event.extra_keys->size()) : 0;
  if (keys != hashes) {
    return broken(Clause::i23, "an event has more or fewer extra keys than blocks", event.group_idx, keys, hashes);
  }
  return {};
}

Finding EventMirror::has_true_hashes(const BlockStored<Growing>& event, std::int64_t block_size,
                                     HashBook& hashes) const {
  const model::ExactHashing hashing;
  Digest parent = none_hash_;
  if (event.parent_block_hash) {
    const EventHash<Growing>& shown = *event.parent_block_hash;
    const Digest* known = hashes.find(shown.is_integer ? shown.integer : last_eight_bytes(shown.bytes));
    if (known == nullptr || !shows(shown, *known)) {
      if (!hashes.is_whole()) return {};
      return broken(Clause::i23, "the parent of an event is no hash that a request has", event.group_idx, 0, 0);
    }
    parent = *known;
  }
  const std::size_t size = static_cast<std::size_t>(config_.hash_block_size);
  const std::size_t digests = static_cast<std::size_t>(block_size) / size;
  const std::span<const Token> tokens(event.token_ids);
  for (std::size_t i = 0; i < event.block_hashes.size(); ++i) {
    const ExtraKeys<Growing>& keys = (*event.extra_keys)[i];
    if (digests > 1 && !keys.empty()) return {};
    for (std::size_t j = 0; j < digests; ++j) {
      parent = hashing.block<Growing>(config_, parent, tokens.subspan((i * digests + j) * size, size), keys);
    }
    if (shows(event.block_hashes[i], parent)) continue;
    return broken(Clause::i23, "a hash of an event does not follow from its parent, tokens and extra keys",
                  event.group_idx, static_cast<std::int64_t>(i), 0);
  }
  return {};
}

Finding EventMirror::equals_index(const Inspected& system) {
  ++walk_;
  std::uint64_t seen = 0;
  Finding found;
  system.walk_index([&](std::uint64_t number, std::uint64_t fold, GroupId group, BlockId b) {
    if (found) return;
    ++seen;
    Entry* entry = blocks_.find(key_of_number(config_.events_int_hashes ? number : fold, group));
    if (entry != nullptr && entry->walk != walk_) {
      entry->walk = walk_;
      entry->seen = 0;
    }
    if (entry != nullptr && ++entry->seen <= entry->count) return;
    found = broken(Clause::i22, "a block is in the index that no event told of", group,
                   entry == nullptr ? 1 : entry->seen, entry == nullptr ? 0 : entry->count);
    found->block = b;
  });
  if (found) return found;
  if (seen != total_) {
    return Violation{.clause = Clause::i22,
                     .what = "the events told of blocks that are not in the index",
                     .actual = static_cast<std::int64_t>(total_),
                     .expected = static_cast<std::int64_t>(seen)};
  }
  // Counts that have fallen to 0 take memory and time.
  if (blocks_.size() > 256 && blocks_.size() > 4 * total_) {
    blocks_.rebuild([](const Entry& entry) { return entry.count > 0; });
  }
  return {};
}

}  // namespace kvspec::fuzz
