// What a block's hash covers: the triple (parent, tokens, extra keys). The encodings turn it into bytes. [HASH-01]
#pragma once

#include <span>

#include "spec/vocabulary.hpp"

namespace kvspec::model {

// A view: the tokens and the keys belong to the caller.
template <class S>
struct BlockContent {
  const Digest& parent;           // of the block before, or the none hash
  std::span<const Token> tokens;  // of this block
  const ExtraKeys<S>& keys;       // empty stands for None [HASH-06]
};

}  // namespace kvspec::model
