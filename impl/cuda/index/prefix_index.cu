#include <algorithm>
#include <bit>

#include "impl/cuda/index/prefix_index.hpp"
#include "impl/cuda/launch.hpp"

namespace kvspec::cuda {
namespace {

SpecRules::Kind kind_of(GroupKind kind) {
  switch (kind) {
    case GroupKind::swa:
    case GroupKind::swa_mla:
      return SpecRules::Kind::window;
    case GroupKind::chunked:
      return SpecRules::Kind::chunked;
    case GroupKind::mamba:
      return SpecRules::Kind::state;
    case GroupKind::full:
    case GroupKind::mla:
    case GroupKind::cross:  // never with caching on [CONF-13]
      break;
  }
  return SpecRules::Kind::full;
}

}  // namespace

void find_keys(Stream& stream, const IndexArrays& index, const DigestWords* digests, const KeyTile* tiles,
               std::size_t num_tiles, BlockId* found) {
  launch(stream, num_tiles * keys_of_tile, FindKeys{index, digests, tiles, found});
}

void resolve_hits(Stream& stream, const ResolveHits& body, std::size_t num_requests) {
  launch(stream, num_requests, body);
}

PrefixIndex::PrefixIndex(Stream& stream, const Config<Growing>& config)
    : stream_(stream), num_blocks_(static_cast<std::uint32_t>(config.num_blocks)) {
  for (const GroupSpec& spec : config.groups) {
    const std::int64_t size = config.effective_block_size(spec);
    block_sizes_.push_back(static_cast<std::uint32_t>(size));
    digests_per_block_.push_back(static_cast<std::uint32_t>(size / config.hash_block_size));
    stride_ = std::max(stride_, digests_per_block_.back());
  }
  num_buckets_ = std::bit_ceil((2 * num_blocks_ + entries_of_bucket - 1) / entries_of_bucket);
  buckets_ = Buffer<IndexBucket>(stream, num_buckets_);
  digests_ = Buffer<DigestWords>(stream, std::size_t{num_blocks_} * stride_);
  groups_ = Buffer<std::uint64_t>(stream, num_blocks_);
  digests_of_.assign(stream, digests_per_block_);
  stream.fill(buckets_.data(), 0, num_buckets_ * sizeof(IndexBucket));
  stream.fill(groups_.data(), 0, num_blocks_ * sizeof(std::uint64_t));
  stream.fill(digests_.data(), 0, std::size_t{num_blocks_} * stride_ * sizeof(DigestWords));
  set_rules(config);
}

// [LOOK-11]; what differs under the recorded semantics is DEV-02, DEV-07 and DEV-08.
void PrefixIndex::set_rules(const Config<Growing>& config) {
  const bool sound = config.is_sound();
  std::vector<SpecRules> specs;
  std::vector<GroupId> members;
  std::vector<bool> is_placed(config.groups.size());
  for (const bool full : {true, false}) {
    for (std::size_t g = 0; g < config.groups.size(); ++g) {
      const GroupSpec& spec = config.groups[g];
      if (is_placed[g] || is_full_attention(spec.kind) != full) continue;
      SpecRules rules{};
      rules.kind = kind_of(spec.kind);
      rules.block_size = block_sizes_[g];
      const std::int64_t alignment = config.groups.size() == 1 ? rules.block_size : config.scheduler_block_size;
      rules.alignment = static_cast<std::uint32_t>(alignment / rules.block_size);
      const std::int64_t window = spec.sliding_window.value_or(1);
      rules.run = static_cast<std::uint32_t>((window - 1 + rules.block_size - 1) / rules.block_size);
      if (sound) rules.run = std::max(rules.run, 1U);  // [DEV-08]
      rules.chunk = static_cast<std::uint32_t>(spec.attention_chunk_size.value_or(1));
      rules.first_member = static_cast<std::uint32_t>(members.size());
      for (std::size_t other = g; other < config.groups.size(); ++other) {
        if (is_placed[other] || !config.groups[other].same_spec(spec)) continue;
        is_placed[other] = true;
        members.push_back(static_cast<GroupId>(other));
        rules.is_eagle = rules.is_eagle || config.is_eagle(config.groups[other]);
        ++rules.num_members;
      }
      const bool drops = rules.kind != SpecRules::Kind::state || !sound;  // [DEV-02]
      rules.looks_beyond = rules.is_eagle && drops;
      specs.push_back(rules);
    }
  }
  num_specs_ = static_cast<std::uint32_t>(specs.size());
  only_first_spec_is_cut_ = !sound;  // [DEV-07]
  specs_.assign(stream_, specs);
  members_.assign(stream_, members);
}

IndexArrays PrefixIndex::arrays() {
  IndexArrays arrays{};
  arrays.buckets = buckets_.data();
  arrays.digests = digests_.data();
  arrays.groups = groups_.data();
  arrays.digests_of = digests_of_.data();
  arrays.bucket_mask = num_buckets_ - 1;
  arrays.stride = stride_;
  arrays.num_groups = static_cast<std::uint32_t>(digests_per_block_.size());
  return arrays;
}

LookUpRules PrefixIndex::rules() const {
  return {specs_.data(), members_.data(), num_specs_, static_cast<std::uint32_t>(digests_per_block_.size()),
          only_first_spec_is_cut_};
}

void PrefixIndex::rebuild() {
  stream_.fill(buckets_.data(), 0, num_buckets_ * sizeof(IndexBucket));
  launch(stream_, num_blocks_, InsertAll{{arrays()}});
  num_erased_ = 0;
}

void PrefixIndex::update(const host::HashIndex& index, const host::HashIndex::Changes& changes) {
  if (changes.cleared) {
    stream_.fill(buckets_.data(), 0, num_buckets_ * sizeof(IndexBucket));
    stream_.fill(groups_.data(), 0, num_blocks_ * sizeof(std::uint64_t));
    num_erased_ = 0;
  }
  std::vector<BlockId> blocks = changes.blocks;
  std::ranges::sort(blocks);
  blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
  if (blocks.empty()) return;

  std::vector<NewEntry> entries;
  std::vector<DigestWords> keys;
  for (const BlockId b : blocks) {
    if (!index.is_first(b)) continue;
    entries.push_back({b, index.group(b), keys.size()});
    for (const host::Hash256& digest : index.digests(b)) keys.push_back(words_of(digest.bytes(), sizeof(DigestWords)));
  }
  // Whatever a block was entered under before goes first: another block may have its key now.
  erased_.assign(stream_, blocks);
  launch(stream_, blocks.size(), EraseEntries{arrays(), erased_.data()});
  num_erased_ += blocks.size();
  if (num_erased_ > num_buckets_) rebuild();
  entered_.assign(stream_, entries);
  keys_.assign(stream_, keys);
  launch(stream_, entries.size(), InsertEntries{{arrays()}, entered_.data(), keys_.data()});
}

std::vector<PrefixIndex::Hit> PrefixIndex::look_up(std::span<const Request> requests) {
  const std::size_t num_groups = block_sizes_.size();
  std::vector<DigestWords> digests;
  std::vector<KeyTile> tiles;
  std::vector<FoundRow> rows;
  std::vector<LookUpRequest> wanted;
  std::uint64_t num_found = 0;
  for (const Request& request : requests) {
    wanted.push_back({request.num_tokens, 0});
    for (std::size_t g = 0; g < num_groups; ++g) {
      const std::uint32_t count = (request.num_tokens - 1) / block_sizes_[g];
      rows.push_back({num_found, count});
      for (std::uint32_t i = 0; i < count; i += keys_of_tile) {
        tiles.push_back({digests.size() + std::uint64_t{i} * digests_per_block_[g], num_found + i,
                         static_cast<GroupId>(g), std::min(count - i, keys_of_tile)});
      }
      num_found += count;
    }
    for (const host::Hash256& digest : request.digests)
      digests.push_back(words_of(digest.bytes(), sizeof(DigestWords)));
  }
  keys_.assign(stream_, digests);
  tiles_.assign(stream_, tiles);
  rows_.assign(stream_, rows);
  requests_.assign(stream_, wanted);
  found_.reserve(stream_, num_found);
  hits_.reserve(stream_, rows.size());
  find_keys(stream_, arrays(), keys_.data(), tiles_.data(), tiles.size(), found_.data());
  resolve_hits(stream_, {rules(), found_.data(), rows_.data(), requests_.data(), hits_.data()}, requests.size());

  const std::vector<BlockId> found = found_.read(stream_, num_found);
  const std::vector<GroupHit> hits = hits_.read(stream_, rows.size());
  wanted = requests_.read(stream_, wanted.size());
  std::vector<Hit> result(requests.size());
  for (std::size_t r = 0; r < requests.size(); ++r) {
    result[r].num_tokens = wanted[r].hit_tokens;
    for (std::size_t g = 0; g < num_groups; ++g) {
      const GroupHit& hit = hits[r * num_groups + g];
      std::vector<BlockId>& blocks = result[r].blocks.emplace_back(hit.num_null, null_block);
      const BlockId* const first = found.data() + rows[r * num_groups + g].first;
      blocks.insert(blocks.end(), first + hit.num_null, first + hit.num_blocks);
    }
  }
  return result;
}

std::vector<PrefixIndex::Held> PrefixIndex::read() const {
  const std::vector<IndexBucket> buckets = buckets_.read(stream_, num_buckets_);
  const std::vector<DigestWords> digests = digests_.read(stream_, std::size_t{num_blocks_} * stride_);
  std::vector<Held> result;
  for (const IndexBucket& bucket : buckets) {
    for (const std::uint64_t entry : bucket.entries) {
      const BlockId b = IndexArrays::block_of(entry);
      if (b == 0) continue;
      Held held{b, static_cast<GroupId>(entry >> 32), {}};
      const std::size_t count = held.group < digests_per_block_.size() ? digests_per_block_[held.group] : 1;
      for (std::size_t i = 0; i < count; ++i) {
        held.digests.push_back(std::bit_cast<host::Hash256>(digests[std::size_t{b} * stride_ + i]));
      }
      result.push_back(std::move(held));
    }
  }
  std::ranges::sort(result, {}, &Held::block);
  return result;
}

}  // namespace kvspec::cuda
