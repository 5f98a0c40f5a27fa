#include "impl/host/hashing.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "impl/host/encoding.hpp"
#include "impl/host/xxh3.hpp"

namespace kvspec::host {
namespace {

constexpr std::string_view seed = "0";

bool writes_cbor(HashFunction function) {
  return function == HashFunction::sha256_cbor || function == HashFunction::xxhash_cbor;
}
bool is_xxh3(HashFunction function) {
  return function == HashFunction::xxhash || function == HashFunction::xxhash_cbor;
}

template <class Writer>
Digest hash_of_seed(bool xxh3) {
  Sha256Message message;
  Writer writer;
  writer.begin(message, 16);
  writer.text(seed);
  writer.end();
  if (xxh3) return to_digest(xxh3_128(message), xxh3_digest_size);
  message.pad();
  return to_digest(message.digest(), sizeof(Hash256));
}

// The last `bits` bits of 32 bytes.
Hash256 mask_of(std::int64_t bits) {
  Hash256 mask;
  std::int64_t kept = bits - 256;  // of the byte and those before it
  for (std::uint8_t& byte : std::span(mask.bytes(), sizeof(mask))) {
    kept += 8;
    byte = static_cast<std::uint8_t>((1U << std::clamp<std::int64_t>(kept, 0, 8)) - 1);
  }
  return mask;
}

template <class Writer>
void write_text_key(Writer& writer, const KeySources& sources, std::string_view tag, std::string_view text) {
  if (sources.bare_texts) return writer.text(text);
  writer.open_tuple(2);
  writer.text(tag);
  writer.text(text);
  writer.close_tuple(2);
}

// [HASH-06]
template <class Writer>
void write_keys(Writer& writer, const KeySources& sources, const BlockKeys& keys, std::int64_t start) {
  writer.open_tuple(keys.size());
  if (keys.lora) write_text_key(writer, sources, lora_tag, sources.lora_name);
  for (const std::uint32_t i : keys.items) {
    writer.open_tuple(2);
    writer.text(sources.items[i].id);
    writer.integer(std::int64_t{sources.items[i].offset} - start);
    writer.close_tuple(2);
  }
  if (keys.salt) write_text_key(writer, sources, salt_tag, sources.cache_salt);
  if (keys.embeds) std::memcpy(writer.bytes(sizeof(Hash256)), keys.embeds_digest.bytes(), sizeof(Hash256));
  writer.close_tuple(keys.size());
}

// More than the keys' encoding can take; the constant covers heads, opcodes, and an offset, a tag or a digest.
std::size_t bound_of(const KeySources& sources, const BlockKeys& keys) {
  constexpr std::size_t per_key = 16 + sizeof(Hash256);
  std::size_t bound = keys.size() * per_key + sources.lora_name.size() + sources.cache_salt.size();
  for (const std::uint32_t i : keys.items) bound += sources.items[i].id.size();
  return bound;
}

}  // namespace

BlockHasher::BlockHasher(const Config<Growing>& config)
    : mask_(mask_of(config.hash_bits.value_or(256))),
      function_(config.hash_fn),
      digest_size_(is_xxh3(config.hash_fn) ? xxh3_digest_size : sizeof(Hash256)) {
  const bool xxh3 = is_xxh3(function_);
  if (config.none_hash) {
    none_hash_ = *config.none_hash;
  } else {
    none_hash_ = writes_cbor(function_) ? hash_of_seed<CborWriter>(xxh3) : hash_of_seed<PickleWriter>(xxh3);
  }
}

// [HASH-13]
Hash256 BlockHasher::masked(const Hash256& digest) const {
  Hash256 masked = digest;
  for (std::size_t i = 0; i < masked.words.size(); ++i) masked.words[i] &= mask_.words[i];
  return masked;
}

template <class Writer>
std::uint8_t* BlockHasher::write(Sha256Message& message, std::size_t parent_size, std::span<const Token> tokens,
                                 const KeySources& sources, const BlockKeys* keys, std::int64_t start) {
  constexpr std::size_t frame_of_triple = 64 + sizeof(Hash256);  // heads, opcodes, the header of a pickle's first frame
  const std::size_t bound = frame_of_triple + tokens.size() * Writer::longest_integer;
  Writer writer;
  writer.begin(message, keys != nullptr ? bound + bound_of(sources, *keys) : bound);
  writer.open_triple();
  std::uint8_t* const parent = writer.bytes(parent_size);
  writer.integers(tokens);
  if (keys != nullptr) {
    write_keys(writer, sources, *keys, start);
  } else {
    writer.none();
  }
  writer.close_triple();
  writer.end();
  return parent;
}

namespace {

// Copies a parent's digest to its place in a message, which is where every message of the writer has it.
//
// It is followed at once by the compression, which loads the message 16 bytes at a time from its start. A load that
// covers parts of several recent stores waits until they have reached the cache; one that asks for exactly what was
// stored does not. So the bytes are shifted into place in registers and stored as the 16-byte pieces that are loaded.
template <class Writer>
void fill_in(Sha256Message& message, const Hash256& parent) {
  using Piece = std::uint64_t __attribute__((vector_size(16)));
  constexpr std::size_t first = Writer::parent_offset / 8;
  constexpr std::size_t left = 8 * (Writer::parent_offset % 8);  // bits
  static_assert(left != 0 && first + 5 <= 6);
  std::array<std::uint64_t, 6> words;
  std::memcpy(words.data(), message.data(), sizeof(words));
  words[first] = (words[first] & ((std::uint64_t{1} << left) - 1)) | parent.words[0] << left;
  for (std::size_t i = 1; i < 4; ++i) words[first + i] = parent.words[i - 1] >> (64 - left) | parent.words[i] << left;
  words[first + 4] = parent.words[3] >> (64 - left) | words[first + 4] >> left << left;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const Piece piece = {words[i], words[i + 1]};
    std::memcpy(message.data() + 8 * i, &piece, sizeof(piece));
  }
}

}  // namespace

