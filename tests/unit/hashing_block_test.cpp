// Block hashes, extra keys and the hashing policies; expected digests are those of recorded traces.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/hashing/block_hash.hpp"
#include "model/hashing/symbolic_hashing.hpp"
#include "model/request.hpp"
#include "model/request_hashing.hpp"

namespace kvspec::model {
namespace {

using Json = nlohmann::json;
using S = Growing;

constexpr std::uint8_t nibble(char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); }

constexpr Digest from_hex(std::string_view hex) {
  Digest digest{};
  digest.size = static_cast<std::uint8_t>(hex.size() / 2);
  for (std::size_t i = 0; i < digest.size; ++i) {
    digest.bytes[i] = static_cast<std::uint8_t>(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
  }
  return digest;
}

std::string to_hex(const Digest& digest) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

constexpr Digest seed_0_cbor = from_hex("4e1195df020de59e0d65a33a4279f1183e7ae4e5d980e309f8b55adff2e61c3e");

template <class P>
ExtraKeys<P> one_text(std::string_view text) {
  ExtraKey<P> key{};
  key.text = Text<P>(text);
  ExtraKeys<P> keys;
  keys.push_back(key);
  return keys;
}

// The first block of full_17.jsonl, at compile time and at run time. Covers: HASH-01, HASH-04
constexpr bool a_recorded_block() {
  using F = Fixed<>;
  const Token tokens[] = {153, 181};
  const ExtraKeys<F> no_keys;
  return none_hash_of_seed(HashFunction::sha256_cbor, "0") == seed_0_cbor &&
         none_hash_of_seed(HashFunction::sha256, "0") ==
             from_hex("1973e23848344dc43a988a9b478663803cfffe1243480253f9a3cf004b14aa7c") &&
         hash_block<F>(HashFunction::sha256_cbor, seed_0_cbor, tokens, no_keys) ==
             from_hex("bf7f72447f65251ecb1565672d9c05221d5e9bc8d660d84d99e6ea9007cd0a38");
}
static_assert(a_recorded_block());
TEST(HashingBlock, ARecordedBlock) { EXPECT_TRUE(a_recorded_block()); }

// The extra keys of the block of tokens start .. end - 1, as the real system has them.
ExtraKeys<S> keys_of(const AddRequest<S>& request, std::int64_t start, std::int64_t end, std::size_t first_item = 0) {
  Config<S> config = single_group_config<S>(GroupKind::full, 1, 1);
  config.semantics = Semantics::recorded;
  ExactHashing hashing;
  return extra_keys(config, hashing, make_request(request), first_item, start, end);
}

// ---- Recorded requests -----------------------------------------------------------------------------------------

AddRequest<S> request_of(const Json& in) {
  AddRequest<S> request{};
  if (in.contains("tokens")) request.tokens = in.at("tokens").get<TokenList<S>>();
  if (in.contains("mm") && !in.at("mm").is_null()) {
    request.mm.emplace();
    for (const Json& item : in.at("mm")) {
      MultimodalItem<S> made{};
      made.id = item.at("id").get<std::string>();
      made.offset = item.at("offset").get<Count>();
      made.length = item.at("length").get<Count>();
      request.mm->push_back(made);
    }
  }
  if (in.contains("lora") && !in.at("lora").is_null()) {
    request.lora.emplace();
    request.lora->name = in.at("lora").at("name").get<std::string>();
  }
  if (in.contains("cache_salt") && !in.at("cache_salt").is_null()) {
    request.cache_salt = in.at("cache_salt").get<std::string>();
  }
  if (in.contains("prompt_embeds") && !in.at("prompt_embeds").is_null()) {
    request.prompt_embeds.emplace();
    for (const Json& row : in.at("prompt_embeds")) {
      request.prompt_embeds->width = static_cast<Count>(row.size());
      for (const Json& value : row) request.prompt_embeds->values.push_back(value.get<float>());
    }
    request.tokens.assign(in.at("prompt_embeds").size(), 0);
  }
  return request;
}

// What the requests of a trace exercised, so that a test knows that it tested something.
struct Exercised {
  int blocks = 0, texts = 0, items = 0, digests = 0;
};

Exercised replay(const std::string& trace) {
  Exercised exercised;
  std::ifstream file(KVSPEC_SOURCE_DIR "/tests/golden/" + trace + ".jsonl");
  std::string line;
  std::getline(file, line);
  const Json recorded = Json::parse(line).at("config");
  Config<S> config = single_group_config<S>(GroupKind::full, recorded.at("hash_block_size").get<std::int64_t>(), 10);
  config.hash_fn = recorded.at("hash_fn") == "sha256" ? HashFunction::sha256 : HashFunction::sha256_cbor;
  ExactHashing hashing;
  EXPECT_EQ(to_hex(hashing.none_hash(config)), recorded.at("none_hash").get<std::string>());
  while (std::getline(file, line)) {
    const Json operation = Json::parse(line);
    if (operation.at("in").at("op") != "new_request") continue;
    const AddRequest<S> request = request_of(operation.at("in"));
    Digest parent = hashing.none_hash(config);
    std::int64_t start = 0;
    for (const Json& expected : operation.at("out").at("block_hashes")) {
      const std::int64_t end = start + config.hash_block_size;
      const ExtraKeys<S> keys = keys_of(request, start, end);
      const std::span<const Token> tokens(request.tokens.data() + start, request.tokens.data() + end);
      parent = hashing.block(config, parent, tokens, keys);
      EXPECT_EQ(to_hex(parent), expected.get<std::string>()) << trace << ": " << operation.at("in").at("req");
      for (const ExtraKey<S>& key : keys) {
        exercised.texts += key.kind == ExtraKeyKind::text ? 1 : 0;
        exercised.items += key.kind == ExtraKeyKind::item ? 1 : 0;
        exercised.digests += key.kind == ExtraKeyKind::digest ? 1 : 0;
      }
      ++exercised.blocks;
      start = end;
    }
  }
  return exercised;
}

// Covers: HASH-01, HASH-02, HASH-04
TEST(HashingBlock, RecordedTextRequests) {
  for (const char* trace : {"full_17", "full_async_27", "full_connector_8", "full_dcp2_37", "mla_38"}) {
    EXPECT_GT(replay(trace).blocks, 30) << trace;
  }
}

// Covers: HASH-03, HASH-06
TEST(HashingBlock, RecordedPickledRequests) {
  const Exercised exercised = replay("full_sha256_3");
  EXPECT_GT(exercised.blocks, 20);
  EXPECT_GT(exercised.items, 0);
  EXPECT_GT(exercised.texts, 0);
}

// Covers: HASH-06, HASH-07
TEST(HashingBlock, RecordedMultimodalRequests) {
  const Exercised exercised = replay("full_mm_21");
  EXPECT_GT(exercised.items, 0);
  EXPECT_GT(exercised.texts, 0);
  EXPECT_GT(replay("full_eagle_16").texts, 0);
  EXPECT_GT(replay("big_full_39").texts, 0);
}

// Covers: HASH-06, HASH-09
TEST(HashingBlock, RecordedPromptEmbeddings) { EXPECT_GT(replay("full_embeds_14").digests, 10); }

// ---- Different contents, different hashes --------------------------------------------------------------------------

// Covers: HASH-01, HASH-06
TEST(HashingBlock, DifferentContentsHaveDifferentHashes) {
  for (const HashFunction function : {HashFunction::sha256, HashFunction::sha256_cbor}) {
    std::set<std::string> digests;
    int contents = 0;
    const auto add = [&](const Digest& parent, const std::vector<Token>& tokens, const ExtraKeys<S>& keys) {
      digests.insert(to_hex(hash_block<S>(function, parent, tokens, keys)));
      ++contents;
    };
    Digest short_parent = seed_0_cbor;
    short_parent.size = 16;
    ExtraKeys<S> item = one_text<S>("a");
    item[0].kind = ExtraKeyKind::item;
    ExtraKeys<S> later_item = item;
    later_item[0].offset = 1;
    ExtraKeys<S> digest(1);
    digest[0].kind = ExtraKeyKind::digest;
    ExtraKeys<S> two = one_text<S>("a");
    two.push_back(one_text<S>("b")[0]);
    ExtraKeys<S> swapped = one_text<S>("b");
    swapped.push_back(one_text<S>("a")[0]);

    add(seed_0_cbor, {1, 2}, {});
    add(short_parent, {1, 2}, {});
    add(Digest{}, {1, 2}, {});
    add(seed_0_cbor, {2, 1}, {});
    add(seed_0_cbor, {1}, {});
    add(seed_0_cbor, {1, 2, 0}, {});
    add(seed_0_cbor, {-1, 2}, {});
    add(seed_0_cbor, {1, 258}, {});
    add(seed_0_cbor, {}, {});
    add(seed_0_cbor, {1, 2}, one_text<S>(""));
    add(seed_0_cbor, {1, 2}, one_text<S>("a"));
    add(seed_0_cbor, {1, 2}, one_text<S>("ab"));
    add(seed_0_cbor, {1, 2}, item);
    add(seed_0_cbor, {1, 2}, later_item);
    add(seed_0_cbor, {1, 2}, digest);
    add(seed_0_cbor, {1, 2}, two);
    add(seed_0_cbor, {1, 2}, swapped);
    EXPECT_EQ(digests.size(), static_cast<std::size_t>(contents));
  }
}

// ---- Extra keys ----------------------------------------------------------------------------------------------------

AddRequest<S> request_with_items(std::vector<std::pair<Count, Count>> items) {
  AddRequest<S> request{};
  request.mm.emplace();
  for (const auto& [offset, length] : items) {
    MultimodalItem<S> item{};
    item.id = "item " + std::to_string(request.mm->size());
    item.offset = offset;
    item.length = length;
    request.mm->push_back(item);
  }
  return request;
}

// Covers: HASH-07
TEST(HashingExtraKeys, AnItemIsAKeyOfTheBlocksItReaches) {
  const AddRequest<S> request = request_with_items({{6, 4}});  // tokens 6 .. 9
  EXPECT_EQ(keys_of(request, 2, 6).size(), 0U);
  EXPECT_EQ(keys_of(request, 3, 7).size(), 1U);
  EXPECT_EQ(keys_of(request, 7, 8).size(), 1U);
  EXPECT_EQ(keys_of(request, 0, 100).size(), 1U);
  EXPECT_EQ(keys_of(request, 9, 12).size(), 1U);
  EXPECT_EQ(keys_of(request, 10, 14).size(), 0U);
  // Nothing wraps at the largest position.
  const Count most = std::numeric_limits<Count>::max();
  EXPECT_EQ(keys_of(request_with_items({{most, most}}), 0, 4).size(), 0U);
}

// Items that overlap each other are legal and show how far the walk goes. Covers: HASH-07
TEST(HashingExtraKeys, TheWalkEndsAtAnItemThatRunsPastTheBlock) {
  const AddRequest<S> nested = request_with_items({{0, 10}, {2, 2}});
  ASSERT_EQ(keys_of(nested, 0, 4).size(), 1U);
  EXPECT_EQ(keys_of(nested, 0, 4)[0].text, "item 0");
  EXPECT_EQ(keys_of(nested, 0, 12).size(), 2U);
  // Past the end of the last item there are no keys, although the first item still runs.
  EXPECT_EQ(keys_of(nested, 4, 8).size(), 0U);
}

AddRequest<S> request_with_everything() {
  AddRequest<S> request{};
  request.tokens.assign(8, 0);
  request.lora.emplace();
  request.lora->name = "lora";
  request.cache_salt = "salt";
  request.mm.emplace(2);
  (*request.mm)[0].id = "first";
  (*request.mm)[0].offset = 1;
  (*request.mm)[0].length = 4;
  (*request.mm)[1].id = "second";
  (*request.mm)[1].offset = 5;
  (*request.mm)[1].length = 1;
  request.prompt_embeds.emplace();
  request.prompt_embeds->width = 2;
  for (int i = 0; i < 12; ++i) request.prompt_embeds->values.push_back(static_cast<float>(i));  // 6 rows
  return request;
}

// Covers: HASH-06, HASH-07, HASH-09
TEST(HashingExtraKeys, OrderOfKinds) {
  const AddRequest<S> request = request_with_everything();
  const ExtraKeys<S> first = keys_of(request, 0, 4);
  ASSERT_EQ(first.size(), 4U);
  EXPECT_EQ(first[0].text, "lora");
  EXPECT_EQ(first[1].kind, ExtraKeyKind::item);
  EXPECT_EQ(first[1].text, "first");
  EXPECT_EQ(first[1].offset, 1);
  EXPECT_EQ(first[2].text, "salt");
  EXPECT_EQ(first[3].kind, ExtraKeyKind::digest);
  EXPECT_EQ(first[3].digest, hash_floats(std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7}));

  const ExtraKeys<S> second = keys_of(request, 4, 8);
  ASSERT_EQ(second.size(), 4U);  // no salt after the first block
  EXPECT_EQ(second[1].text, "first");
  EXPECT_EQ(second[1].offset, -3);
  EXPECT_EQ(second[2].text, "second");
  EXPECT_EQ(second[2].offset, 1);
  EXPECT_EQ(second[3].digest, hash_floats(std::vector<float>{8, 9, 10, 11}));

  const ExtraKeys<S> past_the_prompt = keys_of(request, 8, 12);
  ASSERT_EQ(past_the_prompt.size(), 2U);
  EXPECT_EQ(past_the_prompt[1].digest, Sha256{}.finish());

  EXPECT_EQ(keys_of(request, 4, 8, 1).size(), 3U);  // from the second item on
}

// Covers: HASH-06
TEST(HashingExtraKeys, NoKeysAndTheEmptySalt) {
  AddRequest<S> request{};
  EXPECT_TRUE(keys_of(request, 0, 4).empty());
  request.cache_salt = "";
  request.mm.emplace();
  EXPECT_TRUE(keys_of(request, 0, 4).empty());
}

// Covers: HASH-09
TEST(HashingExtraKeys, FloatsAreHashedByTheirBits) {
  const std::vector<float> values = {1.0F, -0.0F, std::numeric_limits<float>::quiet_NaN()};
  Sha256 expected;
  for (const float value : values) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    for (const int shift : {0, 8, 16, 24}) expected.update(static_cast<std::uint8_t>(bits >> shift));
  }
  EXPECT_EQ(hash_floats(values), expected.finish());
  EXPECT_NE(hash_floats(std::vector<float>{0.0F}), hash_floats(std::vector<float>{-0.0F}));
}

