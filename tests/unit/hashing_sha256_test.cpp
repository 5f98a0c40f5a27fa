// SHA-256 against the published vectors and against OpenSSL, which it shares no code with.
//
// Covers: HASH-02, HASH-03 (the function under both)
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/hashing/sha256.hpp"

namespace kvspec::model {
namespace {

constexpr Digest sha256(std::string_view message) {
  Sha256 hasher;
  for (const char c : message) hasher.update(static_cast<std::uint8_t>(c));
  return hasher.finish();
}

constexpr std::uint8_t nibble(char c) { return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10); }

constexpr Digest from_hex(std::string_view hex) {
  Digest digest{};
  for (std::size_t i = 0; i < 32; ++i) {
    digest.bytes[i] = static_cast<std::uint8_t>(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
  }
  return digest;
}

// The examples of FIPS 180-2 and the empty message: 0, 24, 448 and 896 bits.
constexpr std::string_view message_448 = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
constexpr std::string_view message_896 =
    "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

constexpr bool published_vectors() {
  return sha256("") == from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") &&
         sha256("abc") == from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") &&
         sha256(message_448) == from_hex("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1") &&
         sha256(message_896) == from_hex("cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
}
static_assert(published_vectors());

TEST(HashingSha256, PublishedVectors) { EXPECT_TRUE(published_vectors()); }

TEST(HashingSha256, MillionTimesA) {
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')),
            from_hex("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
}

Digest openssl(std::span<const std::uint8_t> bytes) {
  Digest digest{};
  unsigned size = 0;
  EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &size, EVP_sha256(), nullptr), 1);
  EXPECT_EQ(size, 32U);
  return digest;
}

std::vector<std::uint8_t> random_bytes(std::mt19937& random, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// Every length around several paddings; the message is passed in pieces of random sizes, some of them empty.
TEST(HashingSha256, EveryLengthInRandomPieces) {
  std::mt19937 random(1);
  for (std::size_t size = 0; size <= 300; ++size) {
    const std::vector<std::uint8_t> bytes = random_bytes(random, size);
    Sha256 whole;
    whole.update(bytes);
    Sha256 pieces;
    for (std::size_t at = 0; at < size;) {
      const std::size_t piece = std::min<std::size_t>(random() % 100, size - at);
      pieces.update(std::span<const std::uint8_t>(bytes).subspan(at, piece));
      at += piece;
      if (at < size) pieces.update(bytes[at++]);
    }
    const Digest expected = openssl(bytes);
    EXPECT_EQ(whole.finish(), expected) << "size " << size;
    EXPECT_EQ(pieces.finish(), expected) << "size " << size;
  }
}

TEST(HashingSha256, LongRandomMessages) {
  std::mt19937 random(2);
  for (int i = 0; i < 20; ++i) {
    const std::vector<std::uint8_t> bytes = random_bytes(random, random() % 100'000);
    Sha256 hasher;
    hasher.update(bytes);
    EXPECT_EQ(hasher.finish(), openssl(bytes)) << "size " << bytes.size();
  }
}

}  // namespace
}  // namespace kvspec::model
