// The two encodings of the host implementation against digests computed by Python (pickle of CPython 3.11, hashlib).
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "impl/host/encoding.hpp"
#include "impl/host/hashing.hpp"
#include "model/hashing/block_hash.hpp"

namespace kvspec::host {
namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}
std::string hex(const Hash256& hash) { return hex({hash.bytes(), sizeof(Hash256)}); }

BlockHasher hasher(HashFunction function, std::optional<std::int64_t> bits = {}) {
  Config<Growing> config{};
  config.hash_fn = function;
  config.hash_bits = bits;
  return BlockHasher(config);
}

std::string block_at(BlockHasher hasher, const std::vector<Token>& tokens, const KeySources& sources,
                     std::int64_t start) {
  Hash256 digest;
  hasher.hash({.tokens = tokens, .block_size = tokens.size(), .start = start}, sources, &digest);
  return hex(digest);
}
std::string first_block(HashFunction function, const std::vector<Token>& tokens) {
  return block_at(hasher(function), tokens, KeySources{}, 0);
}

// A first block of four tokens with a LoRA, items and a salt, so that every kind of key is encoded.
std::string keyed_block(HashFunction function, const std::string& lora, std::vector<MultimodalItem<Growing>> items,
                        const std::string& salt) {
  KeySources sources{};
  sources.has_lora = true;
  sources.lora_name = lora;
  sources.items = std::move(items);
  sources.cache_salt = salt;
  sources.bare_texts = true;  // as the Python that computed the digests has it [DEV-05]
  return block_at(hasher(function), {1, 2, 3, 4}, sources, 0);
}

std::vector<Token> long_block() {
  std::vector<Token> tokens;
  for (Token i = 0; i < 20000; ++i) tokens.push_back(i * 1000003);
  return tokens;
}

constexpr Token int32_max = 2147483647;
constexpr Token int64_max = std::numeric_limits<Token>::max();
constexpr Token int64_min = std::numeric_limits<Token>::min();

// Covers: HASH-04
TEST(HostHashing, TheNoneHashOfSeedZero) {
  EXPECT_EQ(hex(hasher(HashFunction::sha256).none_hash().view()),
            "1973e23848344dc43a988a9b478663803cfffe1243480253f9a3cf004b14aa7c");
  EXPECT_EQ(hex(hasher(HashFunction::sha256_cbor).none_hash().view()),
            "4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e");
}

// Covers: HASH-01, HASH-02
TEST(HostHashing, Cbor) {
  EXPECT_EQ(first_block(HashFunction::sha256_cbor, {153, 181}),
            "bf7f72447f65251ecb1565672d9c05221d5e9bc8d660d84d99e6ea9007cd0a38");
  EXPECT_EQ(first_block(HashFunction::sha256_cbor, {1, 2, 3, 4}),
            "c9d58ba695280d69b243e1e0df813136ca9196b286fb1a021e0b2e028ef071cb");
  EXPECT_EQ(first_block(HashFunction::sha256_cbor, {0, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, -1, -24,
                                                    -25, int64_max, int64_min}),
            "aacbdb540d7bb310ec9d28c7abb4fc02b320f532edad81ed5f811e52e41929bc");
  EXPECT_EQ(first_block(HashFunction::sha256_cbor, long_block()),
            "d0a6418503617c8d2b437ef33cae8054140e90ead52777fbb782d810ddbe50f9");
}

// Covers: HASH-01, HASH-03
TEST(HostHashing, Pickle) {
  EXPECT_EQ(first_block(HashFunction::sha256, {1, 2, 3, 4}),
            "762b2e7e1520febd3a0aedb7358e8602facf3924440e18538fce057e23bae91d");
  EXPECT_EQ(first_block(HashFunction::sha256, {7}), "4e7493abc7315520e17ce180ee400439b7dc83e7406fb239462766705eb058c8");
  EXPECT_EQ(first_block(HashFunction::sha256, {7, 300}),
            "2281ed4382f924575726e5cb30f135cc324e28ab8c69877029fef1926943a6d8");
  EXPECT_EQ(first_block(HashFunction::sha256, {7, 300, 70000}),
            "724bdad9cbfeae70089e81ebbf9bb2e4bcaa5cd08c5eb23408001f89252aefb7");
  EXPECT_EQ(first_block(HashFunction::sha256, {0, 255, 256, 65535, 65536, int32_max, int32_max + 1, -1, -int32_max - 1,
                                               -int32_max - 2, int64_max, int64_min}),
            "0b3d0bbb04bb10d3fb0db33f162671bc375beb3ec8f4aaca07659aaf1bc2a651");
}

