#include "impl/host/hash_index.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace kvspec::host {

HashIndex::HashIndex(std::size_t num_blocks, std::vector<std::uint32_t> digests_of_group)
    : buckets_(entries_per_block * num_blocks / Bucket::size + 1),
      records_(num_blocks),
      chain_(num_blocks),
      digests_of_group_(std::move(digests_of_group)) {
  for (const std::uint32_t k : digests_of_group_) stride_ = std::max<std::size_t>(stride_, k);
  digests_ = ZeroedArray<Hash256>(num_blocks * stride_);
}

// The last eight bytes of a digest are the ones that a truncated digest keeps [HASH-13]; the multiplication spreads
// them and the group over the upper bits, which decide the home.
std::uint32_t HashIndex::bits_of(const Key& key) {
  std::uint64_t hash = key.group * std::uint64_t{0x9e3779b97f4a7c15};
  for (const Hash256& digest : key.digests) {
    hash = (hash ^ digest.words[3]) * std::uint64_t{0xd6e8feb86659fd93};
    hash ^= hash >> 32;
  }
  return static_cast<std::uint32_t>(hash) & hash_mask;
}

bool HashIndex::has_digests(BlockId b, const Key& key) const {
  const Hash256* const mine = digests_.data() + b * stride_;
  for (std::size_t i = 0; i < key.digests.size(); ++i) {
    if (!(mine[i] == key.digests[i])) return false;
  }
  return true;
}

std::optional<HashIndex::Place> HashIndex::find(const Key& key, std::uint32_t bits) const {
  for (std::size_t position = home(bits);; position = after(position)) {
    const Bucket& bucket = buckets_[position];
    for (std::uint32_t found = bucket.with_tag(tag(bits)); found != 0; found &= found - 1) {
      const std::uint32_t index = static_cast<std::uint32_t>(std::countr_zero(found));
      if (confirms(key, bucket.entries[index] & Bucket::block_mask)) return Place{position, index};
    }
    if (bucket.passed == 0) return std::nullopt;
  }
}

std::optional<HashIndex::Place> HashIndex::find_entry(BlockId b) const {
  const std::uint32_t bits = records_[b].bits;
  for (std::size_t position = home(bits);; position = after(position)) {
    const Bucket& bucket = buckets_[position];
    const std::uint32_t found = bucket.with_entry(entry(bits, b));
    if (found != 0) return Place{position, static_cast<std::uint32_t>(std::countr_zero(found))};
    if (bucket.passed == 0) return std::nullopt;
  }
}

std::optional<BlockId> HashIndex::first(const Key& key) const {
  const std::optional<Place> place = find(key, bits_of(key));
  if (!place) return std::nullopt;
  return buckets_[place->bucket].entries[place->index] & Bucket::block_mask;
}

// Every bucket from the home on that is full is passed; there are more entries than blocks, so some bucket is not.
void HashIndex::add_entry(std::uint32_t bits, BlockId b) {
  std::size_t position = home(bits);
  std::uint32_t vacant = buckets_[position].with_entry(0);
  while (vacant == 0) {
    ++buckets_[position].passed;
    position = after(position);
    vacant = buckets_[position].with_entry(0);
  }
  buckets_[position].entries[static_cast<std::size_t>(std::countr_zero(vacant))] = entry(bits, b);
}

void HashIndex::erase(const Place& place, std::uint32_t bits) {
  buckets_[place.bucket].entries[place.index] = 0;
  for (std::size_t position = home(bits); position != place.bucket; position = after(position)) {
    --buckets_[position].passed;
  }
}

void HashIndex::append_to_chain(BlockId head, BlockId b) {
  if (!is_chained(head)) {
    records_[head].bits |= chained;
    chain_[head] = {head, head};
  }
  records_[b].bits |= chained;
  const BlockId tail = chain_[head].prev;
  chain_[b] = {head, tail};
  chain_[tail].next = b;
  chain_[head].prev = b;
}

void HashIndex::insert_at(const Key& key, std::uint32_t bits, BlockId b) {
  const std::optional<Place> place = find(key, bits);
  if (is_followed_) changes_.blocks.push_back(b);
  records_[b] = {bits | cached, key.group};
  std::copy(key.digests.begin(), key.digests.end(), digests_.data() + b * stride_);
  if (place) {
    append_to_chain(buckets_[place->bucket].entries[place->index] & Bucket::block_mask, b);
    return;
  }
  if (num_keys_++ == 0) {
    one_group_ = true;
    the_group_ = key.group;
  }
  one_group_ = one_group_ && key.group == the_group_;
  add_entry(bits, b);
}