// ---- Policies ------------------------------------------------------------------------------------------------------

// Covers: HASH-13
constexpr bool truncation() {
  const Digest digest = seed_0_cbor;  // ends in 0x1c, 0x3e
  Digest three = truncate(digest, 3);
  Digest eight = truncate(digest, 8);
  Digest ten = truncate(digest, 10);
  Digest short_digest = digest;
  short_digest.size = 16;  // ends in 0x18 at byte 15
  const bool lengths = three.bytes[31] == 0x06 && eight.bytes[31] == 0x3e && ten.bytes[31] == 0x3e &&
                       eight.bytes[30] == 0 && ten.bytes[30] == 0x00 && truncate(digest, 13).bytes[30] == 0x1c;
  three.bytes[31] = eight.bytes[31] = 0;
  return lengths && three == Digest{} && eight == Digest{} && truncate(digest, 256) == digest &&
         truncate(digest, 255).bytes[0] == (digest.bytes[0] & 0x7f) && truncate(short_digest, 128) == short_digest &&
         truncate(short_digest, 256) == short_digest && truncate(short_digest, 4).bytes[15] == 0x08 &&
         truncate(short_digest, 4).size == 16;
}
static_assert(truncation());
TEST(HashingPolicy, Truncation) { EXPECT_TRUE(truncation()); }

