// An engine that tells one small lie, or takes one freedom that a mode grants: what `kvspec check` is tried with.
//
//   liar LIE      the host implementation behind the engine protocol, and the lie; an unknown one is none
//
// Lies depend on what is asked and on nothing else, so that the same requests give the same answers after a restart;
// only `moody` lies once in the life of a process, `fickle` takes no more than three configurations, and `leave` one.
// Whatever the lie, a question that its hello rules out ends it.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/check/policy.hpp"
#include "fuzz/host_engine.hpp"
#include "spec/trace/protocol.hpp"

namespace kvspec::fuzz {
namespace {

using S = Growing;

std::vector<std::string> all_operations() {
  return std::visit([]<class... C>(const std::variant<C...>*) { return std::vector<std::string>{C::op...}; },
                    std::variant<const Command<S>*>());
}
std::vector<std::string> least_operations() {
  return {"new_request", "append", "get_computed_blocks", "allocate_slots", "free"};
}

template <class T>
bool has(const std::vector<T>& list, const T& element) {
  return std::ranges::find(list, element) != list.end();
}

// How the process ends where it is asked for what it has not offered.
constexpr int asked_too_much = 4;

// The blocks of an engine under other names: those of the mode ids never change, those of the mode order change where a
// free block that holds nothing is given out.
class Names {
 public:
  Names(std::size_t num_blocks, bool change) : change_(change), name_of_(num_blocks) {
    for (std::size_t b = 0; b < num_blocks; ++b) name_of_[b] = static_cast<BlockId>(b == 0 ? 0 : num_blocks - b);
  }

  // Before blocks are given out: each free block that holds nothing takes the name of the next one.
  void shuffle(const StateDump<S>& state) {
    if (!change_) return;
    std::vector<BlockId> equals = state.free_queue;
    for (const auto& entry : state.hashes) std::erase(equals, entry.block);
    for (std::size_t i = 1; i < equals.size(); ++i) std::swap(name_of_[equals[i - 1]], name_of_[equals[i]]);
  }

  void outward(Observation<S>& observation) const {
    std::visit([&](auto& seen) { rename(seen); }, observation);
  }
  void inward(Command<S>& command) const {
    std::visit(
        [&](auto& c) {
          if constexpr (requires { c.block_ids; }) {
            for (BlockId& b : c.block_ids) {
              b = static_cast<BlockId>(std::ranges::find(name_of_, b) - name_of_.begin());
            }
          }
        },
        command);
  }

 private:
  void rename(BlockList<S>& blocks) const {
    for (BlockId& b : blocks) b = name_of_[b];
  }
  void rename(BlockTables<S>& tables) const {
    for (BlockList<S>& table : tables) rename(table);
  }
  void rename(GetComputedBlocks<S>::Observation& seen) const { rename(seen.blocks); }
  void rename(AllocateSlots<S>::Observation& seen) const {
    if (seen.result) rename(*seen.result);
  }
  void rename(TakeNewBlockIds<S>::Observation& seen) const { rename(seen.result); }
  void rename(GetBlockIds<S>::Observation& seen) const { rename(seen.result); }
  void rename(PoolGetNewBlocks<S>::Observation& seen) const { rename(seen.blocks); }
  void rename(PoolGetCachedBlock<S>::Observation& seen) const {
    if (seen.blocks) rename(*seen.blocks);
  }
  void rename(StateDump<S>& seen) const {
    rename(seen.free_queue);
    for (auto& entry : seen.ref_cnt) entry.block = name_of_[entry.block];
    for (auto& entry : seen.hashes) entry.block = name_of_[entry.block];
    for (auto& entry : seen.dups) rename(entry.blocks);
    for (GroupDump<S>& group : seen.managers) {
      for (auto& table : group.req_blocks) rename(table.value);
    }
  }
  template <class O>
  void rename(O&) const {}

