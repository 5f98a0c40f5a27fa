// The encodings against what Python writes: tests/unit/data/pickle_vectors.jsonl, made by make_pickle_vectors.py there.
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/hashing/block_hash.hpp"
#include "spec/storage.hpp"

namespace kvspec::model {
namespace {

using Json = nlohmann::json;
using S = Growing;

struct Bytes {
  std::vector<std::uint8_t> bytes;
  void update(std::uint8_t byte) { bytes.push_back(byte); }
};

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> digest(32);
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return hex(digest);
}

std::string make_text(const Json& text) {
  if (text.is_string()) return text.get<std::string>();
  std::string result;
  for (int i = 0; i < text.at("repeat").at(0).get<int>(); ++i) result += text.at("repeat").at(1).get<std::string>();
  return result;
}

TokenList<S> make_tokens(const Json& tokens) {
  if (tokens.is_array()) return tokens.get<TokenList<S>>();
  TokenList<S> result;
  for (const Json& run : tokens.at("runs")) {
    result.insert(result.end(), run.at(0).get<std::size_t>(), run.at(1).get<Token>());
  }
  return result;
}

ExtraKeys<S> make_keys(const Json& keys) {
  ExtraKeys<S> result;
  if (keys.is_null()) return result;
  for (const Json& key : keys) {
    ExtraKey<S> made{};
    if (key.contains("text")) {
      made.text = make_text(key.at("text"));
    } else if (key.contains("item")) {
      made.kind = ExtraKeyKind::item;
      made.text = make_text(key.at("item"));
      made.offset = key.at("offset").get<std::int64_t>();
    } else {
      made.kind = ExtraKeyKind::digest;
      const std::string digits = key.at("bytes").get<std::string>();
      for (std::size_t i = 0; i < 32; ++i) {
        made.digest.bytes[i] = static_cast<std::uint8_t>(std::stoi(digits.substr(2 * i, 2), nullptr, 16));
      }
    }
    result.push_back(made);
  }
  return result;
}

void expect_encoding(const Json& expected, const std::vector<std::uint8_t>& bytes, const Digest& digest) {
  const std::string expected_digest =
      expected.contains("sha256") ? expected.at("sha256").get<std::string>() : sha256_hex(bytes);
  if (expected.contains("hex")) {
    EXPECT_EQ(hex(bytes), expected.at("hex").get<std::string>());
  } else {
    EXPECT_EQ(bytes.size(), expected.at("size").get<std::size_t>());
    EXPECT_EQ(sha256_hex(bytes), expected_digest);
  }
  EXPECT_EQ(hex(digest.view()), expected_digest);
}

template <class Value>
void expect_encodings(const Json& vector, const Value& value) {
  SCOPED_TRACE(vector.at("name").get<std::string>());
  Bytes pickle;
  encode_pickle(pickle, value);
  expect_encoding(vector.at("pickle"), pickle.bytes, hash_value(HashFunction::sha256, value));
  Bytes cbor;
  encode_cbor(cbor, value);
  expect_encoding(vector.at("cbor"), cbor.bytes, hash_value(HashFunction::sha256_cbor, value));
}

std::vector<Json> vectors() {
  std::ifstream file(KVSPEC_SOURCE_DIR "/tests/unit/data/pickle_vectors.jsonl");
  std::vector<Json> result;
  for (std::string line; std::getline(file, line);) result.push_back(Json::parse(line));
  return result;
}

// Covers: HASH-02, HASH-03, HASH-05, HASH-06
TEST(HashingEncoding, TriplesAsPythonWritesThem) {
  int triples = 0;
  int framed = 0;
  for (const Json& vector : vectors()) {
    if (vector.contains("seed")) continue;
    Digest parent{};
    parent.size = vector.at("parent_size").get<std::uint8_t>();
    for (std::uint8_t i = 0; i < parent.size; ++i) parent.bytes[i] = i;
    const TokenList<S> tokens = make_tokens(vector.at("tokens"));
    const ExtraKeys<S> keys = make_keys(vector.at("keys"));
    expect_encodings(vector, BlockContent<S>{parent, tokens, keys});
    ++triples;
    framed += vector.at("pickle").value("size", 0) > 65536 ? 1 : 0;
  }
  EXPECT_GT(triples, 200);
  EXPECT_GT(framed, 80);
}

// Covers: HASH-04
TEST(HashingEncoding, SeedsAsPythonWritesThem) {
  int seeds = 0;
  for (const Json& vector : vectors()) {
    if (!vector.contains("seed")) continue;
    const std::string seed = make_text(vector.at("seed"));
    expect_encodings(vector, std::string_view(seed));
    ++seeds;
  }
  EXPECT_GT(seeds, 5);
}

// A storage policy without a heap writes the same bytes. Covers: HASH-02, HASH-03
TEST(HashingEncoding, FixedStorageWritesTheSameBytes) {
  using F = Fixed<>;
  const std::vector<Token> tokens = {1, 300, 70'000, std::int64_t{1} << 40, -1};
  ExtraKeys<S> growing(3);
  growing[0].text = "lora-a";
  growing[1].kind = ExtraKeyKind::item;
  growing[1].text = "img-1";
  growing[1].offset = -3;
  growing[2].kind = ExtraKeyKind::digest;
  ExtraKeys<F> fixed(3, {});
  fixed[0].text = "lora-a";
  fixed[1].kind = ExtraKeyKind::item;
  fixed[1].text = "img-1";
  fixed[1].offset = -3;
  fixed[2].kind = ExtraKeyKind::digest;
  for (const HashFunction function : {HashFunction::sha256, HashFunction::sha256_cbor}) {
    EXPECT_EQ(hash_block<S>(function, Digest{}, tokens, growing), hash_block<F>(function, Digest{}, tokens, fixed));
    EXPECT_EQ(hash_block<S>(function, Digest{}, tokens, {}), hash_block<F>(function, Digest{}, tokens, {}));
  }
}

// A sink of a few bytes, for encodings at compile time.
struct FewBytes {
  std::uint8_t bytes[32] = {};
  std::size_t size = 0;
  constexpr void update(std::uint8_t byte) { bytes[size++] = byte; }
  constexpr bool is(std::initializer_list<std::uint8_t> expected) const {
    if (size != expected.size()) return false;
    for (std::size_t i = 0; i < size; ++i) {
      if (bytes[i] != expected.begin()[i]) return false;
    }
    return true;
  }
};

// Covers: HASH-02, HASH-03, HASH-04
constexpr bool the_seed_by_hand() {
  FewBytes pickle;
  encode_pickle(pickle, std::string_view("0"));
  FewBytes cbor;
  encode_cbor(cbor, std::string_view("0"));
  return pickle.is({0x80, 5, 0x95, 5, 0, 0, 0, 0, 0, 0, 0, 0x8c, 1, '0', 0x94, '.'}) && cbor.is({0x61, '0'});
}
static_assert(the_seed_by_hand());
TEST(HashingEncoding, TheSeedByHand) { EXPECT_TRUE(the_seed_by_hand()); }

}  // namespace
}  // namespace kvspec::model
