#include "impl/host/extra_keys.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "impl/host/sha256.hpp"

namespace kvspec::host {

void KeySources::assign(const AddRequest<Growing>& request, bool bare) {
  bare_texts = bare;
  if (request.lora) {
    has_lora = true;
    lora_id = request.lora->id;
    lora_name.assign(request.lora->name);
  }
  if (request.cache_salt) cache_salt.assign(*request.cache_salt);
  if (request.mm) items.assign(request.mm->begin(), request.mm->end());
  if (request.prompt_embeds) {
    has_embeds = true;
    embeds_width = request.prompt_embeds->width;
    embeds.assign(request.prompt_embeds->values.begin(), request.prompt_embeds->values.end());
  }
}

void KeySources::clear() {
  has_lora = false;
  lora_name.clear();
  cache_salt.clear();
  items.clear();
  has_embeds = false;
  embeds.clear();
}

namespace {

// SHA-256 over rows [start, end) as far as there are rows, as little-endian float32. [HASH-09]
Hash256 digest_of_rows(const KeySources& sources, std::int64_t start, std::int64_t end) {
  static_assert(std::endian::native == std::endian::little);
  const std::size_t rows = sources.embeds.size() / sources.embeds_width;
  const std::size_t first = std::min(static_cast<std::size_t>(start), rows);
  const std::size_t last = std::min(static_cast<std::size_t>(end), rows);
  Sha256Message message;
  message.reserve((last - first) * sources.embeds_width * sizeof(float));
  message.append(sources.embeds.data() + first * sources.embeds_width,
                 (last - first) * sources.embeds_width * sizeof(float));
  message.pad();
  return message.digest();
}

}  // namespace

void KeyScan::find(std::int64_t start, std::int64_t end, BlockKeys& out) {
  out.lora = sources_->has_lora;
  out.salt = start == 0 && !sources_->cache_salt.empty();
  out.embeds = sources_->has_embeds;
  out.items.clear();
  find_items(start, end, out.items);
  if (out.embeds) out.embeds_digest = digest_of_rows(*sources_, start, end);
}

void KeyScan::find_items(std::int64_t start, std::int64_t end, std::vector<std::uint32_t>& out) {
  const std::vector<MultimodalItem<Growing>>& items = sources_->items;
  const auto end_of = [](const MultimodalItem<Growing>& item) { return std::int64_t{item.offset} + item.length; };
  if (items.empty() || end_of(items.back()) <= start) return;
  while (item_ < items.size() && items[item_].offset < end) {
    if (end_of(items[item_]) > start) {
      out.push_back(static_cast<std::uint32_t>(item_));
      // An item that goes on behind the block hides the ones after it and comes again in the next block.
      if (end_of(items[item_]) > end) return;
    }
    ++item_;
  }
}

ExtraKeys<Growing> to_extra_keys(const KeySources& sources, const BlockKeys& keys, std::int64_t start) {
  ExtraKeys<Growing> result;
  result.reserve(keys.size());
  const auto add_text = [&](ExtraKeyKind kind, const std::string& text) {
    ExtraKey<Growing> key{};
    key.kind = sources.bare_texts ? ExtraKeyKind::text : kind;
    key.text = text;
    result.push_back(std::move(key));
  };
  if (keys.lora) add_text(ExtraKeyKind::lora, sources.lora_name);
  for (const std::uint32_t i : keys.items) {
    ExtraKey<Growing> key{};
    key.kind = ExtraKeyKind::item;
    key.text = sources.items[i].id;
    key.offset = std::int64_t{sources.items[i].offset} - start;
    result.push_back(std::move(key));
  }
  if (keys.salt) add_text(ExtraKeyKind::salt, sources.cache_salt);
  if (keys.embeds) {
    ExtraKey<Growing> key{};
    key.kind = ExtraKeyKind::digest;
    key.digest = to_digest(keys.embeds_digest, sizeof(Hash256));  // SHA-256 whatever hashes the block [HASH-09]
    result.push_back(std::move(key));
  }
  return result;
}

}  // namespace kvspec::host
