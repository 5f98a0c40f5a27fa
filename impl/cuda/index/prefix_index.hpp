// The prefix index on a device: which block is the first of each key, and the longest hits of many requests at once.
//
// It follows a host::HashIndex: update() takes over what has changed there since the last time, in one batch, and from
// then on every look-up has the answer that the host's manager would give. [LOOK-01, LOOK-03 .. LOOK-15] Blocks that
// are not the first of their key are not in it, as no look-up finds them. [POOL-09]
//
// What it does not do: remember a hit, count it, or ask whether a request may read the cache at all. [LOOK-02]
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "impl/cuda/device.hpp"
#include "impl/cuda/index/hits.hpp"
#include "impl/cuda/index/kernels.hpp"
#include "impl/host/hash256.hpp"
#include "impl/host/hash_index.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::cuda {

// Kernels over arrays that lie in the stream's place.
void find_keys(Stream& stream, const IndexArrays& index, const DigestWords* digests, const KeyTile* tiles,
               std::size_t num_tiles, BlockId* found);
void resolve_hits(Stream& stream, const ResolveHits& body, std::size_t num_requests);

class PrefixIndex {
 public:
  struct Request {
    std::span<const host::Hash256> digests{};  // of its full hash blocks
    std::uint32_t num_tokens = 0;              // at least 1
  };
  struct Hit {
    std::vector<std::vector<BlockId>> blocks{};  // per group
    std::uint32_t num_tokens = 0;

    bool operator==(const Hit&) const = default;
  };
  // A block that is the first of its key.
  struct Held {
    BlockId block = 0;
    GroupId group = 0;
    std::vector<host::Hash256> digests{};

    bool operator==(const Held&) const = default;
  };

  // An empty index for the blocks of a configuration that is valid and has caching on. The stream lives as long, and
  // has failed if its place has not enough memory. [DEVICE-04]
  PrefixIndex(Stream& stream, const Config<Growing>& config);

  // Takes over the changes of an index that had no hashes when it began to be followed; `index` is in the state after
  // them. [HASH-11]
  void update(const host::HashIndex& index, const host::HashIndex::Changes& changes);

  // The longest hit of each request; waits.
  std::vector<Hit> look_up(std::span<const Request> requests);

  // All that a search can find, ordered by block; waits. For checks: it walks the buckets.
  std::vector<Held> read() const;

  // As kernels see it, until the next update.
  IndexArrays arrays();
  LookUpRules rules() const;

 private:
  void set_rules(const Config<Growing>& config);
  void rebuild();

  Stream& stream_;
  std::vector<std::uint32_t> block_sizes_{};  // tokens, per group
  std::vector<std::uint32_t> digests_per_block_{};
  std::uint32_t num_blocks_ = 0;
  std::uint32_t num_buckets_ = 1;
  std::uint32_t stride_ = 1;
  std::uint32_t num_specs_ = 0;
  bool only_first_spec_is_cut_ = false;
  std::size_t num_erased_ = 0;  // since the buckets were last cleared: no fewer than there are tombstones

  Buffer<IndexBucket> buckets_{};
  Buffer<DigestWords> digests_{};
  Buffer<std::uint64_t> groups_{};
  Buffer<std::uint32_t> digests_of_{};
  Buffer<SpecRules> specs_{};
  Buffer<GroupId> members_{};

  // Of a batch.
  Buffer<BlockId> erased_{};
  Buffer<NewEntry> entered_{};
  Buffer<DigestWords> keys_{};
  Buffer<KeyTile> tiles_{};
  Buffer<BlockId> found_{};
  Buffer<FoundRow> rows_{};
  Buffer<LookUpRequest> requests_{};
  Buffer<GroupHit> hits_{};
};

}  // namespace kvspec::cuda
