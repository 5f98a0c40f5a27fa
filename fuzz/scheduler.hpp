// A plausible scheduler as a generator of commands: it admits requests, splits prefills, decodes, verifies drafts,
// waits for loads, preempts when it is refused, and reads what a server reads. It knows nothing of a system but the
// observations it is given, so the same scheduler drives any system.
//
// It respects what a manager may expect of its caller: hits are passed at once after the look-up that found them, a
// step keeps to its token budget, prefills of aligned states end at scheduler blocks, encoder tokens come with cross
// attention. What breaks these rules on purpose is in fuzz/mistakes.cpp and fuzz/pool_caller.hpp, and a feature.
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
#include "fuzz/served.hpp"
#include "fuzz/traffic.hpp"
#include "spec/commands.hpp"
#include "spec/result.hpp"
#include "spec/storage.hpp"
#include "spec/system.hpp"

namespace kvspec::fuzz {

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
  // The same where command and answer are of any kind. Precondition: the answer is that of the command.
  void observe(const Command<Growing>& command, const Result<Observation<Growing>>& result);

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
    bool delays = false;     // caching was delayed and has not been made up for
    Count num_prompt_tokens = 0;
    Count num_tokens = 0;
    Count goal = 0;  // finished when it has this many tokens
    Count computed = 0;
    Count hit = 0;           // of the last look-up, 0 if it is not to be taken
    Count external = 0;      // of the allocation under way
    Count drafts = 0;        // of the allocation under way
    Count last_drafts = 0;   // of the decoding step before
    Count encoder = 0;       // tokens of the encoder
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

  // Planning: what the next step consists of. (fuzz/planning.cpp)
  void plan_step();
  void plan_disturbances();
  void plan_readers();
  void plan_preempt_all();
  void soon(Do what, std::uint32_t slot = 0) { agenda_.push_back({what, slot}); }

  // Acting: writes the command of an action; false if there is nothing to do any more.
  bool perform(Action action);
  bool perform_on(Do what, std::uint32_t slot);
  void evict();
  void remove_skipped(const Request& request);

  // Prefill: from its arrival to the first token a request yields. (fuzz/prefill.cpp)
  bool arrive();
  bool look_up(const Request& request);
  bool admit(Request& request);
  Count tokens_to_load(const Request& request, bool at_once);
  bool finish_load(Request& request);
  Count chunk(const Request& request, Count computed, Count wanted);
  Count end_at_block(const Request& request, Count computed, Count wanted) const;

  // Decode: a running request's share of a step, and what comes out of it. (fuzz/decode.cpp)
  bool schedule(Request& request);
  bool output(std::uint32_t slot);
  Count accept(Request& request);

  // Mistakes: commands that break a precondition. (fuzz/mistakes.cpp)
  void make_mistake();
  void mistake_in_request();
  void mistake_in_allocation();
  void mistake_in_pool();
  const RequestId<Growing>& some_request();

  // Observing. (fuzz/observing.cpp)
  template <class C>
  void saw(const C&, const Result<typename C::Observation>&) {}
  void saw(const AddRequest<Growing>& command, const Result<AddRequest<Growing>::Observation>& result);
  void saw(const GetComputedBlocks<Growing>& command, const Result<GetComputedBlocks<Growing>::Observation>& result);
  void saw(const AllocateSlots<Growing>& command, const Result<AllocateSlots<Growing>::Observation>& result);
  void saw(const GetBlockIds<Growing>& command, const Result<GetBlockIds<Growing>::Observation>& result);
  void saw(const TakeEvents<Growing>& command, const Result<TakeEvents<Growing>::Observation>& result);
  void saw(const ResetPrefixCache<Growing>& command, const Result<ResetPrefixCache<Growing>::Observation>& result);
  void saw(const PoolGetNewBlocks<Growing>& command, const Result<PoolGetNewBlocks<Growing>::Observation>& result) {
    pool_.took(command, result);
  }
  void saw(const PoolTouch<Growing>& command, const Result<Done>& result) { pool_.took(command, result); }
  void saw(const PoolCacheFullBlocks<Growing>& command, const Result<Done>& result) { pool_.cached(command, result); }
  void saw(const PoolFreeBlocks<Growing>& command, const Result<Free<Growing>::Observation>& result) {
    pool_.gave(command, result);
  }
  void failed(Error error);
  void granted(Request& request, const AllocateSlots<Growing>& command);
  void refused(Request& request);
  void drop_by_id(const RequestId<Growing>& id);
  void count_hit(const BlockTables<Growing>& hit);
  void forget_blocks(Request& request);

  Features features_;
  Served served_;

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
  Count budget_ = 0;      // tokens left in this step
  Count threshold_ = 0;   // most tokens of one prefill in a step
  bool blocked_ = false;  // a waiting request has been refused in this step
  Traffic traffic_;
};

}  // namespace kvspec::fuzz