  bool change_;
  std::vector<BlockId> name_of_;
};

class Liar {
 public:
  explicit Liar(std::string_view lie) : lie_(lie) {
    hello_.engine = "liar " + std::string(lie);
    hello_.version = "1";
    hello_.group_kinds = {GroupKind::full, GroupKind::mla, GroupKind::swa};
    const bool offers_little = lie == "few" || lie == "twice";
    hello_.operations = offers_little ? least_operations() : all_operations();
    hello_.hash_fn = {HashFunction::sha256_cbor, HashFunction::xxhash};
    hello_.events = !offers_little;
    hello_.errors = lie != "ids" && lie != "order" && !offers_little;
    if (offers_little) hello_.options.emplace();
  }

  void answer(const std::string& line) {
    const Decoded<EngineRequest> request = request_from_line(line);
    if (!request) return say(error_answer({"ENGINE-02", request.error().what}));
    std::visit([&](const auto& asked) { reply(asked); }, request.value());
  }

 private:
  static void say(const std::string& line) { std::cout << line << std::endl; }

  void reply(const HelloRequest&) const { say(hello_answer(hello_)); }
  void reply(const Config<S>& config) {
    const auto is_managed = [&](const GroupSpec& group) { return has(hello_.group_kinds, group.kind); };
    const bool is_supported = has(hello_.hash_fn, config.hash_fn) && (hello_.events || !config.events);
    if (!is_supported || !std::ranges::all_of(config.groups, is_managed)) std::_Exit(asked_too_much);
    if (lie_ == "fickle" && ++configurations_ > 3) return say(unsupported_answer("enough"));
    if (lie_ == "leave" && ++configurations_ > 1) std::_Exit(0);
    if (lie_ == "config") return say(error_answer({"error", "not this one"}));
    // Has a part of a defect: it depends on the size of the pool.
    const bool has_defect = lie_ == "part" && config.num_blocks % 2 == 1;
    auto made = has_defect ? host_engine({Clause::dev_05})(config) : host_engine()(config);
    if (!made) return say(error_answer({"error", "a configuration that breaks a rule"}));
    engine_ = std::move(made.value());
    has_window_ = std::ranges::any_of(config.groups, [](const auto& g) { return g.kind == GroupKind::swa; });
    strays_ = false;
    was_asked_wrongly_ = false;
    names_.reset();
    if (lie_ == "ids" || lie_ == "order") names_.emplace(static_cast<std::size_t>(config.num_blocks), lie_ == "order");
    say(config_answer());
  }
  void reply(const ResetRequest&) { say(reset_answer()); }
  void reply(Command<S> command) {
    const std::string op = std::visit([](const auto& c) { return std::string(c.op); }, command);
    if (!has(hello_.operations, op) || !hello_.understands(command)) std::_Exit(asked_too_much);
    if (std::holds_alternative<Free<S>>(command) && misbehaves()) return;
    if (lie_ == "claim" && std::holds_alternative<DumpState<S>>(command)) return say(unsupported_answer("no state"));
    if (lie_ == "raise" && std::holds_alternative<GetComputedBlocks<S>>(command)) {
      return say(error_answer({"IndexError", "list index out of range"}));
    }
    if (lie_ == "endless") return say(std::string(std::size_t{65} << 20, ' '));
    if (names_) names_->inward(command);
    const bool gives_out =
        std::holds_alternative<AllocateSlots<S>>(command) || std::holds_alternative<PoolGetNewBlocks<S>>(command);
    if (names_ && gives_out) names_->shuffle(engine_->view().state);
    const StateDump<S> before = lie_ == "policy" ? engine_->view().state : StateDump<S>{};
    Result<Observation<S>> result = engine_->step(command);
    if (lie_ == "policy" && choice_of(command, before, engine_->view().state) != Choice::none) strays_ = true;
    if (!result && !hello_.errors) std::_Exit(asked_too_much);
    if (!result) {
      was_asked_wrongly_ = true;
      return say(error_answer({"error", "a precondition is broken"}));
    }
    if (names_) names_->outward(result.value());
    std::visit([&](auto& seen) { twist(seen); }, result.value());
    const bool leaks = lie_ == "leak" || lie_ == "leave" || (lie_ == "grudge" && was_asked_wrongly_);
    if (leaks && std::holds_alternative<Free<S>>(command)) leak(*std::get_if<Free<S>::Observation>(&result.value()));
    say(observation_answer(result.value()));
  }

