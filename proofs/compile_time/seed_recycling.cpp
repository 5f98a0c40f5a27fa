// The seed's largest case as a theorem: a pool of 800 blocks, prompts of 4096 tokens, hashes of up to 64 digests.
//
// States of fixed capacity hold every hash at its largest, which here is 20 MB for each copy of a state. So this
// theorem has lists that grow while the compiler evaluates it, and symbols for hashes that are found along the chain of
// blocks rather than among all of them. Invariants, which take as long again, are left to the runs of the case at
// run time. GCC 12 does not follow such lists through a whole case, so there this file is left out
// (proofs/CMakeLists.txt).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "proofs/compile_time/seed.hpp"

namespace kvspec::seed {
namespace {

struct TransientStorage {
  template <class T, Bound>
  using list = std::vector<T>;
  using text = InplaceText<12>;
  using hash = std::vector<std::uint8_t>;
};

// A hashing policy: the n-th distinct triple of parent, tokens and extra keys has the digest n, as in
// model::SymbolicHashing. A triple is looked for among the children of its parent.
class ChainedSymbols {
 public:
  using S = TransientStorage;

  constexpr Digest none_hash(const Config<S>&) const { return Digest{}; }

  constexpr Digest block(const Config<S>&, const Digest& parent, std::span<const Token> tokens,
                         const ExtraKeys<S>& keys) {
    if (nodes_.empty()) nodes_.push_back({});
    const Node node{TokenList<S>(tokens.begin(), tokens.end()), keys};
    const std::size_t above = number(parent);
    for (std::size_t i = nodes_[above].first_child; i != 0; i = nodes_[i].next_child) {
      if (nodes_[i].tokens == node.tokens && nodes_[i].keys == node.keys) return numbered(i);
    }
    const std::size_t added = nodes_.size();
    nodes_.push_back(node);
    nodes_[added].next_child = nodes_[above].first_child;
    nodes_[above].first_child = added;
    return numbered(added);
  }

  // No request of the case has prompt embeddings.
  constexpr Digest floats(std::span<const float>) const { return Digest{}; }

  bool operator==(const ChainedSymbols&) const = default;

 private:
  // A triple without its parent, and the places of other nodes; 0, the place of the none hash, stands for none.
  struct Node {
    TokenList<S> tokens{};
    ExtraKeys<S> keys{};
    std::size_t first_child = 0;
    std::size_t next_child = 0;
    bool operator==(const Node&) const = default;
  };

  // The first two bytes; there are fewer than 4096 nodes. Digests that differ do so at once, which keeps comparing
  // short.
  static constexpr Digest numbered(std::size_t n) {
    Digest digest{};
    digest.bytes[0] = static_cast<std::uint8_t>(n);
    digest.bytes[1] = static_cast<std::uint8_t>(n >> 8);
    return digest;
  }
  static constexpr std::size_t number(const Digest& digest) {
    return digest.bytes[0] + std::size_t{digest.bytes[1]} * 256;
  }

  std::vector<Node> nodes_{};
};

struct TransientWorld {
  using Storage = TransientStorage;
  using System = model::Manager<Storage, ChainedSymbols>;
  using Hashing = void;
  using Index = model::HashIndex<Storage>;
  static constexpr Semantics semantics = Semantics::recorded;
  static constexpr bool checks_invariants = false;
};

static_assert(test_hybrid_local_kv_retention_interval_survives_recycling<TransientWorld>().passed());

}  // namespace
}  // namespace kvspec::seed