void HashIndex::remove(BlockId b) {
  const std::uint32_t bits = records_[b].bits;
  if ((bits & cached) == 0) return;
  const std::optional<Place> place = find_entry(b);
  if (is_followed_) changes_.blocks.push_back(b);
  if (is_chained(b) && chain_[b].next != b) {
    const Chain links = chain_[b];
    chain_[links.prev].next = links.next;
    chain_[links.next].prev = links.prev;
    if (place) buckets_[place->bucket].entries[place->index] = entry(bits, links.next);
    if (place && is_followed_) changes_.blocks.push_back(links.next);
  } else {
    erase(*place, bits);
    --num_keys_;
  }
  records_[b] = {};
}

bool HashIndex::pop(const Key& key, BlockId b) {
  if (b >= records_.size() || !holds(key, b)) return false;
  remove(b);
  return true;
}

void HashIndex::clear() {
  if (num_keys_ == 0) return;
  if (is_followed_) changes_ = {.cleared = true};
  buckets_.clear();
  records_.clear();
  num_keys_ = 0;
}

HashIndex::Key HashIndex::owned(const BlockKey<Growing>& key, std::vector<Hash256>& storage) const {
  storage.assign(digests_in(key.group), Hash256{});
  std::memcpy(storage.front().bytes(), key.hash.data(), std::min(key.hash.size(), storage.size() * sizeof(Hash256)));
  return {storage, key.group};
}

std::optional<BlockId> HashIndex::first(const BlockKey<Growing>& key) const {
  std::vector<Hash256> storage;
  return first(owned(key, storage));
}

void HashIndex::insert(const BlockKey<Growing>& key, BlockId b) {
  std::vector<Hash256> storage;
  insert(owned(key, storage), b);
}

bool HashIndex::pop(const BlockKey<Growing>& key, BlockId b) {
  std::vector<Hash256> storage;
  return pop(owned(key, storage), b);
}

// Three stages: the key's bits and its bucket; the first block of its home that has the tag, which is nearly always the
// block sought; the comparison. Two rings carry what a stage found out to the next.
std::size_t HashIndex::find_run(const Hash256* digests, std::size_t count, GroupId group, BlockId* out) const {
  constexpr std::size_t ring = 16;
  constexpr BlockId unsure = ~BlockId{0};
  static_assert(bucket_distance < ring);
  const std::size_t k = digests_in(group);
  std::array<std::uint32_t, ring> bits;
  std::array<BlockId, ring> candidate;

  const auto key = [&](std::size_t i) { return Key{{digests + i * k, k}, group}; };
  const auto ask_for_bucket = [&](std::size_t i) {
    bits[i % ring] = bits_of(key(i));
    prefetch(&buckets_[home(bits[i % ring])]);
  };
  const auto ask_for_block = [&](std::size_t i) {
    const Bucket& bucket = buckets_[home(bits[i % ring])];
    const std::uint32_t found = bucket.with_tag(tag(bits[i % ring]));
    if (found == 0) {
      candidate[i % ring] = unsure;
      return;
    }
    const BlockId b = bucket.entries[static_cast<std::size_t>(std::countr_zero(found))] & Bucket::block_mask;
    candidate[i % ring] = b;
    prefetch(&digests_[b * stride_]);
    if (!one_group_) prefetch(&records_[b]);
  };

  // The first key is looked up alone: nearly all look-ups of a cold prompt end here.
  if (count == 0) return 0;
  const std::optional<BlockId> first_block = first(key(0));
  if (!first_block) return 0;
  if (count == 1) {
    out[0] = *first_block;
    return 1;
  }
  for (std::size_t i = 0; i < std::min(bucket_distance, count); ++i) ask_for_bucket(i);
  for (std::size_t i = 0; i < std::min(block_distance, count); ++i) ask_for_block(i);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + bucket_distance < count) ask_for_bucket(i + bucket_distance);
    if (i + block_distance < count) ask_for_block(i + block_distance);
    BlockId b = candidate[i % ring];
    if (b == unsure || !confirms(key(i), b)) {
      const std::optional<BlockId> found = first(key(i));
      if (!found) return i;
      b = *found;
    }
    out[i] = b;
  }
  return count;
}

void HashIndex::insert_run(const Hash256* digests, std::span<const BlockId> blocks, GroupId group) {
  constexpr std::size_t ring = 16;
  const std::size_t k = digests_in(group);
  const std::size_t count = blocks.size();
  std::array<std::uint32_t, ring> bits;
  const auto key = [&](std::size_t i) { return Key{{digests + i * k, k}, group}; };
  const auto ask = [&](std::size_t i) {
    bits[i % ring] = bits_of(key(i));
    prefetch_home(bits[i % ring]);
    prefetch_to_write(&digests_[blocks[i] * stride_]);
    prefetch_record(blocks[i]);
  };
  for (std::size_t i = 0; i < std::min(bucket_distance, count); ++i) ask(i);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + bucket_distance < count) ask(i + bucket_distance);
    if (blocks[i] != null_block) insert_at(key(i), bits[i % ring], blocks[i]);
  }
}

}  // namespace kvspec::host
