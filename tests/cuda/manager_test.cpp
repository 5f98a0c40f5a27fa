// The CUDA-backed implementation as one manager: it replays the recorded traces, stays in lockstep with the model, and
// defects of the recorded system show in its pages.
#include <gtest/gtest.h>

#include <algorithm>
#include <variant>

#include "fuzz/cuda/checked_pages.hpp"
#include "fuzz/cuda/cuda_manager.hpp"
#include "fuzz/host_engine.hpp"
#include "fuzz/model_host.hpp"
#include "fuzz/report.hpp"
#include "fuzz/scenario.hpp"
#include "model/oracle/model_engine.hpp"
#include "model/oracle/replay.hpp"
#include "tests/cuda/places.hpp"
#include "tests/golden/command_line.hpp"
#include "tests/properties/watched.hpp"

namespace kvspec::cuda {
namespace {

using fuzz::CudaManager;
using fuzz::Implementation;
using watched::add;
using watched::admit;
using watched::allocate;
using watched::append;
using watched::config_of;
using watched::free;
using watched::full;
using watched::look_up;
using watched::mamba;
using watched::tokens;
using watched::window;

class Manager : public InPlace {
 protected:
  Implementation on() const {
    return GetParam() == Place::device ? Implementation::cuda : Implementation::cuda_on_host;
  }
  oracle::NamedEngine engine() const { return {std::string(fuzz::to_text(on())), fuzz::cuda_engine(GetParam())}; }

  // The faults of all commands; every one of them succeeds.
  std::vector<PageFault> faults_of(const Config<Growing>& config, const fuzz::Commands& commands) {
    CudaManager manager = std::move(CudaManager::create(config, GetParam()).value());
    std::vector<PageFault> faults;
    for (const Command<Growing>& command : commands) {
      const auto result = step<CudaManager, Growing>(manager, command);
      EXPECT_TRUE(result) << describe(result.error().clause).id;
      const std::vector<PageFault>& found = manager.page_faults();
      faults.insert(faults.end(), found.begin(), found.end());
    }
    return faults;
  }
};
KVSPEC_IN_PLACES(Manager);

TEST_P(Manager, ReplaysTheRecordedTraces) {
  const oracle::NamedEngine model{"model", oracle::model_engine()};
  std::uint64_t operations = 0;
  for (const std::string& file : golden::golden_traces()) {
    const oracle::Replayed replayed = oracle::replay_file(file, engine(), model);
    EXPECT_FALSE(replayed.problem) << file;
    EXPECT_FALSE(replayed.difference) << to_text(*replayed.difference);
    operations += replayed.operations;
  }
  EXPECT_EQ(operations, 16059U);
}

TEST_P(Manager, StaysInLockstepOnEveryPreset) {
  std::uint64_t hits = 0;
  const fuzz::PartsUse before = fuzz::use_of_parts();
  for (const fuzz::Preset& preset : fuzz::presets()) {
    for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
      const fuzz::Scenario scenario = fuzz::make_scenario(preset, 7, semantics);
      fuzz::ClauseSet tolerated;  // what the deviations break is another matter
      for (const ClauseEntry& clause : clause_registry) {
        if (clause.kind == ClauseKind::invariant && semantics == Semantics::recorded) tolerated.add(clause.clause);
      }
      fuzz::Commands commands;
      const fuzz::Outcome outcome = fuzz::run_model_and_host(
          scenario, 250, {.view_period = 4, .tolerated = tolerated, .recording = &commands}, {}, on());
      hits += outcome.traffic.hits;
      EXPECT_FALSE(outcome.counterexample)
          << preset.name << "\n"
          << fuzz::report({.config = scenario.config, .commands = commands, .counterexample = *outcome.counterexample},
                          {.right = fuzz::to_text(on())});
    }
  }
  EXPECT_GT(hits, 100U);
  const fuzz::PartsUse after = fuzz::use_of_parts();
  EXPECT_GT(after.digests, before.digests + 1000);
  EXPECT_GT(after.look_ups, before.look_ups + 1000);
  EXPECT_GT(after.readings, before.readings + 1000);
  EXPECT_EQ(after.left_out, before.left_out);
}

// ---- The parts are asked, and what they say is what is answered -----------------------------------------------------

// The coordinator is told behind the manager's back, so that the device's index knows nothing of r0.
TEST_P(Manager, AHitIsWhatTheDevicesIndexFinds) {
  CudaManager manager = std::move(CudaManager::create(config_of({full()}), GetParam()).value());
  host::Manager& coordinator = manager;
  ASSERT_TRUE(coordinator.step(add("r0", tokens(1, 4))));
  ASSERT_TRUE(coordinator.step(allocate("r0", 0, 4)));
  (void)manager.take_index_changes();
  ASSERT_TRUE(manager.step(add("r1", tokens(1, 5))));
  EXPECT_EQ(manager.step(look_up("r1")).value().num_computed_tokens, 0);
  EXPECT_EQ(coordinator.step(look_up("r1")).value().num_computed_tokens, 4);
  EXPECT_TRUE(manager.view().state.hashes.empty());
  EXPECT_EQ(manager.view().state.cached_map_size, 0U);
  EXPECT_EQ(manager.step(DumpState<Growing>{}).value(), manager.view().state);
  EXPECT_EQ(coordinator.view().state.hashes.size(), 4U);
  const fuzz::PartsUse use = manager.use();
  EXPECT_EQ(use.digests, 5U);  // of r1
  EXPECT_EQ(use.look_ups, 1U);
  EXPECT_EQ(use.left_out, 0U);
}

// Appended tokens that fill several blocks at once, the first one among them. Covers: HASH-08, DEV-04
TEST_P(Manager, HashesAppendedBlocksAsTheCoordinatorDoes) {
  AddRequest<Growing> request = add("r0", tokens(1, 3));
  request.mm.emplace();
  for (int i = 0; i < 2; ++i) request.mm->push_back({.id = "item", .offset = 0, .length = 5});
  for (const Semantics semantics : {Semantics::sound, Semantics::recorded}) {
    Config<Growing> config = config_of({full(4)});
    config.semantics = semantics;
    CudaManager manager = std::move(CudaManager::create(config, GetParam()).value());
    host::Manager host = std::move(host::Manager::create(config).value());
    ASSERT_TRUE(manager.step(request));
    ASSERT_TRUE(host.step(request));
    for (const auto& appended : {append("r0", tokens(4, 13)), append("r0", tokens(14, 21))}) {
      const auto answer = manager.step(appended);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer.value(), host.step(appended).value());
    }
    EXPECT_EQ(manager.use().digests, 5U);
  }
}

