// Pending events, in a form that is cheap to append to. [EVENT-*]
//
// An event of the specification is a tree of small vectors. On the path that stores and evicts blocks it is only
// written down: one fixed head per event, and its hashes and tokens appended to two arrays that keep their memory when
// the log is drained. The tree is built for whoever reads it. Requests with extra keys are the exception; their keys
// are built at once, because the request may be gone when the log is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "impl/host/hash256.hpp"
#include "spec/events.hpp"
#include "spec/storage.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

class EventLog {
 public:
  EventLog() = default;
  explicit EventLog(bool enabled) : enabled_(enabled) {}

  // With events off nothing is ever logged. [EVENT-07]
  bool enabled() const { return enabled_; }

  // One BlockStored; every span is copied.
  struct Stored {
    GroupId group = 0;
    Count block_size = 0;  // tokens
    std::size_t digests_per_block = 1;
    std::span<const Hash256> parent{};   // of the block before the range; empty: none
    std::span<const Hash256> digests{};  // of the whole range
    std::span<const BlockId> blocks{};   // of the whole range; null blocks are not stored
    std::span<const Token> tokens{};     // of the whole range
  };
  // What a request adds to its events, if it has a LoRA or extra keys.
  struct Annex {
    std::optional<std::int64_t> lora_id{};
    std::optional<std::string> lora_name{};
    ExtraKeysList<Growing> extra_keys{};  // per stored block
  };

  void stored(const Stored& event) { append_stored(event, no_annex); }
  void stored(const Stored& event, Annex annex) {
    annexes_.push_back(std::move(annex));
    append_stored(event, static_cast<std::uint32_t>(annexes_.size() - 1));
  }
  // One BlockRemoved. [EVENT-04]
  void removed(std::span<const Hash256> digests, GroupId group) {
    heads_.push_back({.kind = Kind::removed, .group = group, .digests_per_block = count(digests.size())});
    digests_.insert(digests_.end(), digests.begin(), digests.end());
  }
  // One AllBlocksCleared. [EVENT-05]
  void cleared() {
    if (enabled_) heads_.push_back({.kind = Kind::cleared});
  }

  // The pending events, oldest first, not annotated. Hashes are integers, or bytes of digests of 16 or 32. [EVENT-03]
  EventList<Growing> pending(bool int_hashes, std::size_t digest_size) const;
  void clear();

 private:
  enum class Kind : std::uint8_t { stored, removed, cleared };
  static constexpr std::uint32_t no_annex = ~std::uint32_t{0};

  struct Head {
    Kind kind = Kind::cleared;
    bool has_parent = false;  // then it is the first of the hashes
    GroupId group = 0;
    Count digests_per_block = 1;
    Count num_stored = 0;
    Count num_tokens = 0;
    Count block_size = 0;
    std::uint32_t annex = no_annex;
  };

  static Count count(std::size_t size) { return static_cast<Count>(size); }
  void append_stored(const Stored& event, std::uint32_t annex);

  std::vector<Head> heads_{};
  std::vector<Hash256> digests_{};
  std::vector<Token> tokens_{};
  std::vector<Annex> annexes_{};
  bool enabled_ = false;
};

}  // namespace kvspec::host
