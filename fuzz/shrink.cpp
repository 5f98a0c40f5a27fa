#include "fuzz/shrink.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

namespace kvspec::fuzz {

namespace {

// The request a command names; null if it names none.
const RequestId<Growing>* request_of(const Command<Growing>& command) {
  return std::visit(
      [](const auto& c) -> const RequestId<Growing>* {
        if constexpr (requires { c.req; }) {
          return &c.req;
        } else {
          return nullptr;
        }
      },
      command);
}

RequestId<Growing>* request_of(Command<Growing>& command) {
  return const_cast<RequestId<Growing>*>(request_of(std::as_const(command)));
}

class Shrinker {
 public:
  Shrinker(Failure failure, const Oracle& oracle, std::size_t most_replays)
      : best_(std::move(failure)), oracle_(oracle), most_replays_(most_replays) {}

  Failure run() {
    cut_after_failure();
    take_away_requests();
    take_away_commands();
    for (bool changed = true; changed && !exhausted();) {
      changed = simplify_config();
      changed = simplify_all_prompts() || changed;
      changed = simplify_arguments() || changed;
      changed = take_away_commands() || changed;
      changed = take_away_pairs() || changed;
      changed = fold_pairs() || changed;
    }
    rename_requests();
    return std::move(best_);
  }

 private:
  bool exhausted() const { return best_.replays >= most_replays_; }

  // Adopts the attempt if it fails for the same cause.
  bool adopt(const Config<Growing>& config, const Commands& commands) {
    if (exhausted()) return false;
    ++best_.replays;
    std::optional<Counterexample> found = oracle_(config, commands);
    if (!found || !same_cause(*found, best_.counterexample)) return false;
    best_.config = config;
    best_.commands = commands;
    best_.counterexample = std::move(*found);
    cut_after_failure();
    return true;
  }

  void cut_after_failure() {
    if (best_.counterexample.step + 1 < best_.commands.size()) {
      best_.commands.resize(best_.counterexample.step + 1);
    }
  }

  Commands without(std::size_t first, std::size_t count) const {
    Commands rest(best_.commands.begin(), best_.commands.begin() + static_cast<std::ptrdiff_t>(first));
    rest.insert(rest.end(), best_.commands.begin() + static_cast<std::ptrdiff_t>(first + count), best_.commands.end());
    return rest;
  }

  // All commands of one request at once: taking away its parts alone often fails in another way.
  bool take_away_requests() {
    bool changed = false;
    std::vector<RequestId<Growing>> ids;
    for (const Command<Growing>& command : best_.commands) {
      const RequestId<Growing>* req = request_of(command);
      if (req != nullptr && std::ranges::find(ids, *req) == ids.end()) ids.push_back(*req);
    }
    for (const RequestId<Growing>& id : ids) {
      Commands rest;
      for (const Command<Growing>& command : best_.commands) {
        const RequestId<Growing>* req = request_of(command);
        if (req == nullptr || *req != id) rest.push_back(command);
      }
      changed = adopt(best_.config, rest) || changed;
    }
    return changed;
  }

  // Chunks of half the commands, of a quarter, ... of one, from the end, where the failure is not.
  bool take_away_commands() {
    bool changed = false;
    for (std::size_t chunk = std::max<std::size_t>(best_.commands.size() / 2, 1);; chunk /= 2) {
      bool again = true;
      while (again && !exhausted()) {
        again = false;
        for (std::size_t end = best_.commands.size(); end > 0;) {
          const std::size_t first = end > chunk ? end - chunk : 0;
          if (adopt(best_.config, without(first, end - first))) {
            changed = true;
            again = chunk == 1;
          }
          end = std::min(first, best_.commands.size());
        }
      }
      if (chunk == 1) return changed;
    }
  }

  // Two commands at once, once there are few: some come in pairs (take and give back, add and drop).
  bool take_away_pairs() {
    constexpr std::size_t few = 24;
    bool changed = false;
    if (best_.commands.size() > few) return false;
    for (std::size_t a = 0; a + 1 < best_.commands.size(); ++a) {
      for (std::size_t b = a + 1; b < best_.commands.size(); ++b) {
        Commands rest = without(b, 1);
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(a));
        if (!adopt(best_.config, rest)) continue;
        changed = true;
        b = a;
        if (a + 1 >= best_.commands.size()) break;
      }
    }
    return changed;
  }

  // The one command stands where the first stood, or where the second did.
  bool fold_pairs() {
    bool changed = false;
    for (std::size_t a = 0; a + 1 < best_.commands.size(); ++a) {
      for (std::size_t b = a + 1; b < best_.commands.size() && !exhausted(); ++b) {
        const std::optional<Command<Growing>> both = folded(best_.commands[a], best_.commands[b]);
        if (!both) continue;
        Commands early = without(b, 1);
        early[a] = *both;
        Commands late = without(a, 1);
        late[b - 1] = *both;
        if (!adopt(best_.config, early) && !adopt(best_.config, late)) continue;
        changed = true;
        b = a;
      }
    }
    return changed;
  }