TEST_P(Manager, SaysWhichPartsAreLeftOut) {
  Config<Growing> config = config_of({full()});
  config.hash_fn = HashFunction::xxhash;
  EXPECT_EQ(CudaManager::create(config, GetParam()).value().use().left_out, 1U);
  config = config_of({full(std::int64_t{1} << 17)});
  config.max_model_len = std::int64_t{1} << 20;
  EXPECT_EQ(CudaManager::create(config, GetParam()).value().use().left_out, 1U);  // the pages
}

// A device that fails is said to have failed: what it shows then is no wrong page and no wrong state.
// Covers: DEVICE-05
TEST_P(Manager, AFailureOfTheDeviceIsItsOwnClause) {
  Config<Growing> config = config_of({full(), window(4)}, 17);
  config.semantics = Semantics::recorded;
  CudaManager manager = std::move(CudaManager::create(config, GetParam()).value());
  for (const Command<Growing>& command :
       fuzz::Commands{add("r0", tokens(11, 14)), allocate("r0", 0, 4), add("r1", tokens(1, 4)), allocate("r1", 0, 4),
                      free("r1"), free("r0"), add("r2", tokens(1, 9)), look_up("r2")}) {
    ASSERT_TRUE((step<CudaManager, Growing>(manager, command)));
  }
  EXPECT_FALSE(manager.view().state.hashes.empty());
  manager.stream().fail({Clause::device_05, 719});
  EXPECT_EQ(manager.view(), static_cast<const host::Manager&>(manager).view());
  // The step in which a block is taken from the hit: the oracle finds fault with a reading, and the pages show nothing.
  const auto answer = manager.step(admit("r2", 4, 1, 1));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), (Error{Clause::device_05, 719}));
}

// The full attention group loads its external token into a block that the window group has hit and not touched yet.
// Covers: DEV-01
TEST_P(Manager, ABlockTakenFromAHitShowsInThePages) {
  Config<Growing> config = config_of({full(), window(4)}, 17);
  const fuzz::Commands commands = {add("r0", tokens(11, 14)), allocate("r0", 0, 4), add("r1", tokens(1, 4)),
                                   allocate("r1", 0, 4),      free("r1"),           free("r0"),
                                   add("r2", tokens(1, 9)),   look_up("r2"),        admit("r2", 4, 1, 1)};
  EXPECT_TRUE(faults_of(config, commands).empty());
  config.semantics = Semantics::recorded;
  EXPECT_FALSE(faults_of(config, commands).empty());
}

// The group of states hits further than full attention, whose last block was never written.
// Covers: DEV-02
TEST_P(Manager, AHitBeyondWhatWasComputedShowsInThePages) {
  Config<Growing> config = config_of({full(), mamba(MambaCacheMode::all)});
  config.use_eagle = true;
  const fuzz::Commands commands = {add("r0", tokens(1, 3)), allocate("r0", 0, 3), NewStepStarts<Growing>{},
                                   add("r1", tokens(1, 4)), look_up("r1"),        admit("r1", 3, 1)};
  config.semantics = Semantics::recorded;
  const std::vector<PageFault> faults = faults_of(config, commands);
  ASSERT_FALSE(faults.empty());
  EXPECT_EQ(faults[0].kind, PageFaultKind::unwritten) << to_text(faults[0]);
  EXPECT_EQ(faults[0].group, 0U);
  EXPECT_EQ(faults[0].position, 2U);
}

