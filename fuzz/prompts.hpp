// Prompts that share prefixes. Tokens come from endless streams; a prompt follows its family's stream and then, from a
// token next to a block boundary on, a branch. Two prompts of one family therefore part one token before, at, or one
// token after a boundary, and prompts that take the same branch stay together.
//
// Decoding continues the stream its prompt ended on, so generated blocks are shared as well.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "fuzz/features.hpp"
#include "fuzz/random.hpp"
#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

// All that a prompt is made from: small enough to be kept, so that it or a relative can be made again.
struct PromptShape {
  struct Item {
    std::uint8_t name = 0;
    Count offset = 0;
  };
  std::uint8_t family = 0;
  std::uint8_t branch = 0;
  Count shared = 0;  // tokens from the family's stream
  Count length = 0;  // tokens in all
  std::uint8_t num_items = 0;
  std::array<Item, 3> items{};
  std::uint8_t lora = 0;  // 0: none
  std::uint8_t salt = 0;  // 0: none; 1: the empty one
  bool embeddings = false;
  bool prompt_logprobs = false;
};

class Prompts {
 public:
  Prompts(std::uint64_t seed, const Config<Growing>& config, Features features);

  PromptShape draw(Random& random);
  // Everything of the command but the id.
  void write(const PromptShape& shape, AddRequest<Growing>& command) const;
  // The token that decoding a prompt of this shape gives at a position.
  Token output(const PromptShape& shape, Count position) const;

 private:
  Count near_boundary(Random& random, Count limit) const;
  void draw_extras(Random& random, PromptShape& shape) const;
  void draw_items(Random& random, PromptShape& shape) const;
  Count item_length(std::uint8_t name) const;
  Token token(std::uint8_t stream, Count position) const;

  std::uint64_t seed_;
  std::vector<Count> strides_;  // block sizes, in tokens: what boundaries are multiples of
  Count max_length_;
  Features features_;
  std::array<PromptShape, 6> recent_{};
  std::uint32_t num_recent_ = 0;
};

}  // namespace kvspec::fuzz
