// A plausible scheduler as a generator of commands: it admits requests, splits prefills, decodes, verifies drafts,
// waits for loads, preempts when it is refused, and reads what a server reads. It knows nothing of a system but the
// observations it is given, so the same scheduler drives any system.
//
// Use: next() is the next command; observe() tells what it returned, before next() is called again. The commands
// follow from the scenario and the observations alone.
//
// It does not aim at the longest sequences or the largest pools, and it has one caller: commands never overlap in time.
#pragma once

#include <cstdint>
#include <vector>

#include "fuzz/command_buffer.hpp"
#include "fuzz/features.hpp"
#include "fuzz/pool_caller.hpp"
#include "fuzz/prompts.hpp"
#include "fuzz/random.hpp"
#include "fuzz/scenario.hpp"
#include "spec/commands.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {

// What a run has met. A check that meets nothing shows nothing, so runs report this.
struct Traffic {
  std::uint64_t operations = 0;
  std::uint64_t requests = 0;
  std::uint64_t look_ups = 0;
  std::uint64_t hits = 0;         // look-ups that found at least a block
  std::uint64_t allocations = 0;  // granted
  std::uint64_t refusals = 0;     // allocations answered with null
  std::uint64_t preemptions = 0;
  std::uint64_t loads = 0;             // allocations with external tokens, granted
  std::uint64_t drafts = 0;            // draft tokens rejected
  std::uint64_t evictions = 0;         // BlockRemoved events seen
  std::uint64_t resets = 0;            // successful ones
  std::uint64_t errors = 0;            // commands that broke a precondition
  std::uint64_t unplanned_errors = 0;  // those among them that the scheduler did not mean to make

  void add(const Traffic& other);
};

class Scheduler {
 public:
  explicit Scheduler(const Scenario& scenario);

  const Command<Growing>& next();

  template <class C>
  void observe(const C& command, const Result<typename C::Observation>& result) {
    ++traffic_.operations;
    if (!result) return failed(result.error());
    saw(command, result);
  }

  const Traffic& traffic() const { return traffic_; }

 private:
  enum class State : std::uint8_t { gone, waiting, loading, running };
  enum class Do : std::uint8_t {
    begin_step,
    arrive,
    schedule,
    look_up,
    admit,
    finish_load,
    output,
    cache_output,
    drop,
    preempt,
    repeat,
    common_prefix,
    block_ids,
    new_block_ids,
    events,
    statistics,
    dump,
    skipped,
    evict,
    pool,
    release_pool,
    reset,
    mistake,
  };
  struct Request {
    RequestId<Growing> id{};
    PromptShape shape{};
    State state = State::gone;
    bool scheduled = false;  // in this step
    bool takes_hit = false;  // what the last look-up found may be passed on
    Count num_tokens = 0;
    Count goal = 0;  // finished when it has this many tokens
    Count computed = 0;
    Count hit = 0;           // of the last look-up, 0 if it is not to be taken
    Count external = 0;      // of the allocation under way
    Count drafts = 0;        // of the allocation under way
    Count placeholders = 0;  // scheduled tokens whose value is not known yet
    Count preemptions = 0;
    Count refusals = 0;  // in a row
  };
  struct Action {
    Do what = Do::begin_step;
    std::uint32_t slot = 0;  // of the request it is about
  };

  bool has(Feature feature) const { return features_.has(feature); }
  // Does something `times` in `out_of` if the feature is on.
  bool draw(Feature feature, std::uint32_t times, std::uint32_t out_of) {
    return has(feature) && random_.chance(times, out_of);
  }

  // Planning: what the next step consists of.
  void plan_step();
  void plan_disturbances();
  void plan_readers();
  void plan_preempt_all();
  void soon(Do what, std::uint32_t slot = 0) { agenda_.push_back({what, slot}); }

  // Acting: writes the command of an action; false if there is nothing to do any more.
  bool perform(Action action);
  bool perform_on(Do what, std::uint32_t slot);
  bool arrive();
  bool schedule(Request& request);
  bool admit(Request& request);
  bool finish_load(Request& request);
  bool output(std::uint32_t slot);
  void evict();

  // Mistakes: commands that break a precondition. (fuzz/mistakes.cpp)
  void make_mistake();
  void mistake_in_request();
  void mistake_in_allocation();
  void mistake_in_pool();
  const RequestId<Growing>& some_request();

  // Observing.
  template <class C>
  void saw(const C&, const Result<typename C::Observation>&) {}
  void saw(const AddRequest<Growing>& command, const Result<AddRequest<Growing>::Observation>& result);
  void saw(const GetComputedBlocks<Growing>& command, const Result<GetComputedBlocks<Growing>::Observation>& result);
  void saw(const AllocateSlots<Growing>& command, const Result<AllocateSlots<Growing>::Observation>& result);
  void saw(const TakeEvents<Growing>& command, const Result<TakeEvents<Growing>::Observation>& result);
  void saw(const ResetPrefixCache<Growing>& command, const Result<ResetPrefixCache<Growing>::Observation>& result);
  void saw(const PoolGetNewBlocks<Growing>& command, const Result<PoolGetNewBlocks<Growing>::Observation>& result) {
    pool_.took(command, result);
  }
  void saw(const PoolTouch<Growing>& command, const Result<Done>& result) { pool_.took(command, result); }
  void saw(const PoolFreeBlocks<Growing>& command, const Result<Free<Growing>::Observation>& result) {
    pool_.gave(command, result);
  }
  void failed(Error error);
  void granted(Request& request, const AllocateSlots<Growing>& command);
  void refused(Request& request);
  void forget_blocks(Request& request);

  Features features_;
  Count num_blocks_;
  Count block_size_;
  Count max_model_len_;
  Count step_budget_;

  Random random_;
  Prompts prompts_;
  PoolCaller pool_;
  CommandBuffer buffer_;
  std::vector<Request> requests_;  // by slot
  std::vector<Action> agenda_;     // of this step; the next action is at the back
  std::vector<Action> plan_;       // scratch, first action first
  Action doing_{};
  PromptShape last_shape_{};
  std::uint32_t next_id_ = 0;
  Count budget_ = 0;  // tokens left in this step
  Traffic traffic_;
};

}  // namespace kvspec::fuzz
