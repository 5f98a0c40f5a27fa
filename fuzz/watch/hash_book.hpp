// Every hash that any request was ever given, with what was hashed. [I7, I8]
//
//   I8  the same hash stands for the same content;
//   I7  the same request - all of what it was given, and its tokens up to the end of the block - has the same hash,
//       whether the tokens came at once or were appended one by one.
//
// The rows of prompt embeddings are hashed without their width, so one content is told from another only as long as all
// rows have one width, as those of one model do. [HASH-09]
//
// "Content" leaves out what makes no difference to a KV entry (how long an item is, items that others hide), so equal
// content may have different hashes; "the same request" leaves out nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fuzz/watch/flat_map.hpp"
#include "fuzz/watch/identity.hpp"
#include "spec/config.hpp"
#include "spec/invariants.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

class HashBook {
 public:
  explicit HashBook(const Config<Growing>& config) : collides_(config.hash_bits.has_value()) {}

  // A request has rows of this width.
  void has_rows(Count width) {
    if (width_ == 0) width_ = width;
    if (width_ != width) collides_ = true;
  }
  // Whether different contents can have one hash.
  bool collides() const { return collides_; }

  // A request was given `digest` for a block. content: the identity of its last position; exact: of all it was given.
  Finding enter(const Digest& digest, Identity content, Identity exact) {
    if (by_hash_.size() > most_entries || by_request_.size() > most_entries) forget();
    Entry& entry = by_hash_.at(last_eight_bytes(digest.view()));
    if (entry.digest.size == 0) {
      entry = {digest, content};
    } else if (!collides_ && !(entry.content == content)) {
      return Violation{.clause = Clause::i8, .what = "one hash stands for two contents"};
    }
    const std::uint64_t fold = fold_bytes(digest.view()) | 1U;
    std::uint64_t& known = by_request_.at(exact.low ^ exact.high);
    if (known == 0) known = fold;
    if (known != fold) return Violation{.clause = Clause::i7, .what = "the same content has been given another hash"};
    return {};
  }

  // The digest of that number (last_eight_bytes), if a request was given it; null if not, or if it is forgotten.
  const Digest* find(std::uint64_t number) {
    const Entry* entry = by_hash_.find(number);
    return entry == nullptr ? nullptr : &entry->digest;
  }
  bool is_whole() const { return !has_forgotten_; }

 private:
  // Bounds the memory of a long run.
  static constexpr std::size_t most_entries = std::size_t{1} << 15;

  struct Entry {
    Digest digest{.bytes = {}, .size = 0};
    Identity content{};
  };

  void forget() {
    by_hash_.clear();
    by_request_.clear();
    has_forgotten_ = true;
  }

  bool collides_;
  Count width_ = 0;  // of all rows so far; 0 if there were none
  bool has_forgotten_ = false;
  FlatMap<Entry> by_hash_;
  FlatMap<std::uint64_t> by_request_;
};

}  // namespace kvspec::fuzz
