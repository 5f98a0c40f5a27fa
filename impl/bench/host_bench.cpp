// What one group of the host implementation costs, command by command. Blocks of 16 tokens; 256 blocks where a number
// of blocks is not said. Each benchmark times the commands it is named for and nothing else: prompts are made, added
// and hashed outside of the measured time.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "impl/bench/workload.hpp"
#include "impl/host/hashing.hpp"

namespace kvspec::bench {
namespace {

using benchmark::State;

std::string name_of(std::size_t number) { return "request-" + std::to_string(number); }

void per_block(State& state, double blocks) {
  state.counters["per_block"] =
      benchmark::Counter(blocks, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// A pool in which `prompts` prompts of 256 blocks are cached and free, their requests still known.
host::Manager cached_prompts(std::int64_t num_blocks, std::size_t prompts, bool events = false) {
  host::Manager manager = make_manager(num_blocks, events);
  for (std::size_t i = 0; i < prompts; ++i) {
    add(manager, name_of(i), unique_prompt(i, prompt_tokens));
    static_cast<void>(manager.step(prefill(name_of(i), prompt_tokens)));
    static_cast<void>(manager.step(release(name_of(i), false)));
  }
  static_cast<void>(manager.step(TakeEvents<Growing>{}));
  static_cast<void>(manager.step(TakeNewBlockIds<Growing>{}));
  return manager;
}

// 255 hits: the last block of a prompt of 256 full blocks is never looked up.
void look_up_hot(State& state) {
  host::Manager manager = cached_prompts(10000, 1);
  const GetComputedBlocks<Growing> command = look_up(name_of(0));
  for (auto _ : state) benchmark::DoNotOptimize(manager.step(command));
  per_block(state, 255);
}
BENCHMARK(look_up_hot);

// The same over all prompts that fill the pool, one after the other.
void look_up_cycling(State& state) {
  const std::size_t prompts = static_cast<std::size_t>(state.range(0)) / prompt_blocks;
  host::Manager manager = cached_prompts(state.range(0) + 1, prompts);
  std::vector<GetComputedBlocks<Growing>> commands;
  for (std::size_t i = 0; i < prompts; ++i) commands.push_back(look_up(name_of(i)));
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(manager.step(commands[next]));
    next = next + 1 == prompts ? 0 : next + 1;
  }
  per_block(state, 255);
}
BENCHMARK(look_up_cycling)->Arg(100000);

void look_up_miss(State& state) {
  host::Manager manager = cached_prompts(100001, 390);
  add(manager, "cold", unique_prompt(1000000, prompt_tokens));
  const GetComputedBlocks<Growing> command = look_up("cold");
  for (auto _ : state) benchmark::DoNotOptimize(manager.step(command));
}
BENCHMARK(look_up_miss);

// Allocates and caches a prompt in blocks that cache nothing. The pool is emptied whenever it is used up.
void allocate_clean(State& state, bool events) {
  host::Manager manager = make_manager(state.range(0) + 1, events);
  std::vector<AllocateSlots<Growing>> commands;
  const std::size_t prompts = std::min<std::size_t>(static_cast<std::size_t>(state.range(0)) / prompt_blocks, 390);
  for (std::size_t i = 0; i < prompts; ++i) {
    add(manager, name_of(i), unique_prompt(i, prompt_tokens));
    commands.push_back(prefill(name_of(i), prompt_tokens));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    if (next == prompts) {
      for (std::size_t i = 0; i < prompts; ++i) static_cast<void>(manager.step(release(name_of(i), false)));
      static_cast<void>(manager.step(ResetPrefixCache<Growing>{}));
      static_cast<void>(manager.step(TakeNewBlockIds<Growing>{}));
      next = 0;
    }
    const Stopwatch watch;
    benchmark::DoNotOptimize(manager.step(commands[next++]));
    state.SetIterationTime(watch.seconds());
    static_cast<void>(manager.step(TakeEvents<Growing>{}));
  }
  per_block(state, prompt_blocks);
}
BENCHMARK_CAPTURE(allocate_clean, no_events, false)->Arg(10000)->Arg(100000)->UseManualTime();
BENCHMARK_CAPTURE(allocate_clean, events, true)->Arg(10000)->UseManualTime();

// The same in a pool of nothing but cached blocks: each block taken is evicted first.
void allocate_evicting(State& state, bool events) {
  const std::size_t prompts = static_cast<std::size_t>(state.range(0)) / prompt_blocks + 2;
  host::Manager manager = cached_prompts(state.range(0) + 1, prompts, events);
  std::vector<AllocateSlots<Growing>> commands;
  for (std::size_t i = 0; i < prompts; ++i) commands.push_back(prefill(name_of(i), prompt_tokens));
  std::size_t next = 0;
  for (auto _ : state) {
    const Stopwatch watch;
    benchmark::DoNotOptimize(manager.step(commands[next]));
    state.SetIterationTime(watch.seconds());
    static_cast<void>(manager.step(release(name_of(next), false)));
    static_cast<void>(manager.step(TakeEvents<Growing>{}));
    static_cast<void>(manager.step(TakeNewBlockIds<Growing>{}));
    next = next + 1 == prompts ? 0 : next + 1;
  }
  per_block(state, prompt_blocks);
}
BENCHMARK_CAPTURE(allocate_evicting, no_events, false)->Arg(10000)->Arg(100000)->UseManualTime();
BENCHMARK_CAPTURE(allocate_evicting, events, true)->Arg(10000)->Arg(100000)->UseManualTime();

void free_request(State& state) {
  host::Manager manager = cached_prompts(state.range(0) + 1, 1);
  const AllocateSlots<Growing> allocate = [] {
    AllocateSlots<Growing> command = prefill(name_of(0), 1);
    command.new_computed_blocks = PassedHit::computed;
    command.num_new_computed_tokens = prompt_tokens - static_cast<Count>(block_size);
    return command;
  }();
  const GetComputedBlocks<Growing> find = look_up(name_of(0));
  const Free<Growing> command = release(name_of(0), false);
  for (auto _ : state) {
    static_cast<void>(manager.step(find));
    static_cast<void>(manager.step(allocate));
    const Stopwatch watch;
    benchmark::DoNotOptimize(manager.step(command));
    state.SetIterationTime(watch.seconds());
    static_cast<void>(manager.step(TakeNewBlockIds<Growing>{}));
  }
  per_block(state, prompt_blocks);
}
BENCHMARK(free_request)->Arg(10000)->UseManualTime();

// A running request of 4096 tokens gets a slot for one token more, of which every 16th needs a block. by_handle: as an
// engine would ask that keeps the request's handle.
void decode_step(State& state, bool by_handle) {
  host::Manager manager = make_manager(10000);
  constexpr std::size_t steps = 65536;
  AllocateSlots<Growing> allocate = prefill("decode", 1);
  std::size_t step = steps;
  host::RequestHandle handle = 0;
  for (auto _ : state) {
    if (step == steps) {
      state.PauseTiming();
      static_cast<void>(manager.step(release("decode", true)));
      static_cast<void>(manager.step(TakeNewBlockIds<Growing>{}));
      add(manager, "decode", unique_prompt(1, prompt_tokens));
      static_cast<void>(manager.step(prefill("decode", prompt_tokens)));
      allocate.req_num_computed_tokens = static_cast<Count>(prompt_tokens);
      handle = *manager.find_request("decode");
      step = 0;
      state.ResumeTiming();
    }
    if (by_handle) {
      benchmark::DoNotOptimize(manager.allocate(handle, allocate));
    } else {
      benchmark::DoNotOptimize(manager.step(allocate));
    }
    ++allocate.req_num_computed_tokens;
    ++step;
  }
}
BENCHMARK_CAPTURE(decode_step, by_id, false);
BENCHMARK_CAPTURE(decode_step, by_handle, true);

void hash_prompt(State& state, HashFunction function) {
  Config<Growing> config{};
  config.hash_fn = function;
  host::BlockHasher hasher(config);
  const TokenList<Growing> prompt = unique_prompt(1, prompt_tokens);
  const host::KeySources no_keys{};
  std::vector<host::Hash256> digests(prompt_blocks);
  for (auto _ : state) {
    hasher.hash({.tokens = prompt, .block_size = block_size}, no_keys, digests.data());
    benchmark::DoNotOptimize(digests.data());
  }
  per_block(state, prompt_blocks);
}
BENCHMARK_CAPTURE(hash_prompt, sha256_cbor, HashFunction::sha256_cbor);
BENCHMARK_CAPTURE(hash_prompt, sha256_pickle, HashFunction::sha256);

// The compressions alone, on messages of the length that a block of 16 random tokens has in CBOR.
void hash_raw(State& state) {
  host::Sha256Message message;
  const std::vector<std::uint8_t> bytes(101, 1);
  for (auto _ : state) {
    for (std::size_t i = 0; i < prompt_blocks; ++i) {
      message.reserve(bytes.size());
      message.append(bytes.data(), bytes.size());
      message.pad();
      benchmark::DoNotOptimize(message.digest());
    }
  }
}
BENCHMARK(hash_raw);

void construct(State& state) {
  for (auto _ : state) {
    const Stopwatch watch;
    const host::Manager manager = make_manager(state.range(0));
    benchmark::DoNotOptimize(&manager);
    state.SetIterationTime(watch.seconds());
  }
}
BENCHMARK(construct)->Arg(100000)->Arg(1000000)->UseManualTime();

// A server at its limit: every prompt is looked up, allocated in full and cached; eight run at a time. The figure is
// the time of look-up, allocation and freeing for each block that was newly allocated, nearly all of which evict.
void churn(State& state) {
  constexpr std::size_t running = 8;
  constexpr std::size_t prompts = 512;
  host::Manager manager = make_manager(state.range(0));
  std::vector<TokenList<Growing>> pool;
  std::uint64_t number = 0;
  double seconds = 0;
  double blocks = 0;
  double hits = 0;
  for (auto _ : state) {
    pool.clear();
    for (std::size_t i = 0; i < prompts; ++i) pool.push_back(churn_prompt(number + i));
    for (TokenList<Growing>& tokens : pool) {
      const std::string req = name_of(number);
      const std::string oldest = number >= running ? name_of(number - running) : std::string();
      const Count num_tokens = static_cast<Count>(tokens.size());
      add(manager, req, std::move(tokens));
      const Stopwatch watch;
      if (!oldest.empty()) benchmark::DoNotOptimize(manager.step(release(oldest, true)));
      const auto hit = manager.step(look_up(req));
      AllocateSlots<Growing> allocate = prefill(req, num_tokens - hit.value().num_computed_tokens);
      allocate.new_computed_blocks = PassedHit::computed;
      allocate.num_new_computed_tokens = hit.value().num_computed_tokens;
      const auto answer = manager.step(allocate);
      seconds += watch.seconds();
      blocks += static_cast<double>(answer.value().result->at(0).size());
      hits += hit.value().num_computed_tokens / static_cast<double>(block_size);
      static_cast<void>(manager.step(TakeNewBlockIds<Growing>{}));
      ++number;
    }
  }
  state.counters["ns_per_allocated_block"] = seconds * 1e9 / blocks;
  state.counters["allocated_blocks"] = blocks;
  state.counters["hit_rate"] = hits / (hits + blocks);
}
BENCHMARK(churn)->Arg(100000)->Iterations(14)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace kvspec::bench