// Covers: HASH-13, HASH-04
TEST(HashingPolicy, ExactHashingFollowsTheConfiguration) {
  const ExactHashing hashing;
  const std::vector<Token> tokens = {1, 2, 3, 4};
  Config<S> config = single_group_config<S>(GroupKind::full, 4, 10);
  for (const HashFunction function : {HashFunction::sha256, HashFunction::sha256_cbor}) {
    config.hash_fn = function;
    config.none_hash.reset();
    config.hash_bits.reset();
    EXPECT_EQ(hashing.none_hash(config), none_hash_of_seed(function, "0"));
    const Digest whole = hash_block<S>(function, seed_0_cbor, tokens, {});
    EXPECT_EQ(hashing.block(config, seed_0_cbor, tokens, {}), whole);
    config.hash_bits = 4;
    EXPECT_EQ(hashing.block(config, seed_0_cbor, tokens, {}), truncate(whole, 4));
    config.none_hash = Digest{};
    EXPECT_EQ(hashing.none_hash(config), Digest{});
  }
  // Two bits leave four digests, so five blocks must collide.
  config.hash_bits = 2;
  std::set<std::string> digests;
  for (Token token = 0; token < 64; ++token) {
    digests.insert(to_hex(hashing.block(config, seed_0_cbor, std::vector<Token>{token}, {})));
  }
  EXPECT_EQ(digests.size(), 4U);
}