// Covers: HASH-05
TEST(HostHashing, PickleFrames) {
  EXPECT_EQ(first_block(HashFunction::sha256, long_block()),
            "07e9df23da23d49d759b24626effc21d109bf82c6b4ce2fb7ff0e44ba696b1ad");
  const std::string lora(65536, 'x');
  const std::string item(65535, 'z');
  const std::string salt(70000, 'y');
  EXPECT_EQ(keyed_block(HashFunction::sha256, lora, {{item, 1, 9}}, salt),
            "8f40efb6b56a004a9cffb10f47117dfaae908d91f30603bb1558a2795c8336c7");
  // Between the two texts stands one byte: a frame too short for a header.
  EXPECT_EQ(keyed_block(HashFunction::sha256, lora, {}, salt),
            "b4e92e51163538fa9c5b738bcf4264642eba967323b59621c206799314357e2a");
  EXPECT_EQ(keyed_block(HashFunction::sha256_cbor, lora, {{item, 1, 9}}, salt),
            "0200a19b528bb56929b612fe4ead866764cb18e3b6baede57cd6882383218440");
}

// Covers: HASH-06, HASH-07
TEST(HostHashing, ExtraKeysInTheirOrder) {
  const std::vector<MultimodalItem<Growing>> items = {
      {"img", 1, 1}, {"\xc3\xa9\xe6\xbc\xa2\xe5\xad\x97" + std::string(300, 'q'), 2, 1}};
  EXPECT_EQ(keyed_block(HashFunction::sha256, "lora", items, "salt"),
            "0cd02ce1583546015a9f03432aec501d588da193679720b26ff270607e3ff13c");
  EXPECT_EQ(keyed_block(HashFunction::sha256_cbor, "lora", items, "salt"),
            "b0187dd9926b749be79e82114aa8ff6b053f5dec9731b4450ea44126bed6f003");
}

// The offsets of items, which may lie far before the block, at the limits of the forms that integers have.
// Covers: HASH-02, HASH-03, HASH-07
TEST(HostHashing, ItemsFarFromTheStart) {
  KeySources far{};
  std::vector<Token> tokens;
  for (Token i = 0; i < 66000; ++i) tokens.push_back(i % 7);
  for (const Count offset : {0U, 23U, 24U, 255U, 256U, 65535U, 65536U}) {
    far.items.push_back({"item" + std::to_string(far.items.size()), offset, 1});
  }
  EXPECT_EQ(block_at(hasher(HashFunction::sha256), tokens, far, 0),
            "84d9ddec89cd5fe9e29603365f134d6938b08f79c29fc0a2cea407cacc953758");
  EXPECT_EQ(block_at(hasher(HashFunction::sha256_cbor), tokens, far, 0),
            "19f54d4afc3923868acc886936901e5556a420155682de181dcf4b3351cbcf7b");

  constexpr Count start = std::numeric_limits<Count>::max();
  constexpr Count two_to_31 = Count{1} << 31;
  KeySources before{};
  for (const Count distance : {start - 1, two_to_31 + 1, two_to_31, 65537U, 65536U, 257U, 256U, 25U, 24U, 1U}) {
    before.items.push_back({"item" + std::to_string(before.items.size()), start - distance, distance + 1});
  }
  EXPECT_EQ(block_at(hasher(HashFunction::sha256), {1, 2, 3, 4}, before, start),
            "8650be3ccd7beb35ea4dc836629469fa64fd2fd3c367ba825b34e6f703943798");
  EXPECT_EQ(block_at(hasher(HashFunction::sha256_cbor), {1, 2, 3, 4}, before, start),
            "599f6f25f52c2486848df9bf3a28042ffd9d9c82a34d8954fd3e85e1a57f1cf3");
}

// A first block is hashed as the model does it.
constexpr auto pickle_and_cbor = {HashFunction::sha256, HashFunction::sha256_cbor};
void expect_as_the_model(const std::vector<Token>& tokens, const KeySources& sources,
                         std::initializer_list<HashFunction> functions = pickle_and_cbor) {
  BlockKeys keys{};
  KeyScan(sources).find(0, static_cast<std::int64_t>(tokens.size()), keys);
  const ExtraKeys<Growing> in_words = to_extra_keys(sources, keys, 0);
  for (const HashFunction function : functions) {
    const Digest expected = model::hash_block<Growing>(function, hasher(function).none_hash(), tokens, in_words);
    ASSERT_EQ(block_at(hasher(function), tokens, sources, 0), hex(expected.view()));
  }
}

