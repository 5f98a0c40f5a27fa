#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <thread>
#include <type_traits>
#include <utility>

#include "fuzz/farm/farm.hpp"
#include "fuzz/farm/systems.hpp"
#include "impl/cuda/atomics.hpp"
#include "impl/cuda/launch.hpp"

namespace kvspec::fuzz::farm {

namespace {

// Where the finds of a kind are kept: a slot per invariant, then one per other kind. A slot holds run and command as
// one number, so that the lowest is found by atomic minima in any order.
constexpr std::uint32_t num_invariants =
    static_cast<std::uint32_t>(Clause::i30) - static_cast<std::uint32_t>(Clause::i1) + 1;
constexpr std::uint32_t num_slots = num_invariants + static_cast<std::uint32_t>(Disagreement::view) + 1;
constexpr std::uint32_t num_tallies = num_met + num_slots;
constexpr std::uint32_t command_bits = 16;
constexpr std::uint64_t nothing = ~std::uint64_t{0};

KVSPEC_EXEC constexpr std::uint32_t slot_of(const Difference& difference) {
  if (difference.kind != Disagreement::invariant) return num_invariants + static_cast<std::uint32_t>(difference.kind);
  return static_cast<std::uint32_t>(difference.clause) - static_cast<std::uint32_t>(Clause::i1);
}

// One run from its first beat to its last, and into the tallies with what came of it.
template <class SomeLane>
KVSPEC_EXEC void tend(const Rules& rules, const FarmStart& start, std::uint64_t run, std::uint64_t* tallies) {
  SomeLane lane(rules, start, run);
  lane.run();
  for (std::uint32_t what = 0; what < num_met; ++what) {
    const std::uint32_t count = lane.coverage().counts[what];
    if (count != 0) cuda::fetch_and_add(tallies + what, std::uint64_t{count});
  }
  if (!lane.difference()) return;
  cuda::fetch_and_min(tallies + num_met + slot_of(*lane.difference()),
                      run << command_bits | lane.difference()->command);
}

struct TendOnDevice {
  Rules rules;
  const FarmStart* starts;
  std::uint64_t first;
  std::uint64_t* tallies;

