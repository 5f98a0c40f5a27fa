// Two commands that are as good as one: the same request's tokens, slots or blocks in one go.
#include <optional>
#include <utility>
#include <variant>

#include "fuzz/shrink.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;
using Folded = std::optional<Command<S>>;

template <class A, class B>
Folded fold(const A&, const B&) {
  return {};
}

Folded fold(const PoolGetNewBlocks<S>& first, const PoolGetNewBlocks<S>& second) {
  PoolGetNewBlocks<S> both{};
  both.num_blocks = first.num_blocks + second.num_blocks;
  return both;
}

Folded fold(const AppendTokens<S>& first, const AppendTokens<S>& second) {
  if (first.req != second.req) return {};
  AppendTokens<S> both = first;
  both.tokens.insert(both.tokens.end(), second.tokens.begin(), second.tokens.end());
  return both;
}

Folded fold(const AddRequest<S>& first, const AppendTokens<S>& second) {
  if (first.req != second.req || first.prompt_embeds) return {};
  AddRequest<S> both = first;
  both.tokens.insert(both.tokens.end(), second.tokens.begin(), second.tokens.end());
  return both;
}

Folded fold(const AllocateSlots<S>& first, const AllocateSlots<S>& second) {
  if (first.req != second.req || second.new_computed_blocks == PassedHit::computed) return {};
  AllocateSlots<S> both = first;
  both.num_new_tokens += second.num_new_tokens;
  return both;
}

}  // namespace

std::optional<Command<Growing>> folded(const Command<Growing>& first, const Command<Growing>& second) {
  return std::visit([](const auto& a, const auto& b) { return fold(a, b); }, first, second);
}

}  // namespace kvspec::fuzz