KeySources texts(std::size_t lora, std::size_t item, std::size_t salt) {
  KeySources sources{};
  sources.has_lora = lora > 0;
  sources.lora_name.assign(lora, 'l');
  if (item > 0) sources.items.push_back({std::string(item, 'i'), 0, 1});
  sources.cache_salt.assign(salt, 's');
  return sources;
}

// Where heads get longer, and where an object is too long for a frame.
// Covers: HASH-02, HASH-03, HASH-05
TEST(HostHashing, TextsOfEveryLength) {
  for (const std::size_t length : {1U, 23U, 24U, 255U, 256U, 257U, 65534U, 65535U, 65536U, 65537U}) {
    expect_as_the_model({1, 2}, texts(length, 3, 0));
    expect_as_the_model({1, 2}, texts(2, length, 5));
    expect_as_the_model({1, 2, 3, 4}, texts(0, 0, length));
  }
}

// A frame is full at any object, and at any byte of it.
// Covers: HASH-05, HASH-09
TEST(HostHashing, FramesThatEndAnywhere) {
  const auto expect = [](const std::vector<Token>& tokens, const KeySources& sources) {
    expect_as_the_model(tokens, sources, {HashFunction::sha256});
  };
  KeySources keys = texts(1, 0, 1);
  keys.has_embeds = true;
  keys.embeds = {1.0F};
  keys.embeds_width = 1;
  for (const std::string salt : {"", "s"}) {
    for (std::size_t short_of = 0; short_of < 80; ++short_of) {  // bytes, of 64 KiB
      keys.lora_name.assign(65536 - short_of, 'l');
      keys.cache_salt = salt;
      expect({1}, keys);
    }
  }
  KeySources four_keys = texts(9, 5, 3);
  four_keys.items.push_back({"i", 0, 1});
  for (std::size_t ones = 0; ones < 24; ++ones) {  // 2 bytes each, the others 10
    std::vector<Token> tokens(6546, int64_min);
    tokens.resize(tokens.size() + ones, 1);
    expect(tokens, KeySources{});
    if (ones < 16) continue;
    expect(tokens, texts(0, 65536, 0));
    expect(tokens, texts(65536, 0, 0));
    expect(tokens, texts(9, 65540, 3));
    expect(tokens, four_keys);
    tokens.resize(tokens.size() + 40, int64_min);  // the integers do not end with the frame
    expect(tokens, KeySources{});
    tokens[0] = 70000;  // 5 bytes
    expect(tokens, KeySources{});
  }
}

// A message has room for the longest block there can be of its tokens and keys.
// Covers: HASH-05, HASH-06
TEST(HostHashing, BlocksOfTheLongestIntegers) {
  for (const std::size_t count : {1U, 7U, 100U, 150000U}) {
    expect_as_the_model(std::vector<Token>(count, int64_min), KeySources{});
  }
  KeySources sources = texts(40, 0, 300);
  for (int i = 0; i < 60; ++i) sources.items.push_back({"i", Count{70000} + static_cast<Count>(i), 1});
  expect_as_the_model(std::vector<Token>(70100, int64_max), sources);
  sources.cache_salt.assign(200000, 's');
  expect_as_the_model({1, 2, 3}, sources);
  KeySources embeds{};
  embeds.has_embeds = true;
  embeds.embeds.assign(20 * 64, 0.5F);
  embeds.embeds_width = 64;
  expect_as_the_model(std::vector<Token>(18, 1), embeds);
}

// The bytes of one integer, by the way that any integer takes or by the one that most tokens take.
template <class Writer>
std::string written(Token value, bool as_token) {
  constexpr std::size_t before = std::is_same_v<Writer, CborWriter> ? 0 : 11;  // protocol and head of the frame
  Sha256Message message;
  Writer writer;
  writer.begin(message, 64);
  if (as_token) {
    writer.integers(std::span(&value, 1));
  } else {
    writer.integer(value);
  }
  return hex({message.data() + before, message.size() - before});
}

