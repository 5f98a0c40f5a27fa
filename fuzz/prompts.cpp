#include "fuzz/prompts.hpp"

#include <algorithm>
#include <string>

#include "fuzz/served.hpp"

namespace kvspec::fuzz {

namespace {

constexpr std::uint8_t num_families = 3;
constexpr std::uint8_t num_branches = 6;

// One id on each side of every width an encoding knows, and negative ones.
constexpr std::array<Token, 22> wide_tokens{
    0,      1,          23,         24,         127,        128,           255, 256, 32767, 65535, 65536,
    151643, 2147483647, 2147483648, 4294967295, 4294967296, 1099511627776, -1,  -24, -25,   -257,  -2147483649};

const std::array<std::string, 4> item_names{"a", "image-b", "c7", "7c"};
const std::array<std::string, 3> lora_names{"a", "adapter", "t"};
const std::array<std::string, 4> salts{"", "a", "t", "tenant-\u00e9"};

}  // namespace

Prompts::Prompts(std::uint64_t seed, const Config<Growing>& config, Features features)
    : seed_(seed), max_length_(Served(config).longest), features_(features) {
  // Hits end at scheduler blocks; hashes, windows and tables have boundaries of their own.
  const Count scheduler_block = static_cast<Count>(config.scheduler_block_size);
  strides_.assign(3, scheduler_block);
  strides_.push_back(static_cast<Count>(config.hash_block_size));
  for (const GroupSpec& group : config.groups) {
    strides_.push_back(static_cast<Count>(config.effective_block_size(group)));
  }
}

Count Prompts::near_boundary(Random& random, Count limit) const {
  const Count stride = strides_[random.below(static_cast<std::uint32_t>(strides_.size()))];
  const Count blocks = random.below(std::min<Count>(limit / stride, 8) + 1);
  const std::int64_t position = std::int64_t{blocks} * stride + random.between(-1, 1);
  return static_cast<Count>(std::clamp<std::int64_t>(position, 0, limit));
}

PromptShape Prompts::draw(Random& random) {
  const Count limit = random.chance(1, 32) ? max_length_ + 2 : max_length_;
  PromptShape shape;
  const bool relative = num_recent_ > 0 && features_.has(Feature::shared_prefixes) && random.chance(2, 3);
  if (relative) {
    shape = recent_[random.below(std::min<std::uint32_t>(num_recent_, static_cast<std::uint32_t>(recent_.size())))];
    if (random.chance(1, 2)) shape.length = std::max<Count>(1, near_boundary(random, limit));
    if (random.chance(1, 6)) shape.branch = static_cast<std::uint8_t>(random.below(num_branches));
    if (random.chance(1, 8)) draw_extras(random, shape);
  } else {
    shape.family = static_cast<std::uint8_t>(random.below(num_families));
    shape.branch = static_cast<std::uint8_t>(random.below(num_branches));
    shape.length = random.chance(1, 4) ? 1 + random.below(limit) : std::max<Count>(1, near_boundary(random, limit));
    shape.shared = features_.has(Feature::shared_prefixes) ? near_boundary(random, shape.length) : 0;
    draw_extras(random, shape);
  }
  recent_[num_recent_++ % recent_.size()] = shape;
  return shape;
}

void Prompts::draw_extras(Random& random, PromptShape& shape) const {
  const auto drawn = [&](Feature feature, std::uint32_t times, std::uint32_t out_of) {
    return features_.has(feature) && random.chance(times, out_of);
  };
  shape.lora = drawn(Feature::lora, 1, 4) ? static_cast<std::uint8_t>(1 + random.below(lora_names.size())) : 0;
  shape.salt = drawn(Feature::salts, 1, 4) ? static_cast<std::uint8_t>(1 + random.below(salts.size())) : 0;
  shape.embeddings = drawn(Feature::embeddings, 1, 4);
  shape.prompt_logprobs = drawn(Feature::prompt_logprobs, 1, 8);
  shape.num_items = 0;
  if (drawn(Feature::multimodal, 1, 3)) draw_items(random, shape);
}

void Prompts::draw_items(Random& random, PromptShape& shape) const {
  Count offset = 0;
  const std::uint32_t wanted = 1 + random.below(3);
  for (std::uint32_t i = 0; i < wanted && offset < shape.length; ++i) {
    PromptShape::Item& item = shape.items[shape.num_items++];
    item.name = static_cast<std::uint8_t>(random.below(item_names.size()));
    item.offset = std::max(offset, near_boundary(random, shape.length));
    offset = random.chance(1, 4) ? item.offset : item.offset + item_length(item.name);
  }
}

void Prompts::write(const PromptShape& shape, AddRequest<Growing>& command) const {
  command.tokens.resize(shape.length);
  if (shape.embeddings) {
    std::ranges::fill(command.tokens, 0);
    PromptEmbeds<Growing>& embeds = command.prompt_embeds.emplace();
    embeds.width = 1 + shape.family % 2;
    embeds.values.reserve(std::size_t{shape.length} * embeds.width);
    for (Count i = 0; i < shape.length; ++i) {
      const std::uint8_t stream = i < shape.shared ? shape.family : static_cast<std::uint8_t>(64 + shape.branch);
      for (Count column = 0; column < embeds.width; ++column) {
        embeds.values.push_back(0.5f * static_cast<float>(mix(seed_ + stream * 7919U + i * 3U + column) % 5));
      }
    }
  } else {
    for (Count i = 0; i < shape.length; ++i) {
      command.tokens[i] = i < shape.shared ? token(shape.family, i) : output(shape, i);
    }
  }
  if (shape.num_items > 0) {
    auto& items = command.mm.emplace();
    for (std::size_t i = 0; i < shape.num_items; ++i) {
      const PromptShape::Item& item = shape.items[i];
      items.push_back({item_names[item.name], item.offset, item_length(item.name)});
    }
  }
  if (shape.lora > 0) command.lora = Lora<Growing>{lora_names[shape.lora - 1U], shape.lora};
  if (shape.salt > 0) command.cache_salt = salts[shape.salt - 1U];
  if (shape.prompt_logprobs) command.prompt_logprobs = shape.length % 2;
}

// An identifier stands for one content, which has one length.
Count Prompts::item_length(std::uint8_t name) const {
  const Count longest = 2 * std::min(strides_[0], max_length_) + 1;
  return 1 + static_cast<Count>(mix(seed_ + name) % longest);
}

Token Prompts::output(const PromptShape& shape, Count position) const {
  return token(static_cast<std::uint8_t>(64 + shape.branch), position);
}

Token Prompts::token(std::uint8_t stream, Count position) const {
  const std::uint64_t bits = mix(seed_ + (std::uint64_t{stream} << 32) + position);
  if (features_.has(Feature::wide_tokens)) return wide_tokens[bits % wide_tokens.size()];
  return static_cast<Token>(bits % 8);
}

}  // namespace kvspec::fuzz