template <class Writer>
void BlockHasher::hash_with_sha256(const HashRun& run, const KeySources& sources, Hash256* out) {
  const std::size_t count = run.tokens.size() / run.block_size;
  const bool plain = sources.none();
  KeyScan scan(sources);
  if (run.only_last_item) scan.start_at_last_item();
  const auto write_block = [&](std::size_t i, std::size_t parent_size) {
    const std::int64_t start = run.start + static_cast<std::int64_t>(i * run.block_size);
    if (!plain) scan.find(start, start + static_cast<std::int64_t>(run.block_size), keys_);
    std::uint8_t* const parent =
        write<Writer>(messages_[i % 2], parent_size, run.tokens.subspan(i * run.block_size, run.block_size), sources,
                      plain || keys_.size() == 0 ? nullptr : &keys_, start);
    messages_[i % 2].pad();
    return parent;
  };

  const std::span<const std::uint8_t> parent =
      run.parent == nullptr ? none_hash_.view() : std::span(run.parent->bytes(), sizeof(Hash256));
  std::memcpy(write_block(0, parent.size()), parent.data(), parent.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (i + 1 < count) write_block(i + 1, sizeof(Hash256));
    Sha256Message& message = messages_[i % 2];
    if (i > 0) fill_in<Writer>(message, out[i - 1]);
    out[i] = masked(message.digest());
  }
}

// [HASH-14]
template <class Writer>
void BlockHasher::hash_with_xxh3(const HashRun& run, const KeySources& sources, Hash256* out) {
  const std::size_t count = run.tokens.size() / run.block_size;
  const bool plain = sources.none();
  KeyScan scan(sources);
  if (run.only_last_item) scan.start_at_last_item();
  std::span<const std::uint8_t> parent = none_hash_.view();
  if (run.parent != nullptr) parent = {run.parent->last(xxh3_digest_size), xxh3_digest_size};
  Sha256Message& message = messages_[0];
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t start = run.start + static_cast<std::int64_t>(i * run.block_size);
    if (!plain) scan.find(start, start + static_cast<std::int64_t>(run.block_size), keys_);
    std::uint8_t* const place =
        write<Writer>(message, parent.size(), run.tokens.subspan(i * run.block_size, run.block_size), sources,
                      plain || keys_.size() == 0 ? nullptr : &keys_, start);
    std::memcpy(place, parent.data(), parent.size());
    out[i] = masked(xxh3_128(message));
    parent = {out[i].last(xxh3_digest_size), xxh3_digest_size};
  }
}

void BlockHasher::hash(const HashRun& run, const KeySources& sources, Hash256* out) {
  if (run.tokens.size() < run.block_size) return;
  switch (function_) {
    case HashFunction::sha256:
      return hash_with_sha256<PickleWriter>(run, sources, out);
    case HashFunction::sha256_cbor:
      return hash_with_sha256<CborWriter>(run, sources, out);
    case HashFunction::xxhash:
      return hash_with_xxh3<PickleWriter>(run, sources, out);
    case HashFunction::xxhash_cbor:
      return hash_with_xxh3<CborWriter>(run, sources, out);
  }
}

}  // namespace kvspec::host