  bool simplify_arguments() {
    bool changed = false;
    for (std::size_t i = 0; i < best_.commands.size(); ++i) {
      for (bool again = true; again && i < best_.commands.size() && !exhausted();) {
        again = false;
        for (Command<Growing>& simpler : simpler_commands(best_.commands[i])) {
          Commands commands = best_.commands;
          commands[i] = std::move(simpler);
          if (adopt(best_.config, commands)) {
            changed = again = true;
            break;
          }
        }
      }
    }
    return changed;
  }

  // What prompts have in common must be simplified in all of them at once: what they carry beside tokens, and the
  // tokens' values, which become 1, 2, ... in the order in which they appear.
  bool simplify_all_prompts() {
    bool changed = simplify_each_prompt([](AddRequest<Growing>& c) { c.lora.reset(); });
    changed = simplify_each_prompt([](AddRequest<Growing>& c) { c.cache_salt.reset(); }) || changed;
    changed = simplify_each_prompt([](AddRequest<Growing>& c) { c.mm.reset(); }) || changed;
    changed = simplify_each_prompt([](AddRequest<Growing>& c) { c.prompt_embeds.reset(); }) || changed;
    TokenList<Growing> seen;
    Commands commands = best_.commands;
    for (Command<Growing>& command : commands) {
      if (auto* add = std::get_if<AddRequest<Growing>>(&command)) renumber(add->tokens, seen);
      if (auto* append = std::get_if<AppendTokens<Growing>>(&command)) renumber(append->tokens, seen);
    }
    return (commands != best_.commands && adopt(best_.config, commands)) || changed;
  }

  static void renumber(TokenList<Growing>& tokens, TokenList<Growing>& seen) {
    for (Token& token : tokens) {
      auto known = std::ranges::find(seen, token);
      if (known == seen.end()) known = seen.insert(seen.end(), token);
      token = static_cast<Token>(known - seen.begin()) + 1;
    }
  }

  template <class F>
  bool simplify_each_prompt(F&& simplify) {
    Commands commands = best_.commands;
    for (Command<Growing>& command : commands) {
      if (auto* add = std::get_if<AddRequest<Growing>>(&command)) simplify(*add);
    }
    return commands != best_.commands && adopt(best_.config, commands);
  }

  bool simplify_config() {
    bool changed = false;
    for (bool again = true; again && !exhausted();) {
      again = false;
      for (const Config<Growing>& simpler : simpler_configs(best_.config)) {
        if (!validate(simpler).ok()) continue;
        if (adopt(simpler, best_.commands) || adopt(simpler, rescaled(simpler))) {
          changed = again = true;
          break;
        }
      }
    }
    return changed;
  }

  // The commands with their numbers of tokens in proportion to the scheduler block size of `config`, so that smaller
  // blocks leave the numbers of blocks as they are.
  Commands rescaled(const Config<Growing>& config) const {
    const std::int64_t from = best_.config.scheduler_block_size;
    const std::int64_t to = config.scheduler_block_size;
    Commands commands = best_.commands;
    if (from == to) return commands;
    const auto scale = [&](Count& n) { n = static_cast<Count>((std::int64_t{n} * to + from - 1) / from); };
    for (Command<Growing>& command : commands) {
      if (auto* add = std::get_if<AddRequest<Growing>>(&command)) {
        Count length = static_cast<Count>(add->tokens.size());
        scale(length);
        add->tokens.resize(length);
      } else if (auto* allocate = std::get_if<AllocateSlots<Growing>>(&command)) {
        scale(allocate->req_num_computed_tokens);
        scale(allocate->num_new_tokens);
        scale(allocate->num_new_computed_tokens);
        scale(allocate->num_lookahead_tokens);
        scale(allocate->num_external_computed_tokens);
      } else if (auto* cache = std::get_if<CacheBlocks<Growing>>(&command)) {
        scale(cache->num_computed_tokens);
      }
    }
    return commands;
  }

  // r0, r1, ... in the order in which they appear.
  void rename_requests() {
    std::vector<RequestId<Growing>> ids;
    Commands commands = best_.commands;
    for (Command<Growing>& command : commands) {
      RequestId<Growing>* req = request_of(command);
      if (req == nullptr) continue;
      auto known = std::ranges::find(ids, *req);
      if (known == ids.end()) known = ids.insert(ids.end(), *req);
      *req = "r" + std::to_string(known - ids.begin());
    }
    if (commands != best_.commands) adopt(best_.config, commands);
  }

  Failure best_;
  const Oracle& oracle_;
  std::size_t most_replays_;
};

}  // namespace

Failure shrink(const Config<Growing>& config, const Commands& commands, const Oracle& oracle,
               std::size_t most_replays) {
  Failure failure{.config = config, .commands = commands};
  std::optional<Counterexample> found = oracle(config, commands);
  if (!found) return failure;
  failure.counterexample = std::move(*found);
  return Shrinker(std::move(failure), oracle, most_replays).run();
}

}  // namespace kvspec::fuzz
