// The commands that make and extend requests.
#include <algorithm>

#include "impl/host/manager.hpp"

namespace kvspec::host {

std::optional<Error> Manager::check(const AddRequest<Growing>& command) const {
  if (requests_.find(command.req)) return Error{Clause::req_01};
  if (command.tokens.empty()) return Error{Clause::req_03};
  if (command.mm) {
    const auto before = [](const MultimodalItem<Growing>& a, const MultimodalItem<Growing>& b) {
      return a.offset < b.offset;
    };
    const auto unordered = std::is_sorted_until(command.mm->begin(), command.mm->end(), before);
    if (unordered != command.mm->end()) return Error{Clause::req_04, unordered - command.mm->begin()};
  }
  if (command.prompt_embeds) {
    const std::uint64_t values = command.prompt_embeds->values.size();
    const std::uint64_t width = command.prompt_embeds->width;
    if (width == 0 || values != command.tokens.size() * width) {
      return Error{Clause::req_05, static_cast<std::int64_t>(values)};
    }
  }
  return std::nullopt;
}

// Hashes the full blocks that have no digest yet. [HASH-12]
void Manager::extend_digests(Request& request) {
  if (!config_.enable_caching) return;
  const std::size_t size = static_cast<std::size_t>(config_.hash_block_size);
  const std::size_t full = request.tokens.size() / size;
  const std::size_t block = request.digests.size();
  if (block >= full) return;

  request.digests.resize(full);
  HashRun run{};
  run.tokens = std::span<const Token>(request.tokens).subspan(block * size, (full - block) * size);
  run.block_size = size;
  run.start = static_cast<std::int64_t>(block * size);
  run.parent = block == 0 ? nullptr : &request.digests[block - 1];
  run.only_last_item = block > 0 && deviations_.only_last_item_is_hashed;  // [HASH-08]
  hasher_.hash(run, request.keys, &request.digests[block]);
}

namespace {

DigestList<Growing> to_list(std::span<const Hash256> digests, std::size_t digest_size) {
  DigestList<Growing> list;
  list.reserve(digests.size());
  for (const Hash256& digest : digests) list.push_back(to_digest(digest, digest_size));
  return list;
}

}  // namespace

Manager::Answer<AddRequest<Growing>> Manager::step(const AddRequest<Growing>& command) {
  if (const std::optional<Error> error = check(command)) return *error;
  Request& request = requests_[requests_.add(command.req, groups_.size())];
  request.keys.assign(command, deviations_.texts_are_bare_keys);
  if (request.keys.has_embeds) {
    request.tokens.assign(command.tokens.size(), 0);  // [REQ-06]
  } else {
    request.tokens.assign(command.tokens.begin(), command.tokens.end());
  }
  request.num_prompt_tokens = request.tokens.size();
  request.skip_reading_prefix_cache = command.prompt_logprobs.has_value();  // [REQ-08]
  extend_digests(request);

  AddRequest<Growing>::Observation answer{};
  answer.block_hashes = to_list(request.digests, hasher_.digest_size());
  answer.num_tokens = static_cast<Count>(request.tokens.size());
  answer.skip_reading_prefix_cache = request.skip_reading_prefix_cache;
  return answer;
}

Manager::Answer<AppendTokens<Growing>> Manager::step(const AppendTokens<Growing>& command) {
  Request* const request = find(command.req);
  if (request == nullptr) return Error{Clause::req_02};
  const std::size_t before = request->digests.size();
  for (const Token token : command.tokens) {  // [REQ-07]
    request->tokens.push_back(token);
    extend_digests(*request);
  }
  AppendTokens<Growing>::Observation answer{};
  answer.num_tokens = static_cast<Count>(request->tokens.size());
  const std::span<const Hash256> digests = request->digests;
  answer.new_block_hashes = to_list(digests.subspan(before), hasher_.digest_size());
  return answer;
}

}  // namespace kvspec::host
