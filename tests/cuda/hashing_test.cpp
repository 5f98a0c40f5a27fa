// Batches of chains have the digests that the host's hasher gives each of them alone.
#include "impl/host/hashing.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "fuzz/random.hpp"
#include "impl/cuda/hashing/block_hashing.hpp"
#include "tests/cuda/places.hpp"

namespace kvspec::cuda {
namespace {

using fuzz::Random;

// A request as the batch and the host's hasher are both given it.
struct Prompt {
  std::vector<Token> tokens;
  host::KeySources keys;
  std::int64_t start = 0;  // of the first token, a multiple of the block size
  bool has_parent = false;
  host::Hash256 parent{};
  bool only_last_item = false;

  host::HashRun run(std::size_t block_size) const {
    host::HashRun result{};
    result.tokens = tokens;
    result.block_size = block_size;
    result.start = start;
    result.parent = has_parent ? &parent : nullptr;
    result.only_last_item = only_last_item;
    return result;
  }
};

// Of every length that an encoding has for integers, and both signs.
Token random_token(Random& random) {
  const std::uint64_t bits = random.next() >> random.below(64);
  const Token magnitude = static_cast<Token>(bits >> 1);
  return random.chance(1, 8) ? -magnitude : magnitude;
}

std::string random_text(Random& random, std::uint32_t longest) {
  std::string text(random.below(longest + 1), 'a');
  for (char& c : text) c = static_cast<char>('a' + random.below(26));
  return text;
}

// Where `is_usual`, all tokens are of a vocabulary.
Prompt random_prompt(Random& random, std::size_t block_size, bool is_usual) {
  Prompt prompt;
  prompt.tokens.resize(block_size * random.below(5) + random.below(static_cast<std::uint32_t>(block_size)));
  for (Token& token : prompt.tokens) {
    token = is_usual || random.chance(1, 2) ? Token{random.below(128000) >> random.below(16)} : random_token(random);
  }
  prompt.start = static_cast<std::int64_t>(block_size * random.below(3));
  prompt.has_parent = prompt.start > 0;
  for (std::uint64_t& word : prompt.parent.words) word = random.next();
  if (random.chance(1, 2)) return prompt;
  AddRequest<Growing> request{};
  request.tokens.assign(prompt.tokens.begin(), prompt.tokens.end());
  if (random.chance(1, 3)) request.lora = Lora<Growing>{random_text(random, 300), 1};
  if (random.chance(1, 3)) request.cache_salt = random_text(random, 40);
  if (random.chance(1, 2)) {
    request.mm.emplace();
    Count offset = 0;
    for (std::uint32_t i = random.below(6); i > 0; --i) {
      offset += random.below(static_cast<std::uint32_t>(block_size) + 1);
      request.mm->push_back(
          {random_text(random, 70), offset, 1 + random.below(static_cast<std::uint32_t>(block_size))});
    }
  }
  if (random.chance(1, 4)) {
    request.prompt_embeds.emplace();
    request.prompt_embeds->width = 1 + random.below(3);
    request.prompt_embeds->values.resize(request.tokens.size() * request.prompt_embeds->width, 0.5F);
  }
  prompt.keys.assign(request, random.chance(1, 4));
  prompt.only_last_item = random.chance(1, 4);
  return prompt;
}

Config<Growing> random_config(Random& random, HashFunction function) {
  Config<Growing> config = single_group_config<Growing>(GroupKind::full, 1 + random.below(40), 8);
  config.hash_fn = function;
  if (random.chance(1, 4)) config.hash_bits = 1 + random.below(256);
  if (random.chance(1, 2)) {
    config.none_hash.emplace();
    config.none_hash->size = random.chance(1, 2) ? 16 : 32;
    for (std::uint8_t& byte : config.none_hash->bytes) byte = static_cast<std::uint8_t>(random.below(256));
  }
  return config;
}

class BatchedHashing : public InPlace {};
KVSPEC_IN_PLACES(BatchedHashing);

// Covers: HASH-01, HASH-02, HASH-03, HASH-04, HASH-06, HASH-07, HASH-13
TEST_P(BatchedHashing, EqualsTheHostsOnRandomBatches) {
  Random random(17);
  std::size_t compared = 0;
  for (int batch = 0; batch < 200; ++batch) {
    const HashFunction function = batch % 2 == 0 ? HashFunction::sha256 : HashFunction::sha256_cbor;
    const Config<Growing> config = random_config(random, function);
    const std::size_t block_size = static_cast<std::size_t>(config.hash_block_size);
    BlockHashing hashing(stream, config);
    host::BlockHasher hasher(config);
    std::vector<host::Hash256> expected;
    // Two batches of one object: what the first leaves behind must not be seen.
    for (int again = 0; again < 2; ++again) {
      expected.clear();
      const bool is_usual = random.chance(1, 2);
      for (std::uint32_t i = random.below(12); i > 0; --i) {
        const Prompt prompt = random_prompt(random, block_size, is_usual);
        const std::size_t first = expected.size();
        expected.resize(first + prompt.tokens.size() / block_size);
        if (expected.size() > first) hasher.hash(prompt.run(block_size), prompt.keys, &expected[first]);
        ASSERT_TRUE(hashing.add(prompt.run(block_size), prompt.keys));
      }
      ASSERT_EQ(hashing.num_blocks(), expected.size());
      hashing.hash();
      ASSERT_EQ(hashing.read(), expected) << "batch " << batch << ", block size " << block_size;
      compared += expected.size();
    }
  }
  EXPECT_GT(compared, 2000U);
}

// Messages that end just before, at and behind the end of a 64-byte block, in every place of it.
TEST_P(BatchedHashing, EqualsTheHostsAroundTheEndsOfBlocks) {
  for (const HashFunction function : {HashFunction::sha256, HashFunction::sha256_cbor}) {
    Config<Growing> config = single_group_config<Growing>(GroupKind::full, 160, 8);
    config.hash_fn = function;
    BlockHashing hashing(stream, config);
    host::BlockHasher hasher(config);
    std::vector<std::vector<Token>> prompts;
    std::vector<host::Hash256> expected(70);
    for (std::size_t long_tokens = 0; long_tokens < 70; ++long_tokens) {
      prompts.emplace_back(160, 1);
      // One byte more each.
      std::fill_n(prompts.back().begin(), long_tokens, function == HashFunction::sha256_cbor ? 200 : 300);
      host::HashRun run{};
      run.tokens = prompts.back();
      run.block_size = 160;
      hasher.hash(run, {}, &expected[long_tokens]);
      ASSERT_TRUE(hashing.add(run, {}));
    }
    hashing.hash();
    EXPECT_EQ(hashing.read(), expected);
  }
}

// Plain chains of every block size, and of the next: in each batch messages take different numbers of compressions, as
// more and more tokens of a block are of another length.
TEST_P(BatchedHashing, EqualsTheHostsWhereMessagesOfAWarpDifferInLength) {
  for (const HashFunction function : {HashFunction::sha256, HashFunction::sha256_cbor}) {
    for (std::size_t block_size = 4; block_size <= 68; block_size += 4) {
      Config<Growing> config = single_group_config<Growing>(GroupKind::full, static_cast<std::int64_t>(block_size), 8);
      config.hash_fn = function;
      BlockHashing hashing(stream, config);
      host::BlockHasher hasher(config);
      std::vector<host::Hash256> expected;
      for (std::size_t first_length = 0; first_length < 5; ++first_length) {
        // Tokens of 1 to 5 bytes; each block has one more of the second length than the one before it.
        std::vector<Token> tokens;
        for (std::size_t long_tokens = 0; long_tokens <= block_size; ++long_tokens) {
          constexpr Token lengths[] = {1, 200, 300, 70000, -70000, 1};
          tokens.resize(tokens.size() + block_size, lengths[first_length]);
          std::fill_n(tokens.end() - static_cast<std::ptrdiff_t>(block_size), long_tokens, lengths[first_length + 1]);
        }
        host::HashRun run{};
        run.tokens = tokens;
        run.block_size = block_size;
        expected.resize(expected.size() + block_size + 1);
        hasher.hash(run, {}, &expected[expected.size() - block_size - 1]);
        ASSERT_TRUE(hashing.add(run, {}));
      }
      hashing.hash();
      ASSERT_EQ(hashing.read(), expected) << "block size " << block_size;
    }
  }
}

// Enough chains for blocks of a kernel of every size that it has.
TEST_P(BatchedHashing, EqualsTheHostsForManyChains) {
  Random random(23);
  const std::pair<HashFunction, std::size_t> kinds[] = {
      {HashFunction::sha256_cbor, 4}, {HashFunction::sha256_cbor, 64}, {HashFunction::sha256, 16}};
  for (const auto& [function, block_size] : kinds) {
    for (const std::size_t num_chains : {std::size_t{1500}, std::size_t{16000}, std::size_t{40000}}) {
      Config<Growing> config = single_group_config<Growing>(GroupKind::full, static_cast<std::int64_t>(block_size), 8);
      config.hash_fn = function;
      BlockHashing hashing(stream, config);
      host::BlockHasher hasher(config);
      std::vector<host::Hash256> expected(num_chains);
      std::vector<Token> tokens(block_size);
      host::HashRun run{};
      run.tokens = tokens;
      run.block_size = block_size;
      for (host::Hash256& digest : expected) {
        for (Token& token : tokens) token = Token{random.below(128000)};
        hasher.hash(run, {}, &digest);
        ASSERT_TRUE(hashing.add(run, {}));
      }
      hashing.hash();
      ASSERT_EQ(hashing.read(), expected) << num_chains << " chains";
    }
  }
}

// Covers: DEVICE-06, HASH-05
TEST_P(BatchedHashing, RefusesWhatWouldNeedASecondFrame) {
  for (const std::size_t size : {std::size_t{6500}, std::size_t{7400}}) {
    Config<Growing> config = single_group_config<Growing>(GroupKind::full, static_cast<std::int64_t>(size), 8);
    config.hash_fn = HashFunction::sha256;
    BlockHashing hashing(stream, config);
    const std::vector<Token> tokens(size, Token{1} << 62);
    host::HashRun run{};
    run.tokens = tokens;
    run.block_size = size;
    const Result<Done> added = hashing.add(run, {});
    EXPECT_EQ(added.ok(), size == 6500);
    if (!added) {
      EXPECT_EQ(added.error(), (Error{Clause::device_06, 128 + 74000}));
      EXPECT_EQ(hashing.num_blocks(), 0U);
      continue;
    }
    std::vector<host::Hash256> expected(1);
    host::BlockHasher(config).hash(run, {}, expected.data());
    hashing.hash();
    EXPECT_EQ(hashing.read(), expected);
  }
}

// On an H100 and on two devices with less shared memory: blocks of 16 tokens in pickle and of 64 in CBOR.
TEST(ThreadsOfHashing, FollowFromTheChainsAndTheSharedMemory) {
  const Stream::Capacity h100{.multiprocessors = 132, .shared_bytes = 233472, .shared_bytes_of_a_block = 232448};
  constexpr std::uint32_t of_16 = 72;
  constexpr std::uint32_t of_64 = 174;
  EXPECT_EQ(threads_per_block(h100, 100000, of_16), 384U);
  EXPECT_EQ(threads_per_block(h100, 132 * 384, of_16), 384U);
  EXPECT_EQ(threads_per_block(h100, 132 * 384 + 1, of_16), 128U);  // or one multiprocessor would have twice as many
  EXPECT_EQ(threads_per_block(h100, 10000, of_16), 128U);
  EXPECT_EQ(threads_per_block(h100, 1, of_16), 128U);
  EXPECT_EQ(threads_per_block(h100, 100000, of_64), 128U);
  const Stream::Capacity ada{.multiprocessors = 128, .shared_bytes = 102400, .shared_bytes_of_a_block = 101376};
  EXPECT_EQ(threads_per_block(ada, 98304, of_16), 128U);
  EXPECT_EQ(threads_per_block(ada, 98304, of_64), 128U);
  const Stream::Capacity turing{.multiprocessors = 72, .shared_bytes = 65536, .shared_bytes_of_a_block = 65536};
  EXPECT_EQ(threads_per_block(turing, 100, of_16), 128U);
  EXPECT_EQ(threads_per_block(turing, 100, of_64), 32U);
}

TEST(BatchedHashingOfLibraries, IsNotDone) {
  EXPECT_TRUE(BlockHashing::supports(HashFunction::sha256));
  EXPECT_TRUE(BlockHashing::supports(HashFunction::sha256_cbor));
  EXPECT_FALSE(BlockHashing::supports(HashFunction::xxhash));
  EXPECT_FALSE(BlockHashing::supports(HashFunction::xxhash_cbor));
}

}  // namespace
}  // namespace kvspec::cuda
