// Longest-prefix look-up: n prefixes of 32 blocks, of which the first 24 are cached at random places, in an index of 16
// million entries at load 0.5.
#include "impl/bench/cuda/measure.hpp"
#include "impl/cuda/index/prefix_index.hpp"
#include "impl/cuda/launch.hpp"

namespace kvspec::cuda::bench {
namespace {

constexpr std::uint32_t num_blocks = std::uint32_t{1} << 24;
constexpr std::uint32_t num_buckets = 2 * num_blocks / entries_of_bucket;
constexpr std::uint32_t keys_of_prefix = 32;
constexpr std::uint32_t hits_of_prefix = 24;
constexpr std::uint32_t tiles_of_prefix = keys_of_prefix / keys_of_tile;

KVSPEC_EXEC DigestWords digest_of(std::uint64_t number) {
  DigestWords digest;
  for (std::uint32_t i = 0; i < 4; ++i) {
    const std::uint64_t bits = mixed(number * 4 + i);
    digest.words[2 * i] = static_cast<std::uint32_t>(bits);
    digest.words[2 * i + 1] = static_cast<std::uint32_t>(bits >> 32);
  }
  return digest;
}

struct MakeBlocks {
  IndexArrays index;
  KVSPEC_EXEC void operator()(std::uint64_t b) const {
    index.digests[b] = digest_of(b);
    index.groups[b] = b == null_block ? 0 : 1;
  }
};
struct MakePrefixes {
  DigestWords* digests;
  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    const bool is_hit = i % keys_of_prefix < hits_of_prefix;
    const std::uint64_t b = 1 + mixed(~i) % (num_blocks - 1);
    digests[i] = digest_of(is_hit ? b : i + num_blocks);
  }
};
struct MakeTiles {
  KeyTile* tiles;
  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    tiles[i] = {i * keys_of_tile, i * keys_of_tile, 0, keys_of_tile};
  }
};
struct MakeRequests {
  FoundRow* rows;
  LookUpRequest* requests;
  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    rows[i] = {i * keys_of_prefix, keys_of_prefix};
    requests[i] = {keys_of_prefix * 16 + 1, 0};
  }
};

}  // namespace

void measure_look_up(Stream& stream, const Ceilings& ceilings) {
  // One group of full attention; its rules are those of an index of two blocks.
  const Config<Growing> config = single_group_config<Growing>(GroupKind::full, 16, 2);
  PrefixIndex small(stream, config);

  Buffer<IndexBucket> buckets(stream, num_buckets);
  Buffer<DigestWords> block_digests(stream, num_blocks);
  Buffer<std::uint64_t> groups(stream, num_blocks);
  IndexArrays index = small.arrays();
  index.buckets = buckets.data();
  index.digests = block_digests.data();
  index.groups = groups.data();
  index.bucket_mask = num_buckets - 1;
  launch(stream, num_blocks, MakeBlocks{index});
  const Times inserting = measure(stream, [&] {
    stream.fill(buckets.data(), 0, num_buckets * sizeof(IndexBucket));
    launch(stream, num_blocks, InsertAll{{index}});
  });
  print_line("insert entries, load 0.5", num_blocks, inserting, num_blocks, "entries/s", ceilings.reads);

  for (const std::uint64_t n : {1000U, 10000U, 100000U, 1000000U}) {
    const std::uint64_t keys = n * keys_of_prefix;
    Buffer<DigestWords> digests(stream, keys);
    Buffer<KeyTile> tiles(stream, n * tiles_of_prefix);
    Buffer<BlockId> found(stream, keys);
    Buffer<FoundRow> rows(stream, n);
    Buffer<LookUpRequest> requests(stream, n);
    Buffer<GroupHit> hits(stream, n);
    launch(stream, keys, MakePrefixes{digests.data()});
    launch(stream, n * tiles_of_prefix, MakeTiles{tiles.data()});
    launch(stream, n, MakeRequests{rows.data(), requests.data()});
    const auto find = [&] {
      find_keys(stream, index, digests.data(), tiles.data(), n * tiles_of_prefix, found.data());
    };
    const auto resolve = [&] {
      resolve_hits(stream, {small.rules(), found.data(), rows.data(), requests.data(), hits.data()}, n);
    };
    const Times finding = measure(stream, find);
    const Times all = measure(stream, [&] {
      find();
      resolve();
    });
    // A cached key takes a bucket and a digest, another one a bucket.
    const double reads = static_cast<double>(n) * (keys_of_prefix + hits_of_prefix);
    print_line("find keys, as reads", n, finding, reads, "reads/s", ceilings.reads);
    print_line("longest prefixes, as reads", n, all, reads, "reads/s", ceilings.reads);
    print_line("longest prefixes, as keys", n, all, static_cast<double>(keys), "keys/s", ceilings.reads);
    for (const LookUpRequest& request : requests.read(stream, n)) {
      if (request.hit_tokens != hits_of_prefix * 16) return stream.fail({Clause::i30, request.hit_tokens});
    }
  }
}

}  // namespace kvspec::cuda::bench