// ---- The comparison of pages and oracle can fail --------------------------------------------------------------------

class PagesAndOracle : public InPlace {
 protected:
  void SetUp() override {
    InPlace::SetUp();
    request_.id = "r0";
    for (std::uint64_t i = 1; i <= 8; ++i) request_.positions.push_back({i, ~i});
    table_ = {3, 5};
  }
  fuzz::PageObserver::Part part(std::int64_t from, std::int64_t to) const {
    return {request_, groups_[0], table_, from, to};
  }

  Config<Growing> config_ = config_of({full(4)}, 8);
  std::vector<fuzz::GroupFacts> groups_ = fuzz::facts_of_groups(config_);
  fuzz::RequestStory request_;
  std::vector<BlockId> table_;
};
KVSPEC_IN_PLACES(PagesAndOracle);

TEST_P(PagesAndOracle, AgreeOnWhatIsThereAndWhatIsNot) {
  fuzz::CheckedPages pages(stream, config_);
  pages.taken(3);
  pages.taken(5);
  pages.written(part(0, 4));
  pages.written(part(4, 6));
  pages.read(part(0, 4), true);
  pages.read(part(4, 8), false);
  EXPECT_EQ(pages.differing_block(), std::nullopt);
  ASSERT_EQ(pages.faults().size(), 2U);
  EXPECT_EQ(pages.faults()[0].position, 6U);
}

TEST_P(PagesAndOracle, DifferWhereOnlyOneOfThemFindsAFault) {
  fuzz::CheckedPages pages(stream, config_);
  pages.written(part(0, 4));
  pages.read(part(0, 4), false);
  EXPECT_EQ(pages.differing_block(), std::optional<BlockId>(3));
  pages.read(part(0, 4), true);
  pages.taken(3);
  pages.read(part(0, 4), true);
  EXPECT_EQ(pages.differing_block(), std::optional<BlockId>(3));
  pages.vouched(3);
  pages.read(part(0, 4), true);
  EXPECT_EQ(pages.differing_block(), std::nullopt);
}

// A block that two tables have is written twice, in the order of the writings.
TEST_P(PagesAndOracle, TakeWhatIsWrittenToOnePageInTurn) {
  fuzz::CheckedPages pages(stream, config_);
  fuzz::RequestStory other = request_;
  other.id = "r1";
  for (auto& identity : other.positions) identity.low += 100;
  const std::vector<BlockId> same_table = table_;
  pages.taken(3);
  pages.written(part(0, 4));
  pages.written(part(4, 8));
  pages.written({other, groups_[0], same_table, 0, 4});
  pages.read({other, groups_[0], same_table, 0, 4}, true);
  EXPECT_EQ(pages.num_writes(), 2U);
  pages.read(part(0, 4), false);
  pages.read(part(4, 8), true);
  EXPECT_EQ(pages.differing_block(), std::nullopt);
  EXPECT_EQ(pages.num_readings(), 3U);
}

// Of every group the data behind a context can be wrong where the context is right.
TEST(CheckedPages, HaveDataBehindEachContext) {
  const PageLayout layout =
      fuzz::CheckedPages::layout_of(config_of({full(4), window(4, 8), mamba(MambaCacheMode::all)}));
  for (const GroupPages& group : layout.groups) EXPECT_GE(group.entry_bytes, 2 * sizeof(Context));
}

TEST(Implementations, HaveTheNamesOfTheirEngines) {
  for (const Implementation on : {Implementation::host, Implementation::cuda, Implementation::cuda_on_host}) {
    EXPECT_EQ(fuzz::implementation_of(fuzz::to_text(on)), on);
  }
  EXPECT_EQ(fuzz::implementation_of("other"), std::nullopt);
}

// Covers: DEVICE-01, DEVICE-02
TEST(Implementations, OneThatCannotBeHadIsSaidToBeAbsent) {
  const golden::Ran ran = golden::kvspec_command({"replay", "--on", "cuda", golden::golden_file("full_17")});
  const golden::Ran lockstep = golden::kvspec_command({"lockstep", "--on", "cuda", "--operations", "10"});
  const std::string absence = fuzz::absence_of(Place::device);
  EXPECT_EQ(fuzz::absence_of(Place::host), "");
  if (absence.empty()) {
    EXPECT_EQ(ran.exit_code, 0) << ran.out;
    EXPECT_EQ(lockstep.exit_code, 0) << lockstep.out;
    return;
  }
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.err, "kvspec replay: no engine cuda: " + absence + "\n");
  EXPECT_EQ(lockstep.exit_code, 2);
  EXPECT_EQ(lockstep.err, "kvspec lockstep: no engine cuda: " + absence + "\n");
  const golden::Ran on_host =
      golden::kvspec_command({"replay", "--on", "cuda-on-host", golden::golden_file("full_17")});
  EXPECT_EQ(on_host.exit_code, 0) << on_host.out;
}

}  // namespace
}  // namespace kvspec::cuda