  // Lies about the process; whether the request has been answered, one way or another.
  bool misbehaves() const {
    if (lie_ == "crash") std::_Exit(3);
    if (lie_ == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
    if (lie_ == "late") std::this_thread::sleep_for(std::chrono::milliseconds(4500));
    if (lie_ == "half") {
      std::cout << R"({"out":{"num_fr)" << std::flush;
      std::_Exit(0);
    }
    if (lie_ == "json") say(R"({"out": num_free=3})");
    return lie_ == "json";
  }

  static void leak(Free<S>::Observation& seen) {
    if (seen.num_free > 0) --seen.num_free;
  }
  void twist(AllocateSlots<S>::Observation& seen) const {
    if (!seen.result) return;
    if (lie_ == "two") twice_wrong(seen);
    for (BlockList<S>& added : *seen.result) {
      if (lie_ == "swap" && added.size() > 1) std::swap(added[0], added[1]);
      if (lie_ == "twice") std::ranges::fill(added, added.empty() ? null_block : added[0]);
    }
    if (lie_ == "steal") steal(*seen.result);
  }
  // Two lies that look alike: what a window has skipped is not given back, and without a window too much is given.
  void twice_wrong(AllocateSlots<S>::Observation& seen) const {
    if (has_window_ && seen.num_free > 0) --seen.num_free;
    if (!has_window_ && !seen.result->empty()) seen.result->front().push_back(null_block);
  }
  // Gives out a block that was given out before.
  void steal(BlockTables<S>& given) const {
    const BlockTables<S> mine = given;
    const auto is_mine = [&](BlockId b) {
      return std::ranges::any_of(mine, [&](const BlockList<S>& blocks) { return has(blocks, b); });
    };
    for (const auto& entry : engine_->view().state.ref_cnt) {
      if (is_mine(entry.block)) continue;
      for (BlockList<S>& added : given) {
        if (!added.empty()) added[0] = entry.block;
      }
    }
  }
  void twist(GetComputedBlocks<S>::Observation& seen) const {
    if (lie_ != "miss" && !strays_) return;
    for (BlockList<S>& blocks : seen.blocks) blocks.clear();
    seen.num_computed_tokens = 0;
  }
  void twist(TakeEvents<S>::Observation& seen) const {
    std::erase_if(seen.events, [&](const Event<S>& event) {
      return (lie_ == "no_removal" && std::holds_alternative<BlockRemoved<S>>(event)) ||
             (lie_ == "no_clear" && std::holds_alternative<AllBlocksCleared<S>>(event));
    });
  }
  void twist(AppendTokens<S>::Observation& seen) const {
    if (lie_ == "hashless") seen.new_block_hashes.clear();
  }
  void twist(AddRequest<S>::Observation& seen) {
    if (lie_ == "hashless") seen.block_hashes.clear();
    if (seen.block_hashes.empty()) return;
    const bool is_first = !std::exchange(has_hashed_, true);
    if (lie_ == "hash" || (lie_ == "moody" && is_first)) seen.block_hashes.back().bytes[7] ^= 1;
  }
  template <class O>
  void twist(O&) const {}

  std::string_view lie_;
  EngineHello hello_{};
  bool has_hashed_ = false;
  int configurations_ = 0;  // that were asked for
  bool has_window_ = false;
  bool strays_ = false;             // has cached otherwise than the host from some command on
  bool was_asked_wrongly_ = false;  // has refused a command
  std::unique_ptr<oracle::Engine> engine_{};
  std::optional<Names> names_{};
};

}  // namespace
}  // namespace kvspec::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: liar LIE\n";
    return 2;
  }
  kvspec::fuzz::Liar liar(argv[1]);
  for (std::string line; std::getline(std::cin, line);) liar.answer(line);
}
