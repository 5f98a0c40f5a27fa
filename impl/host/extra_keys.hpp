// What a block's hash covers beside its tokens. [HASH-06]
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "impl/host/hash256.hpp"
#include "spec/commands.hpp"
#include "spec/vocabulary.hpp"

namespace kvspec::host {

// The parts of a request that go into extra keys. Its memory is kept when the request's slot is used again.
struct KeySources {
  bool has_lora = false;
  std::int64_t lora_id = 0;
  std::string lora_name{};
  std::string cache_salt{};                      // empty: none
  std::vector<MultimodalItem<Growing>> items{};  // ordered by offset
  bool has_embeds = false;
  std::vector<float> embeds{};  // row-major
  std::size_t embeds_width = 0;
  bool bare_texts = false;  // LoRA name and salt are keys as they are and not in a pair with their tag [DEV-05]

  // Precondition: none().
  void assign(const AddRequest<Growing>& request, bool bare);
  void clear();
  // Whether no block has any extra key.
  bool none() const { return !has_lora && cache_salt.empty() && items.empty() && !has_embeds; }
};

// The tags that tell a LoRA name from a cache salt. [HASH-06]
inline constexpr std::string_view lora_tag = "lora";
inline constexpr std::string_view salt_tag = "salt";

// The extra keys of one block, naming their source instead of copying it.
struct BlockKeys {
  bool lora = false;
  bool salt = false;
  bool embeds = false;
  std::vector<std::uint32_t> items{};  // indices of the items that overlap the block
  Hash256 embeds_digest{};

  std::size_t size() const { return items.size() + (lora ? 1 : 0) + (salt ? 1 : 0) + (embeds ? 1 : 0); }
};

// Finds the extra keys of blocks from left to right, moving past items as it goes. [HASH-07]
class KeyScan {
 public:
  explicit KeyScan(const KeySources& sources) : sources_(&sources) {}

  // From now on considers only the last item. [DEV-04]
  void start_at_last_item() {
    if (!sources_->items.empty()) item_ = sources_->items.size() - 1;
  }
  // The keys of the block of tokens start .. end - 1.
  void find(std::int64_t start, std::int64_t end, BlockKeys& out);

 private:
  void find_items(std::int64_t start, std::int64_t end, std::vector<std::uint32_t>& out);

  const KeySources* sources_;
  std::size_t item_ = 0;
};

// The keys in the words of the specification; `start` is the block's first token.
ExtraKeys<Growing> to_extra_keys(const KeySources& sources, const BlockKeys& keys, std::int64_t start);

}  // namespace kvspec::host