// Covers: HASH-02, HASH-03
TEST(HostHashing, BothWaysOfIntegersWriteTheSame) {
  for (int bits = 0; bits < 63; ++bits) {
    for (const Token distance : {-2, -1, 0, 1, 2}) {
      for (const Token sign : {1, -1}) {
        const Token value = sign * ((Token{1} << bits) + distance);
        ASSERT_EQ(written<CborWriter>(value, true), "81" + written<CborWriter>(value, false)) << value;
        ASSERT_EQ(written<PickleWriter>(value, true), written<PickleWriter>(value, false) + "8594") << value;
      }
    }
  }
  EXPECT_EQ(written<CborWriter>(4294967295, false), "1affffffff");
  EXPECT_EQ(written<CborWriter>(4294967296, false), "1b0000000100000000");
  EXPECT_EQ(written<CborWriter>(-4294967296, false), "3affffffff");
  EXPECT_EQ(written<PickleWriter>(2147483647, false), "4affffff7f");
  EXPECT_EQ(written<PickleWriter>(2147483648, false), "8a050000008000");
}

// Covers: HASH-06
TEST(HostHashing, ALoraNameIsNoSalt) {
  for (const HashFunction function : {HashFunction::sha256, HashFunction::sha256_cbor}) {
    KeySources lora{};
    lora.has_lora = true;
    lora.lora_name = "x";
    KeySources salt{};
    salt.cache_salt = "x";
    const std::vector<Token> block = {0, 1, 2, 3};
    EXPECT_NE(block_at(hasher(function), block, lora, 0), block_at(hasher(function), block, salt, 0));
    lora.bare_texts = salt.bare_texts = true;  // [DEV-05]
    EXPECT_EQ(block_at(hasher(function), block, lora, 0), block_at(hasher(function), block, salt, 0));
  }
}

// The same blocks as recorded; the first half of a digest is unused.
// Covers: HASH-14
TEST(HostHashing, Xxh3) {
  EXPECT_EQ(hex(hasher(HashFunction::xxhash).none_hash().view()), "6fb31cc38bba6066183f7f2104b9c051");
  const BlockHasher cbor = hasher(HashFunction::xxhash_cbor);
  EXPECT_EQ(hex(cbor.none_hash().view()), "1ebe36576dcb573f26b99533a20aaeca");
  EXPECT_EQ(cbor.digest_size(), 16U);
  const std::vector<Token> tokens = {133, 177, 166, 87};
  std::vector<Hash256> digests(2);
  BlockHasher(hasher(HashFunction::xxhash_cbor)).hash({.tokens = tokens, .block_size = 2}, {}, digests.data());
  EXPECT_EQ(hex(digests[0]), std::string(32, '0') + "8c01124e14c2f1903e2d6e6f607550bd");
  EXPECT_EQ(hex(to_digest(digests[1], 16).view()), "7f0b3ae8a95b04e106b1157c29fb577b");
  const HashBytes both(digests, 16);
  std::vector<std::uint8_t> copied;
  both.copy_to(copied);
  EXPECT_EQ(hex(copied), "8c01124e14c2f1903e2d6e6f607550bd7f0b3ae8a95b04e106b1157c29fb577b");
  EXPECT_TRUE(std::ranges::equal(both, copied));
}

// Covers: HASH-10
TEST(HostHashing, TheBytesOfAHashAreAllOfThem) {
  std::vector<Hash256> digests(3);
  for (Hash256& digest : digests) digest.words = {0, 0, 7, static_cast<std::uint64_t>(&digest - digests.data())};
  std::vector<Hash256> copies = digests;
  const auto bytes_of = [](const std::vector<Hash256>& list, std::size_t count, std::size_t digest_size = 32) {
    return HashBytes(std::span(list).first(count), digest_size);
  };
  EXPECT_TRUE(bytes_of(digests, 3) == bytes_of(digests, 3));
  EXPECT_TRUE(bytes_of(digests, 3) == bytes_of(copies, 3));
  EXPECT_FALSE(bytes_of(digests, 3) == bytes_of(digests, 2));
  EXPECT_FALSE(bytes_of(digests, 2) == bytes_of(copies, 3));
  EXPECT_FALSE(bytes_of(digests, 3) == bytes_of(digests, 3, 16));
  copies[2].words[3] ^= 1;
  EXPECT_FALSE(bytes_of(digests, 3) == bytes_of(copies, 3));
  const HashBytes bytes = bytes_of(digests, 1);
  HashBytes::Iterator i = bytes.begin();
  EXPECT_TRUE(i++ == bytes.begin());
  EXPECT_TRUE(i == ++bytes.begin());
  EXPECT_EQ(std::distance(bytes.begin(), bytes.end()), 32);
}

