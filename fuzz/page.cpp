#include "fuzz/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "spec/trace/names.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/text.hpp"

namespace kvspec::fuzz {

namespace {

using S = Growing;

constexpr std::size_t most_listed = 32;  // blocks, tables or keys

// The hashes of every request that the commands make, by which the content of a block is named.
class Names {
 public:
  explicit Names(const Config<S>& config) : config_(config) {}

  void saw(const Command<S>& command, const Observation<S>& observation) {
    if (const auto* add = std::get_if<AddRequest<S>>(&command)) {
      hashes_.push_back({add->req, std::get<AddRequest<S>::Observation>(observation).block_hashes});
    } else if (const auto* append = std::get_if<AppendTokens<S>>(&command)) {
      const auto& grown = std::get<AppendTokens<S>::Observation>(observation).new_block_hashes;
      // The last of that name is the one that lives.
      const auto of = std::ranges::find(hashes_.rbegin(), hashes_.rend(), append->req, &Hashes::req);
      if (of != hashes_.rend()) of->digests.insert(of->digests.end(), grown.begin(), grown.end());
    }
  }

  std::string of(const BlockKey<S>& key) const {
    const std::size_t span = key.group < config_.groups.size() && config_.hash_block_size > 0
                                 ? static_cast<std::size_t>(config_.effective_block_size(config_.groups[key.group]) /
                                                            config_.hash_block_size)
                                 : 1;
    for (const Hashes& request : hashes_) {
      for (std::size_t i = 0; span > 0 && (i + 1) * span <= request.digests.size(); ++i) {
        if (is_hash(request.digests, i * span, span, key.hash)) {
          return fmt::format("{}[{}]", printable(request.req, 40), i);
        }
      }
    }
    std::string hex;
    append_hex(hex, {key.hash.data(), std::min<std::size_t>(key.hash.size(), 4)});
    return hex + "...";
  }

 private:
  struct Hashes {
    RequestId<S> req{};
    DigestList<S> digests{};
  };

  static bool is_hash(const DigestList<S>& digests, std::size_t first, std::size_t span, const BlockHash<S>& hash) {
    std::size_t at = 0;
    for (std::size_t i = first; i < first + span; ++i) {
      for (const std::uint8_t byte : digests[i]) {
        if (at >= hash.size() || hash[at++] != byte) return false;
      }
    }
    return at == hash.size();
  }

  const Config<S>& config_;
  std::vector<Hashes> hashes_;
};

// The pool as a person draws it: the free queue, then the table of each request in each group.
class Drawing {
 public:
  Drawing(const Config<S>& config, const Names& names, const View<S>& view)
      : config_(config), names_(names), view_(view) {}

  std::string text() {
    line("  free, in order  {}\n", blocks(view_.state.free_queue, 0));
    for (std::size_t g = 0; g < view_.state.managers.size(); ++g) draw_group(g);
    each(view_.held,
         [&](const OfBlock<Count>& held) { line("  held by callers {} times  {}\n", held.value, block(held.block)); });
    each(view_.state.dups, [&](const Duplicates<S>& several) {
      line("  {} is in several blocks of group {}, the first in  {}\n", names_.of(several.key), several.key.group,
           blocks(several.blocks, 0));
    });
    return fmt::to_string(out_);
  }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  // The first ones, and how many there are.
  template <class List, class F>
  void each(const List& list, F&& draw) {
    for (std::size_t i = 0; i < std::min(list.size(), most_listed); ++i) draw(list[i]);
    if (list.size() > most_listed) line("    ... {} in all\n", list.size());
  }

  void draw_group(std::size_t g) {
    const GroupDump<S>& group = view_.state.managers[g];
    const GroupSpec& spec = config_.groups[g];
    line("  group {} ({}, {} tokens a block){}\n", g, name_of(spec.kind), config_.effective_block_size(spec),
         group.req_blocks.empty() ? "  no tables" : "");
    each(group.req_blocks, [&](const auto& table) {
      const auto cached = std::ranges::find(group.num_cached_block, table.req, &OfRequest<S, Count>::req);
      const std::size_t bar = cached == group.num_cached_block.end() ? 0 : cached->value;
      line("    {}  {}\n", printable(table.req, 40), blocks(table.value, bar));
    });
  }

  // A bar stands behind the first `bar` blocks, which are cached.
  std::string blocks(const BlockList<S>& list, std::size_t bar) const {
    std::string text;
    for (std::size_t i = 0; i < std::min(list.size(), most_listed); ++i) {
      text += (i == 0 ? "" : " ") + block(list[i]) + (i + 1 == bar ? " |" : "");
    }
    if (list.size() > most_listed) text += fmt::format(" ... {} in all", list.size());
    return text.empty() ? "none" : text;
  }

  // 3=r0[1]x2: block 3 holds block 1 of r0 and has two references.
  std::string block(BlockId b) const {
    if (b == null_block) return "-";
    std::string text = std::to_string(b);
    const auto hash = std::ranges::find(view_.state.hashes, b, &OfBlock<BlockKey<S>>::block);
    if (hash != view_.state.hashes.end()) text += "=" + names_.of(hash->value);
    const auto refs = std::ranges::find(view_.state.ref_cnt, b, &OfBlock<Count>::block);
    if (refs != view_.state.ref_cnt.end() && refs->value > 1) text += "x" + std::to_string(refs->value);
    return text;
  }

  const Config<S>& config_;
  const Names& names_;
  const View<S>& view_;
  fmt::memory_buffer out_;
};

}  // namespace

std::string page(const Config<Growing>& config, const Commands& commands, std::size_t at,
                 const oracle::MakeEngine& make, std::size_t most_shown) {
  const Result<std::unique_ptr<oracle::Engine>> created = make(config);
  if (!created) return "the configuration is rejected: " + to_text(created.error()) + "\n";
  oracle::Engine& engine = *created.value();
  std::string text = "in words:\n";
  Names names(config);
  const std::size_t first = at + 1 > most_shown ? at + 1 - most_shown : 0;
  if (first > 0) text += fmt::format("  ... {} commands before these\n", first);
  for (std::size_t i = 0; i <= at && i < commands.size(); ++i) {
    std::string before;
    if (i == at) before = Drawing(config, names, engine.view()).text();
    const Result<Observation<S>> result = engine.step(commands[i]);
    if (result) names.saw(commands[i], result.value());
    if (i >= first) text += fmt::format("  {:>4}  {}\n", i + 1, in_words(commands[i], result));
    if (i != at) continue;
    text += fmt::format("the pool before command {}:\n{}", at + 1, before);
    const std::string after = Drawing(config, names, engine.view()).text();
    text += after == before ? "and after it the same\n" : "and after it:\n" + after;
  }
  return text;
}

}  // namespace kvspec::fuzz