// Covers: HASH-01, HASH-13
TEST(HashingPolicy, SymbolicHashingIsInjective) {
  SymbolicHashing<S> hashing;
  Config<S> config = single_group_config<S>(GroupKind::full, 2, 10);
  const Digest none = hashing.none_hash(config);
  const Digest first = hashing.block(config, none, std::vector<Token>{1, 2}, {});
  std::set<std::string> digests = {to_hex(none), to_hex(first)};
  const auto add = [&](const Digest& parent, const std::vector<Token>& tokens, const ExtraKeys<S>& keys) {
    const Digest digest = hashing.block(config, parent, tokens, keys);
    EXPECT_TRUE(digests.insert(to_hex(digest)).second);
    EXPECT_EQ(hashing.block(config, parent, tokens, keys), digest);  // the second time is no new triple
  };
  add(first, {1, 2}, {});
  add(none, {2, 1}, {});
  add(none, {1}, {});
  add(none, {1, 2, 3}, {});
  add(none, {}, {});
  add(none, {1, 2}, one_text<S>(""));
  add(none, {1, 2}, one_text<S>("a"));
  EXPECT_EQ(hashing.size(), 8U);
  EXPECT_EQ(hashing.block(config, none, std::vector<Token>{1, 2}, {}), first);
  EXPECT_EQ(to_hex(first), std::string(63, '0') + "1");
  EXPECT_EQ(hashing.floats(std::vector<float>{1}), hash_floats(std::vector<float>{1}));

  const SymbolicHashing<S> copy = hashing;
  config.hash_bits = 1;
  EXPECT_EQ(hashing.block(config, none, std::vector<Token>{1, 2}, {}), truncate(first, 1));
  EXPECT_EQ(hashing, copy);
  hashing.block(config, none, std::vector<Token>{9}, {});
  EXPECT_NE(hashing, copy);
}