// Covers: HASH-09
TEST(HostHashing, PastThePromptTheEmbeddingKeyIsTheHashOfNothing) {
  KeySources sources{};
  sources.has_embeds = true;
  sources.embeds = {1.0F, 2.0F, 3.0F, 4.0F};
  sources.embeds_width = 2;
  EXPECT_EQ(block_at(hasher(HashFunction::sha256_cbor), {0, 0}, sources, 2),
            "795a8f385da3819fcd41abcbc0dca95147f5221576196eb13371dc863bd6fd50");
  EXPECT_EQ(block_at(hasher(HashFunction::sha256), {0, 0}, sources, 2),
            "2fa46e38bb9c3146b7e375dd1cace03f8cf4fd4381154a3e41d9255787f79c04");
}

// Covers: HASH-13
TEST(HostHashing, TruncationKeepsTheLastBits) {
  const auto truncated = [&](std::int64_t bits) {
    return block_at(hasher(HashFunction::sha256_cbor, bits), {1, 2, 3, 4}, KeySources{}, 0);
  };
  const std::string whole = "c9d58ba695280d69b243e1e0df813136ca9196b286fb1a021e0b2e028ef071cb";
  EXPECT_EQ(truncated(256), whole);
  EXPECT_EQ(truncated(2), std::string(63, '0') + "3");
  EXPECT_EQ(truncated(12), std::string(61, '0') + whole.substr(61));
  EXPECT_EQ(truncated(255), "4" + whole.substr(1));
}

// Covers: HASH-07
TEST(HostHashing, ItemsAreFoundFromLeftToRight) {
  KeySources sources{};
  sources.items = {{"a", 1, 3}, {"b", 4, 2}, {"c", 5, 6}};
  KeyScan scan(sources);
  const auto items_of = [](KeyScan& from, std::int64_t start) {
    BlockKeys keys{};
    from.find(start, start + 4, keys);
    return keys.items;
  };
  EXPECT_EQ(items_of(scan, 0), (std::vector<std::uint32_t>{0}));  // "b" starts at the block's end
  EXPECT_EQ(items_of(scan, 4), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(items_of(scan, 8), (std::vector<std::uint32_t>{2}));
  EXPECT_TRUE(items_of(scan, 12).empty());
}

constexpr std::array functions{HashFunction::sha256, HashFunction::sha256_cbor, HashFunction::xxhash,
                               HashFunction::xxhash_cbor};

// Covers: DEV-04
TEST(HostHashing, AsRecordedAnExtensionHashesOnlyTheLastItem) {
  KeySources both{};
  both.items = {{"a", 1, 6}, {"b", 7, 1}};
  KeySources last{};
  last.items = {both.items[1]};
  const std::vector<Token> tokens = {1, 2, 3, 4};
  const auto digest_of = [&](HashFunction function, const KeySources& sources, bool only_last) {
    const HashRun run{.tokens = tokens, .block_size = 4, .start = 4, .only_last_item = only_last};
    Hash256 digest;
    hasher(function).hash(run, sources, &digest);
    return hex(digest);
  };
  for (const HashFunction function : functions) {
    EXPECT_EQ(digest_of(function, both, true), digest_of(function, last, false));
    EXPECT_NE(digest_of(function, both, false), digest_of(function, last, false));
  }
}

// Covers: HASH-12
TEST(HostHashing, LessThanABlockHasNoHash) {
  const std::vector<Token> tokens = {1, 2, 3};
  for (const HashFunction function : functions) {
    Hash256 untouched;
    hasher(function).hash({.tokens = tokens, .block_size = 4}, {}, &untouched);
    EXPECT_EQ(hex(untouched), std::string(64, '0'));
  }
}

// Covers: DEV-04
TEST(HostHashing, AsRecordedOnlyTheLastItemWhenHashesAreExtended) {
  KeySources sources{};
  sources.items = {{"a", 1, 6}, {"b", 7, 1}};
  KeyScan scan(sources);
  scan.start_at_last_item();
  BlockKeys keys{};
  scan.find(4, 8, keys);
  EXPECT_EQ(keys.items, (std::vector<std::uint32_t>{1}));
}

}  // namespace
}  // namespace kvspec::host
