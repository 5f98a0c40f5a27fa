// What a command says and what it was answered, in words.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <type_traits>
#include <variant>

#include "fuzz/page.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/text.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

constexpr std::size_t most_listed = 24;  // elements of a list
constexpr std::size_t most_bytes = 60;   // of a name

std::string name(const RequestId<S>& req) { return printable(req, most_bytes); }

std::string many(std::uint64_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

template <class List>
std::string listed(const List& list) {
  if (list.size() <= most_listed) return fmt::format("[{}]", fmt::join(list, " "));
  return fmt::format("[{} ... {} in all]", fmt::join(list.begin(), list.begin() + most_listed, " "), list.size());
}

// A list per group; the groups are named if there are several.
std::string per_group(const BlockTables<S>& tables) {
  if (tables.size() == 1) return "blocks " + listed(tables[0]);
  std::string text;
  for (std::size_t g = 0; g < tables.size(); ++g) {
    text += fmt::format("{}group {} {}", g == 0 ? "" : ", ", g, listed(tables[g]));
  }
  return text.empty() ? "no groups" : text;
}

std::string said(const AddRequest<S>& c) {
  std::string text =
      fmt::format("{} arrives with {} {}", name(c.req), many(c.tokens.size(), "token"), listed(c.tokens));
  if (c.lora) text += fmt::format(", LoRA {}", quote(c.lora->name));
  if (c.cache_salt) text += fmt::format(", salt {}", quote(*c.cache_salt));
  if (c.mm) {
    for (const MultimodalItem<S>& item : *c.mm) {
      text += fmt::format(", item {} at {} of {}", quote(item.id), item.offset, many(item.length, "token"));
    }
  }
  if (c.prompt_embeds) text += ", given as embeddings";
  if (c.prompt_logprobs) text += ", asking for prompt log-probabilities";
  return text;
}
std::string said(const AppendTokens<S>& c) {
  return fmt::format("{} gains {} {}", name(c.req), many(c.tokens.size(), "token"), listed(c.tokens));
}
std::string said(const GetComputedBlocks<S>& c) {
  return name(c.req) + " looks up its prefix" + (c.num_preemptions > 0 ? " after a preemption" : "");
}
std::string said(const AllocateSlots<S>& c) {
  std::string text = fmt::format("{} with {} computed asks for slots of {}", name(c.req),
                                 many(c.req_num_computed_tokens, "token"), many(c.num_new_tokens, "new token"));
  if (c.new_computed_blocks == PassedHit::computed) {
    text += fmt::format(" and takes its hit of {}", c.num_new_computed_tokens);
  } else if (c.num_new_computed_tokens > 0) {
    text += fmt::format(" and passes a hit of {} without blocks", c.num_new_computed_tokens);
  }
  if (c.num_external_computed_tokens > 0) text += fmt::format(", loads {}", c.num_external_computed_tokens);
  if (c.num_lookahead_tokens > 0) text += fmt::format(", looks ahead {}", c.num_lookahead_tokens);
  if (c.num_encoder_tokens > 0) text += fmt::format(", has {}", many(c.num_encoder_tokens, "encoder token"));
  if (c.delay_cache_blocks) text += ", caches later";
  if (c.full_sequence_must_fit) text += ", if all of it fits";
  return text;
}
std::string said(const CacheBlocks<S>& c) {
  return fmt::format("{} caches its blocks up to token {}", name(c.req), c.num_computed_tokens);
}
std::string said(const Free<S>& c) {
  return name(c.req) + (c.drop ? " ends and gives its blocks back" : " is preempted and gives its blocks back");
}
std::string said(const RemoveSkippedBlocks<S>& c) {
  return fmt::format("{} gives back what is out of sight at token {}", name(c.req), c.total_computed_tokens);
}
std::string said(const EvictBlocks<S>& c) { return fmt::format("blocks {} are evicted", listed(c.block_ids)); }
std::string said(const ResetPrefixCache<S>&) { return "the prefix cache is to be reset"; }
std::string said(const NewStepStarts<S>&) { return "a step begins"; }
std::string said(const TakeNewBlockIds<S>&) { return "the new block ids are taken"; }
std::string said(const TakeEvents<S>&) { return "the events are taken"; }
std::string said(const GetNumCommonPrefixBlocks<S>& c) {
  return fmt::format("how many leading blocks all tables share with {}", name(c.req));
}
std::string said(const GetBlockIds<S>& c) { return fmt::format("the blocks of {}", name(c.req)); }
std::string said(const TakeStats<S>&) { return "the statistics are taken"; }
std::string said(const DumpState<S>&) { return "the state is read"; }
std::string said(const PoolGetNewBlocks<S>& c) { return fmt::format("a caller takes {}", many(c.num_blocks, "block")); }
std::string said(const PoolTouch<S>& c) { return fmt::format("a caller touches blocks {}", listed(c.block_ids)); }
std::string said(const PoolFreeBlocks<S>& c) {
  return fmt::format("a caller frees blocks {}{}", listed(c.block_ids), c.prepend ? ", to the head of the queue" : "");
}
std::string said(const PoolCacheFullBlocks<S>& c) {
  return fmt::format("a caller caches blocks {} as blocks {} to {} of {} in group {}", listed(c.block_ids),
                     c.num_cached_blocks, c.num_full_blocks, name(c.req), c.group);
}
std::string said(const PoolGetCachedBlock<S>& c) {
  return fmt::format("which blocks hold block {} of {} in groups {}", c.index, name(c.req), listed(c.groups));
}

std::string answered(const AddRequest<S>::Observation& o) {
  return many(o.block_hashes.size(), "full block") + (o.skip_reading_prefix_cache ? ", never reads the cache" : "");
}
std::string answered(const AppendTokens<S>::Observation& o) {
  return fmt::format("{} now, {} more", many(o.num_tokens, "token"), many(o.new_block_hashes.size(), "full block"));
}
std::string answered(const GetComputedBlocks<S>::Observation& o) {
  if (o.num_computed_tokens == 0) return "no hit";
  return fmt::format("a hit of {}, {}", many(o.num_computed_tokens, "token"), per_group(o.blocks));
}
std::string answered(const AllocateSlots<S>::Observation& o) {
  const std::string left = many(o.num_free, "free block");
  return o.result ? fmt::format("new {}; {}", per_group(*o.result), left) : "refused; " + left;
}
std::string answered(const Free<S>::Observation& o) { return many(o.num_free, "free block"); }
std::string answered(const ResetPrefixCache<S>::Observation& o) {
  return o.result ? "done" : "refused, blocks are in use";
}
std::string answered(const TakeNewBlockIds<S>::Observation& o) { return listed(o.result); }
std::string answered(const TakeEvents<S>::Observation& o) {
  if (o.events.empty()) return "none";
  std::string text;
  for (const Event<S>& event : o.events) text += (text.empty() ? "" : "; ") + to_text(event);
  return text;
}
std::string answered(const GetNumCommonPrefixBlocks<S>::Observation& o) { return listed(o.result); }
std::string answered(const GetBlockIds<S>::Observation& o) { return per_group(o.result); }
std::string answered(const PrefixCacheStats& o) {
  return fmt::format("{} with {} tokens, {} of them hit; preempted: {} with {}, {} hit", many(o.requests, "request"),
                     o.queries, o.hits, o.preempted_requests, o.preempted_queries, o.preempted_hits);
}
std::string answered(const StateDump<S>& o) { return many(o.num_free, "free block"); }
std::string answered(const PoolGetNewBlocks<S>::Observation& o) { return listed(o.blocks); }
std::string answered(const PoolGetCachedBlock<S>::Observation& o) { return o.blocks ? listed(*o.blocks) : "none"; }
std::string answered(const Done&) { return {}; }

}  // namespace

std::string in_words(const Command<Growing>& command, const Result<Observation<Growing>>& result) {
  std::string text = std::visit([](const auto& c) { return said(c); }, command);
  const std::string answer = result ? std::visit([](const auto& o) { return answered(o); }, result.value())
                                    : "an error, " + to_text(result.error());
  return answer.empty() ? text : text + ": " + answer;
}

}  // namespace kvspec::fuzz
