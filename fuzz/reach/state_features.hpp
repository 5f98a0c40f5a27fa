// What the model's states looked like during a run, as counters: a coverage-guided fuzzer that is shown them keeps the
// inputs that bring the model into a new kind of state although they execute no new code.
//
// A counter stands for a combination of: the command and how it ended, how long the free queue is, how many blocks the
// fullest key holds and how many requests have tables; or, at a look-up, for the kind of a group, how much of the
// request it hits and how much of that is null; or for the clause of an error. Combinations that share a counter are
// not told apart.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include "model/manager.hpp"
#include "spec/commands.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

// How a command ended.
enum class Ending : std::uint8_t { done, refused, error };

class StateFeatures {
 public:
  using Model = model::HostModel;
  static constexpr std::size_t num_counters = 4096;

  // `counters` outlive the observer; they are counted up and never down.
  explicit StateFeatures(std::span<std::uint8_t, num_counters> counters) : counters_(counters) {}

  template <class C>
  void saw(const Model& model, const C&, const Result<typename C::Observation>& result) {
    Ending ending = Ending::done;
    if (!result) {
      ending = Ending::error;
      see_error(result.error());
    } else if constexpr (std::is_same_v<C, AllocateSlots<Growing>>) {
      if (!result.value().result) ending = Ending::refused;
    } else if constexpr (std::is_same_v<C, GetComputedBlocks<Growing>>) {
      see_hit(model, result.value());
    }
    see_state(model, index_of<C>(), ending);
  }

 private:
  template <class C>
  static constexpr std::size_t index_of() {
    return []<class... A>(const std::variant<A...>*) {
      std::size_t index = 0;
      (void)((std::is_same_v<A, C> || (++index, false)) || ...);
      return index;
    }(static_cast<const Command<Growing>*>(nullptr));
  }

  void see_error(const Error& error);
  void see_hit(const Model& model, const GetComputedBlocks<Growing>::Observation& hit);
  void see_state(const Model& model, std::size_t command, Ending ending);
  void count(std::uint64_t feature);

  std::span<std::uint8_t, num_counters> counters_;
};

}  // namespace kvspec::fuzz