  KVSPEC_EXEC void operator()(std::uint64_t i) const {
    tend<FarmLane>(rules, starts[setting_of(first + i)], first + i, tallies);
  }
};

Harvest harvest_of(std::uint64_t asked, const std::uint64_t* tallies) {
  Harvest harvest{.asked = asked};
  std::copy(tallies, tallies + num_met, harvest.totals.counts);
  for (std::uint32_t slot = 0; slot < num_slots; ++slot) {
    const std::uint64_t found = tallies[num_met + slot];
    if (found == nothing) continue;
    Find find{.run = found >> command_bits, .command = static_cast<std::uint32_t>(found & ((1U << command_bits) - 1))};
    if (slot < num_invariants) {
      find.kind = Disagreement::invariant;
      find.invariant = static_cast<Clause>(static_cast<std::uint32_t>(Clause::i1) + slot);
    } else {
      find.kind = static_cast<Disagreement>(slot - num_invariants);
    }
    harvest.finds.push_back(find);
  }
  return harvest;
}

using Tallies = std::array<std::uint64_t, num_tallies>;

constexpr Tallies empty_tallies() {
  Tallies tallies{};
  for (std::uint32_t slot = num_met; slot < num_tallies; ++slot) tallies[slot] = nothing;
  return tallies;
}

// On the host each thread keeps tallies of its own and makes its systems itself.
Tallies tend_on_host(const Rules& rules, const std::vector<Setting<Storage>>& settings, std::uint64_t first,
                     std::uint64_t count, std::uint32_t threads) {
  std::vector<Tallies> parts(threads, empty_tallies());
  std::vector<std::thread> workers;
  for (std::uint32_t t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (std::uint64_t run = first + t; run < first + count; run += threads) {
        const std::optional<FarmStart> start = make_start(settings[setting_of(run)]);
        if (start) {
          tend<ThoroughLane>(rules, *start, run, parts[t].data());
        } else {
          parts[t][static_cast<std::size_t>(Met::runs)] += 1;
          cuda::fetch_and_min(parts[t].data() + num_met + slot_of(Difference{}), run << command_bits);
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  Tallies sum = empty_tallies();
  for (const Tallies& part : parts) {
    for (std::uint32_t i = 0; i < num_met; ++i) sum[i] += part[i];
    for (std::uint32_t i = num_met; i < num_tallies; ++i) sum[i] = std::min(sum[i], part[i]);
  }
  return sum;
}

constexpr std::uint32_t threads_per_block = 32;  // a warp, whose place is free when it ends
// Several times what a device works on at once, and no more: a find waits for the end of its batch.
constexpr std::uint64_t runs_of_device_batch = std::uint64_t{1} << 18;
constexpr std::uint64_t runs_of_batch_per_host_thread = 256;

}  // namespace

bool Farm::built_for_device() {
#if defined(__CUDACC__)
  return true;
#else
  return false;
#endif
}

Result<Done> Farm::open(cuda::Place place, std::uint64_t seed, Semantics semantics, std::uint32_t threads) {
  if (place == cuda::Place::device && !built_for_device()) return Error{Clause::device_01};
  for (Batch& batch : batches_) {
    Result<cuda::Stream> stream = cuda::Stream::open(place);
    if (!stream) return stream.error();
    batch.stream = std::move(stream.value());
  }
  threads_ = threads;
  for (std::uint32_t i = 0; i < num_settings; ++i) settings_.push_back(draw_setting<Storage>(seed, i, semantics));
  cuda::Stream& stream = batches_[0].stream;
  if (!stream.on_device()) return Done{};
  std::vector<FarmStart> starts;
  for (const Setting<Storage>& setting : settings_) {
    const std::optional<FarmStart> start = make_start(setting);
    if (!start) return Error{Clause::scope_01};
    starts.push_back(*start);
  }
  static_assert(std::is_trivially_copyable_v<FarmStart>);
  const auto bytes = std::as_bytes(std::span(starts));
  starts_.assign(stream, bytes);
  const Result<Done> copied = stream.finish();
  if (!copied) return copied;
  for (Batch& batch : batches_) {
    batch.tallies.reserve(batch.stream, num_tallies);
    const Result<Done> reserved = batch.stream.finish();
    if (!reserved) return reserved;
  }
  // A run without beats: the first launch loads the kernel and gets the memory of its threads.
  const Result<Harvest> loaded = perform({}, 0, 1);
  if (!loaded) return loaded.error();
  return Done{};
}

void Farm::begin(const Rules& rules, std::uint64_t first, std::uint64_t count) {
  Batch& batch = batches_[begun_++ % most_batches_under_way];
  batch.rules = rules;
  batch.first = first;
  batch.count = count;
  if (!batch.stream.on_device()) return;
  const Tallies empty = empty_tallies();
  batch.stream.copy_in(batch.tallies.data(), empty.data(), sizeof empty);
  const TendOnDevice body{.rules = rules,
                          .starts = reinterpret_cast<const FarmStart*>(starts_.data()),
                          .first = first,
                          .tallies = batch.tallies.data()};
  cuda::launch<threads_per_block>(batch.stream, count, body);
}

Result<Harvest> Farm::finish() {
  Batch& batch = batches_[finished_++ % most_batches_under_way];
  if (!batch.stream.on_device()) {
    return harvest_of(batch.count, tend_on_host(batch.rules, settings_, batch.first, batch.count, threads_).data());
  }
  const std::vector<std::uint64_t> tallies = batch.tallies.read(batch.stream, num_tallies);
  const Result<Done> done = batch.stream.finish();
  if (!done) return done.error();
  return harvest_of(batch.count, tallies.data());
}

Result<Harvest> Farm::perform(const Rules& rules, std::uint64_t first, std::uint64_t count) {
  begin(rules, first, count);
  return finish();
}

Farm::Bytes Farm::bytes_of_run() { return {sizeof(Model<Storage>), sizeof(Small<Storage>), sizeof(FarmLane)}; }

std::uint64_t Farm::batch() const {
  return batches_[0].stream.on_device() ? runs_of_device_batch : runs_of_batch_per_host_thread * threads_;
}

}  // namespace kvspec::fuzz::farm
