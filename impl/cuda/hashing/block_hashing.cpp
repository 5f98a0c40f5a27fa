#include "impl/cuda/hashing/block_hashing.hpp"

#include <algorithm>

namespace kvspec::cuda {
namespace {

constexpr std::size_t least_refused = std::size_t{64} << 10;  // bytes of an encoding [HASH-05, DEVICE-06]

// The last `bits` bits of 32 bytes. [HASH-13]
Sha256State mask_of(std::int64_t bits) {
  Sha256State mask{};
  for (std::int64_t bit = 0; bit < bits; ++bit) mask.words[7 - bit / 32] |= std::uint32_t{1} << (bit % 32);
  return mask;
}

std::size_t longest_token(HashFunction function) {
  return function == HashFunction::sha256_cbor ? CborEncoding::longest_token : PickleEncoding::longest_token;
}

}  // namespace

BlockHashing::BlockHashing(Stream& stream, const Config<Growing>& config)
    : stream_(stream),
      function_(config.hash_fn),
      block_size_(static_cast<std::size_t>(config.hash_block_size)),
      mask_(mask_of(config.hash_bits.value_or(256))),
      none_hash_(host::BlockHasher(config).none_hash()) {}

// What is around the tokens and keys takes less than 128 bytes, what is around a text less than 32.
std::size_t BlockHashing::bound_of(const host::KeySources& sources) const {
  std::size_t bound = 128 + block_size_ * longest_token(function_);
  if (sources.none()) return bound;
  bound += 128 + sources.lora_name.size() + sources.cache_salt.size();
  for (const auto& item : sources.items) bound += 32 + item.id.size();
  return bound;
}

Result<Done> BlockHashing::add(const host::HashRun& run, const host::KeySources& sources) {
  const std::size_t count = run.tokens.size() / block_size_;
  if (count == 0) return Done{};
  const std::size_t bound = bound_of(sources);
  if (bound >= least_refused) return Error{Clause::device_06, static_cast<std::int64_t>(bound)};
  const std::span<const Token> tokens = run.tokens.first(count * block_size_);
  Chain chain{};
  chain.first_digest = num_digests_;
  chain.num_blocks = static_cast<std::uint32_t>(count);
  if (run.parent == nullptr) {
    chain.parent_size = none_hash_.size;
    chain.parent = words_of(none_hash_.bytes.data(), none_hash_.size);
  } else {
    chain.parent = words_of(run.parent->bytes(), sizeof(DigestWords));
  }
  num_digests_ += count;
  if (is_plain(chain, tokens, sources)) {
    chain.first_token = narrow_tokens_.size();
    for (const Token token : tokens) narrow_tokens_.push_back(static_cast<NarrowToken>(token));
    plain_.push_back(chain);
  } else {
    chain.first_token = tokens_.size();
    chain.first_key_list = key_lists_.size();
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    others_.push_back(chain);
    add_keys(run, sources);
  }
  return Done{};
}

bool BlockHashing::is_plain(const Chain& chain, std::span<const Token> tokens, const host::KeySources& sources) const {
  const auto fits = [](Token token) { return token == static_cast<NarrowToken>(token); };
  return sources.none() && chain.parent_size == 32 && block_size_ % tokens_at_once == 0 &&
         block_size_ <= most_plain_tokens && std::ranges::all_of(tokens, fits);
}

// [HASH-06]
void BlockHashing::add_keys(const host::HashRun& run, const host::KeySources& sources) {
  host::KeyScan scan(sources);
  if (run.only_last_item) scan.start_at_last_item();
  host::BlockKeys found;
  for (std::size_t i = 0; i < run.tokens.size() / block_size_; ++i) {
    const std::int64_t start = run.start + static_cast<std::int64_t>(i * block_size_);
    scan.find(start, start + static_cast<std::int64_t>(block_size_), found);
    key_lists_.push_back({static_cast<std::uint32_t>(keys_.size()), static_cast<std::uint32_t>(found.size())});
    const auto add_text = [&](Key::Kind kind, const std::string& text) {
      add_key(sources.bare_texts ? Key::Kind::bare : kind, text.data(), text.size(), 0);
    };
    if (found.lora) add_text(Key::Kind::lora, sources.lora_name);
    for (const std::uint32_t item : found.items) {
      const std::string& id = sources.items[item].id;
      add_key(Key::Kind::item, id.data(), id.size(), std::int64_t{sources.items[item].offset} - start);
    }
    if (found.salt) add_text(Key::Kind::salt, sources.cache_salt);
    if (found.embeds) add_key(Key::Kind::digest, found.embeds_digest.bytes(), sizeof(host::Hash256), 0);
  }
}

void BlockHashing::add_key(Key::Kind kind, const void* bytes, std::size_t size, std::int64_t number) {
  keys_.push_back({kind, static_cast<std::uint32_t>(size), bytes_.size(), number});
  const std::uint8_t* const begin = static_cast<const std::uint8_t*>(bytes);
  bytes_.insert(bytes_.end(), begin, begin + size);
}

void BlockHashing::hash() {
  const std::size_t num_plain = plain_.size();
  const std::size_t num_others = others_.size();
  plain_.insert(plain_.end(), others_.begin(), others_.end());
  token_buffer_.assign(stream_, tokens_);
  narrow_token_buffer_.assign(stream_, narrow_tokens_);
  chain_buffer_.assign(stream_, plain_);
  key_list_buffer_.assign(stream_, key_lists_);
  key_buffer_.assign(stream_, keys_);
  byte_buffer_.assign(stream_, bytes_);
  digests_.reserve(stream_, num_digests_);
  ChainArrays arrays{};
  arrays.tokens = token_buffer_.data();
  arrays.narrow_tokens = narrow_token_buffer_.data();
  arrays.chains = chain_buffer_.data();
  arrays.key_lists = key_list_buffer_.data();
  arrays.keys = key_buffer_.data();
  arrays.bytes = byte_buffer_.data();
  arrays.digests = digests_.data();
  arrays.mask = mask_;
  arrays.block_size = static_cast<std::uint32_t>(block_size_);
  hash_chains(stream_, function_, arrays, num_plain, num_others);
  num_read_ = num_digests_;
  num_digests_ = 0;
  tokens_.clear();
  narrow_tokens_.clear();
  plain_.clear();
  others_.clear();
  key_lists_.clear();
  keys_.clear();
  bytes_.clear();
}

std::vector<host::Hash256> BlockHashing::read() const {
  std::vector<host::Hash256> result(num_read_);
  if (num_read_ > 0 && stream_.ok()) {
    static_assert(sizeof(host::Hash256) == sizeof(DigestWords));
    stream_.copy_out(result.data(), digests_.data(), num_read_ * sizeof(DigestWords));
  }
  return result;
}

}  // namespace kvspec::cuda