// A full table changes how digests look, not that they differ. Covers: HASH-01
TEST(HashingPolicy, SymbolicHashingOutgrowsItsTable) {
  using F = Fixed<>;
  const auto distinct = []() {
    constexpr std::size_t count = SmallLimits::of(Bound::hashes) + 4;
    SymbolicHashing<F> hashing;
    const Config<F> config = single_group_config<F>(GroupKind::full, 1, 10);
    const ExtraKeys<F> no_keys;
    std::vector<Digest> digests;
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::vector<Token> tokens = {static_cast<Token>(i)};
        const Digest digest = hashing.block(config, hashing.none_hash(config), tokens, no_keys);
        if (round == 0) {
          EXPECT_EQ(std::count(digests.begin(), digests.end(), digest), 0) << i;
        }
        if (round == 1) {
          EXPECT_EQ(digests[i], digest);
        }
        digests.push_back(digest);
      }
    }
    return hashing.size();
  };
  EXPECT_EQ(distinct(), SmallLimits::of(Bound::hashes));
}

constexpr bool symbolic_at_compile_time() {
  using F = Fixed<>;
  SymbolicHashing<F> hashing;
  const Config<F> config = single_group_config<F>(GroupKind::full, 2, 10);
  const ExtraKeys<F> no_keys;
  const Token tokens[] = {1, 2};
  const Digest first = hashing.block(config, hashing.none_hash(config), tokens, no_keys);
  const Digest second = hashing.block(config, first, tokens, no_keys);
  return first.bytes[31] == 1 && second.bytes[31] == 2 &&
         hashing.block(config, hashing.none_hash(config), tokens, no_keys) == first;
}
static_assert(symbolic_at_compile_time());

}  // namespace
}  // namespace kvspec::model
