#include "fuzz/encoding/hash_chain.hpp"

#define XXH_INLINE_ALL
#include <openssl/evp.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "fuzz/encoding/python_value.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;
using Bytes = std::vector<std::uint8_t>;

PythonValue value_of(const Digest& digest) { return {PythonBytes(digest.begin(), digest.end())}; }
PythonValue pair_of(PythonValue first, PythonValue second) {
  return {PythonTuple{std::move(first), std::move(second)}};
}

Digest sha256(const Bytes& bytes) {
  Digest digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &size, EVP_sha256(), nullptr);
  digest.size = static_cast<std::uint8_t>(size);
  return digest;
}

Digest xxh3(const Bytes& bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  Digest digest{};
  digest.size = sizeof(canonical.digest);
  std::memcpy(digest.bytes.data(), canonical.digest, sizeof(canonical.digest));
  return digest;
}

Digest hash(HashFunction function, const PythonValue& value) {
  const bool is_cbor = function == HashFunction::sha256_cbor || function == HashFunction::xxhash_cbor;
  const bool is_sha256 = function == HashFunction::sha256 || function == HashFunction::sha256_cbor;
  const Bytes bytes = is_cbor ? to_cbor(value) : to_pickle(value);
  return is_sha256 ? sha256(bytes) : xxh3(bytes);
}

// The last `bits` bits of the digest, read as one big-endian number. [HASH-13]
void keep_last_bits(Digest& digest, std::int64_t bits) {
  for (std::int64_t bit = bits; bit < std::int64_t{8} * digest.size; ++bit) {
    std::uint8_t& byte = digest.bytes[static_cast<std::size_t>(digest.size - 1 - bit / 8)];
    byte = static_cast<std::uint8_t>(byte & ~(1U << (bit % 8)));
  }
}

// [HASH-07]
void add_items(PythonTuple& keys, const MultimodalItems<S>& items, std::int64_t start, std::int64_t end) {
  const auto end_of = [](const MultimodalItem<S>& item) { return std::int64_t{item.offset} + item.length; };
  if (items.empty() || end_of(items.back()) <= start) return;
  bool goes_on = true;
  for (const MultimodalItem<S>& item : items) {
    goes_on = goes_on && item.offset < end;
    if (!goes_on) return;
    if (end_of(item) <= start) continue;
    keys.push_back(pair_of({item.id}, {std::int64_t{item.offset} - start}));
    goes_on = end_of(item) <= end;
  }
}

// [HASH-09]
Digest digest_of_rows(const PromptEmbeds<S>& embeds, std::int64_t start, std::int64_t end) {
  Bytes bytes;
  for (std::size_t i = 0; i < embeds.values.size(); ++i) {
    const std::int64_t row = static_cast<std::int64_t>(i / embeds.width);
    if (row < start || row >= end) continue;
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(embeds.values[i]);
    for (unsigned shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<std::uint8_t>(bits >> shift));
  }
  return sha256(bytes);
}

// None, or the tuple of what the block covers beside its tokens. [HASH-06]
PythonValue extra_keys(const AddRequest<S>& request, std::int64_t start, std::int64_t end) {
  PythonTuple keys;
  if (request.lora) keys.push_back(pair_of({std::string("lora")}, {request.lora->name}));
  if (request.mm) add_items(keys, *request.mm, start, end);
  const std::string salt = request.cache_salt.value_or("");
  if (start == 0 && !salt.empty()) keys.push_back(pair_of({std::string("salt")}, {salt}));
  if (request.prompt_embeds) keys.push_back(value_of(digest_of_rows(*request.prompt_embeds, start, end)));
  if (keys.empty()) return {PythonNone{}};
  return {keys};
}

}  // namespace

DigestList<S> hash_chain(const Config<S>& config, const AddRequest<S>& request, const TokenList<S>& tokens) {
  Digest parent = config.none_hash ? *config.none_hash : hash(config.hash_fn, {std::string("0")});
  DigestList<S> digests;
  const std::int64_t size = config.hash_block_size;
  for (std::int64_t end = size; end <= static_cast<std::int64_t>(tokens.size()); end += size) {
    PythonTuple block;
    for (std::int64_t i = end - size; i < end; ++i) {
      // What is embedded has no token of its own. [REQ-06]
      const bool is_embedded = request.prompt_embeds && i < static_cast<std::int64_t>(request.tokens.size());
      block.push_back({is_embedded ? Token{0} : tokens[static_cast<std::size_t>(i)]});
    }
    parent = hash(config.hash_fn, {PythonTuple{value_of(parent), {block}, extra_keys(request, end - size, end)}});
    if (config.hash_bits) keep_last_bits(parent, *config.hash_bits);
    digests.push_back(parent);
  }
  return digests;
}

}  // namespace kvspec::fuzz
