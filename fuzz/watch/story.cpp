#include "fuzz/watch/story.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace kvspec::fuzz {

namespace {

// Words that begin what is not a token, so that no two contents are made of the same words. No token is as large.
constexpr std::uint64_t lora_word = 0xd1b54a32d192ed03U;
constexpr std::uint64_t salt_word = 0xaef17502108ef2d9U;
constexpr std::uint64_t item_word = 0xf1357aea2e62a9c5U;
constexpr std::uint64_t rows_word = 0xdaba0b6eb09322e3U;

std::uint64_t bits(float value) { return std::bit_cast<std::uint32_t>(value); }

// The items that a position can belong to: each has a length and begins behind the end of those before it. Where the
// last item has no length, a hash does not cover what begins at the same position. [HASH-07]
std::vector<MultimodalItem<Growing>> items_that_count(const AddRequest<Growing>& command) {
  std::vector<MultimodalItem<Growing>> items;
  if (!command.mm) return items;
  std::int64_t covered = 0;
  for (const MultimodalItem<Growing>& item : *command.mm) {
    if (item.length == 0) continue;
    const MultimodalItem<Growing>& last = command.mm->back();
    const bool is_hashed = last.length > 0 || last.offset != item.offset;
    if (item.offset >= covered && is_hashed) items.push_back(item);
    covered = std::max(covered, std::int64_t{item.offset} + item.length);
  }
  return items;
}

// What holds for all positions alike.
Identity root_of(const AddRequest<Growing>& command) {
  Identity root{1, 1};
  if (command.lora) root = root.followed_by(lora_word).followed_by(command.lora->name);
  if (command.cache_salt && !command.cache_salt->empty()) {
    root = root.followed_by(salt_word).followed_by(*command.cache_salt);
  }
  if (command.prompt_embeds) root = root.followed_by(rows_word);
  return root;
}

// The root, and all that the request brings beside its tokens.
Identity exact_root_of(const AddRequest<Growing>& command) {
  Identity root = root_of(command);
  if (command.mm) {
    root = root.followed_by(item_word).followed_by(command.mm->size());
    for (const MultimodalItem<Growing>& item : *command.mm) {
      root = root.followed_by(item_word).followed_by(item.id).followed_by(item.offset).followed_by(item.length);
    }
  }
  if (command.prompt_embeds) {
    root = root.followed_by(command.prompt_embeds->width).followed_by(command.prompt_embeds->values.size());
    for (const float value : command.prompt_embeds->values) root = root.followed_by(bits(value));
  }
  return root;
}

}  // namespace

Stories::Stories(const Config<Growing>& config) : hash_block_size_(config.hash_block_size), hashes_(config) {}

RequestStory* Stories::find(const RequestId<Growing>& id) {
  const auto found = live_.find(id);
  return found == live_.end() ? nullptr : &found->second;
}

Finding Stories::begin(const AddRequest<Growing>& command, const AddRequest<Growing>::Observation& seen) {
  RequestStory& request = live_[command.req];
  request.id = command.req;
  request.num_prompt_tokens = static_cast<Count>(command.tokens.size());
  request.reads_cache = !command.prompt_logprobs.has_value();
  request.items = items_that_count(command);
  request.exact = exact_root_of(command);
  request.last = root_of(command);
  const PromptEmbeds<Growing>* embeds = command.prompt_embeds ? &*command.prompt_embeds : nullptr;
  if (embeds != nullptr) hashes_.has_rows(embeds->width);
  request.positions.reserve(command.tokens.size() + 8);
  exact_.clear();
  for (const Token token : command.tokens) append(request, embeds != nullptr ? 0 : token, embeds);
  return enter_hashes(request, seen.block_hashes);
}

Finding Stories::extend(RequestStory& request, const AppendTokens<Growing>& command,
                        const AppendTokens<Growing>::Observation& seen) {
  exact_.clear();
  for (const Token token : command.tokens) append(request, token, nullptr);
  return enter_hashes(request, seen.new_block_hashes);
}

void Stories::append(RequestStory& request, Token token, const PromptEmbeds<Growing>* embeds) {
  const std::size_t position = request.positions.size();
  Identity next = request.last.followed_by(static_cast<std::uint64_t>(token));
  for (const MultimodalItem<Growing>& item : request.items) {
    if (item.offset == position) next = next.followed_by(item_word).followed_by(item.id);
  }
  if (embeds != nullptr) {
    for (std::size_t i = position * embeds->width; i < (position + 1) * embeds->width; ++i) {
      next = next.followed_by(bits(embeds->values[i]));
    }
  }
  request.positions.push_back(next);
  request.last = next;
  request.exact = request.exact.followed_by(static_cast<std::uint64_t>(token));
  if ((static_cast<std::int64_t>(position) + 1) % hash_block_size_ == 0) exact_.push_back(request.exact);
}

Finding Stories::enter_hashes(RequestStory& request, const DigestList<Growing>& digests) {
  Finding first;
  // I7 of a single state says how many there are.
  for (std::size_t i = 0; i < digests.size() && i < exact_.size(); ++i) {
    request.digests.push_back(digests[i]);
    const std::size_t end = request.digests.size() * static_cast<std::size_t>(hash_block_size_);
    if (end > request.positions.size()) break;
    Finding found = hashes_.enter(digests[i], request.positions[end - 1], exact_[i]);
    if (!found || first) continue;
    found->request = request.id;
    found->actual = static_cast<std::int64_t>(request.digests.size()) - 1;
    first = found;
  }
  return first;
}

void Stories::looked_up(RequestStory& request, const GetComputedBlocks<Growing>& command,
                        const GetComputedBlocks<Growing>::Observation& seen) {
  request.hit = seen;
  request.num_queried = request.num_tokens();
  request.is_preempted = command.num_preemptions > 0;
  request.is_recorded = false;
}

void Stories::given_slots(RequestStory& request) {
  if (request.has_slots) return;
  request.has_slots = true;
  ++num_with_slots_;
}

void Stories::freed(RequestStory& request) {
  if (request.has_slots) --num_with_slots_;
  request.has_slots = false;
  request.tables.clear();
  request.has_state.clear();
  request.hit.reset();
  request.is_recorded = true;
  request.written = request.furthest = request.end = 0;
  request.guesses = request.exceeds_budget = request.overclaims = false;
}

void Stories::drop(const RequestId<Growing>& id) {
  const auto found = live_.find(id);
  if (found == live_.end()) return;
  if (found->second.cached_tokens > 0) {
    if (gone_.size() < most_gone) gone_.emplace_back();
    gone_[next_gone_++ % most_gone] = std::move(found->second);
  }
  live_.erase(found);
}

}  // namespace kvspec::fuzz
