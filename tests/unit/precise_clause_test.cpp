// The clause that a shrunk counterexample names follows from what shrinking has left.
#include "fuzz/precise_clause.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/storage.hpp"

namespace kvspec::fuzz {
namespace {

using S = Growing;

GroupSpec group_of_kind(GroupKind kind) {
  GroupSpec group{};
  group.kind = kind;
  group.block_size = 4;
  return group;
}

Failure failure_of(std::vector<GroupSpec> groups, Clause clause, std::string path, std::string expected = "1",
                   std::string actual = "2") {
  Failure failure;
  failure.config.groups = std::move(groups);
  failure.config.scheduler_block_size = 4;
  failure.commands = {GetComputedBlocks<S>{}};
  failure.counterexample.command = failure.commands.back();
  failure.counterexample.clause = clause;
  failure.counterexample.path = std::move(path);
  failure.counterexample.expected = std::move(expected);
  failure.counterexample.actual = std::move(actual);
  return failure;
}

Clause length_in(std::vector<GroupSpec> groups, std::string path = "num_computed_tokens") {
  return precise_clause(failure_of(std::move(groups), Clause::look_03, std::move(path), "8", "4"));
}

// LOOK-03, LOOK-04, LOOK-07, LOOK-09, LOOK-10
TEST(PreciseClause, length_of_a_hit_is_that_of_the_kind) {
  EXPECT_EQ(length_in({group_of_kind(GroupKind::full)}), Clause::look_03);
  EXPECT_EQ(length_in({group_of_kind(GroupKind::swa)}), Clause::look_07);
  EXPECT_EQ(length_in({group_of_kind(GroupKind::chunked)}), Clause::look_09);
  EXPECT_EQ(length_in({group_of_kind(GroupKind::mamba)}), Clause::look_10);
  GroupSpec eagle = group_of_kind(GroupKind::full);
  eagle.is_eagle_group = true;
  EXPECT_EQ(length_in({eagle}), Clause::look_04);
}

// LOOK-12, LOOK-14, LOOK-15
TEST(PreciseClause, several_groups_have_one_length) {
  const std::vector<GroupSpec> groups{group_of_kind(GroupKind::full), group_of_kind(GroupKind::swa)};
  EXPECT_EQ(length_in(groups), Clause::look_12);
  EXPECT_EQ(length_in(groups, "blocks[1].size()"), Clause::look_15);
  std::vector<GroupSpec> eagle = groups;
  eagle[1].is_eagle_group = true;
  EXPECT_EQ(length_in(eagle), Clause::look_14);
  EXPECT_EQ(precise_clause(failure_of(eagle, Clause::look_03, "num_computed_tokens", "8", "6")), Clause::look_04);
}

// What `kvspec check` sees names the kind of a group before it is shrunk, and the same clause afterwards.
// LOOK-07, LOOK-09, LOOK-10, LOOK-12, LOOK-15, POOL-09
TEST(PreciseClause, a_hit_that_names_a_kind_is_no_other_hit) {
  const std::vector<GroupSpec> one{group_of_kind(GroupKind::swa)};
  const std::vector<GroupSpec> two{group_of_kind(GroupKind::full), group_of_kind(GroupKind::swa)};
  for (const Clause coarse : {Clause::look_07, Clause::look_09, Clause::look_10}) {
    const auto clause = [&](const std::vector<GroupSpec>& groups, std::string path, std::string expected) {
      return precise_clause(failure_of(groups, coarse, std::move(path), std::move(expected), "4"));
    };
    EXPECT_EQ(clause(one, "blocks[0].size()", "8"), Clause::look_07);
    EXPECT_EQ(clause(two, "blocks[1].size()", "8"), Clause::look_15);
    EXPECT_EQ(clause(two, "num_computed_tokens", "8"), Clause::look_12);
    EXPECT_EQ(clause(two, "blocks[1][0]", "0"), Clause::look_07);
    EXPECT_EQ(clause(two, "blocks[1][0]", "3"), Clause::pool_09);
  }
}

// An error, or no answer, has no part that could say more.
TEST(PreciseClause, what_is_no_answer_keeps_its_clause) {
  for (const Disagreement kind : {Disagreement::error, Disagreement::protocol}) {
    Failure failure = failure_of({group_of_kind(GroupKind::swa)}, Clause::look_03, "");
    failure.counterexample.kind = kind;
    EXPECT_EQ(precise_clause(failure), Clause::look_03);
  }
}

// POOL-09 is about copies; whether there is a block at all is about the kind.
TEST(PreciseClause, null_block_in_a_hit_is_no_matter_of_copies) {
  const std::vector<GroupSpec> window{group_of_kind(GroupKind::swa)};
  EXPECT_EQ(precise_clause(failure_of(window, Clause::pool_09, "blocks[0][1]", "0", "3")), Clause::look_07);
  EXPECT_EQ(precise_clause(failure_of(window, Clause::pool_09, "blocks[0][1]", "2", "3")), Clause::pool_09);
  std::vector<GroupSpec> eagle{group_of_kind(GroupKind::full), group_of_kind(GroupKind::swa)};
  eagle[1].is_eagle_group = true;
  EXPECT_EQ(precise_clause(failure_of(eagle, Clause::pool_09, "blocks[1][1]", "0", "3")), Clause::look_14);
}

// FREE-07, MAMBA-01, MAMBA-03, ALLOC-17
TEST(PreciseClause, table_is_that_of_the_group_that_differs) {
  GroupSpec states = group_of_kind(GroupKind::mamba);
  states.num_speculative_blocks = 1;
  GroupSpec aligned = states;
  aligned.mamba_cache_mode = MambaCacheMode::align;
  const std::vector<GroupSpec> groups{group_of_kind(GroupKind::full), states, aligned, group_of_kind(GroupKind::cross)};
  const auto clause = [&](std::string path) {
    return precise_clause(failure_of(groups, Clause::alloc_12, std::move(path)));
  };
  EXPECT_EQ(clause("result[0].size()"), Clause::alloc_12);
  EXPECT_EQ(clause("result[1].size()"), Clause::mamba_01);
  EXPECT_EQ(clause("result[2].size()"), Clause::mamba_03);
  EXPECT_EQ(clause("result[3].size()"), Clause::alloc_17);
  const std::string place = "state.managers[1].req_blocks[\"r0\"][0]";
  EXPECT_EQ(precise_clause(failure_of(groups, Clause::alloc_12, place, "0", "3")), Clause::free_07);
}

// MAMBA-02, MAMBA-04, ALLOC-09
TEST(PreciseClause, need_depends_on_states) {
  AllocateSlots<S> takes_hit{};
  takes_hit.new_computed_blocks = PassedHit::computed;
  GroupSpec states = group_of_kind(GroupKind::mamba);
  states.mamba_cache_mode = MambaCacheMode::all;
  Failure failure = failure_of({states}, Clause::alloc_09, "result");
  EXPECT_EQ(precise_clause(failure), Clause::alloc_09);
  failure.counterexample.command = takes_hit;
  EXPECT_EQ(precise_clause(failure), Clause::mamba_02);
  failure.commands = {NewStepStarts<S>{}, takes_hit};
  EXPECT_EQ(precise_clause(failure), Clause::alloc_09);
  failure.config.groups.front().mamba_cache_mode = MambaCacheMode::align;
  EXPECT_EQ(precise_clause(failure), Clause::mamba_04);
}

// HASH-10, CACHE-07, CACHE-08, CACHE-09
TEST(PreciseClause, what_is_cached_depends_on_windows) {
  const std::string path = "state.hashes[3]";
  Failure failure = failure_of({group_of_kind(GroupKind::swa)}, Clause::alloc_13, path, "absent", "0x00");
  EXPECT_EQ(precise_clause(failure), Clause::cache_08);
  failure.config.retention_interval = 0;
  EXPECT_EQ(precise_clause(failure), Clause::cache_09);
  failure.config.groups = {group_of_kind(GroupKind::full), group_of_kind(GroupKind::mla)};
  EXPECT_EQ(precise_clause(failure), Clause::cache_07);
  failure.counterexample.expected = "0x01";
  EXPECT_EQ(precise_clause(failure), Clause::hash_10);
}

// POOL-09
TEST(PreciseClause, order_of_copies_is_the_index) {
  const std::vector<GroupSpec> full{group_of_kind(GroupKind::full)};
  const std::string path = "state.dups[\"0x00 of group 0\"]";
  EXPECT_EQ(precise_clause(failure_of(full, Clause::alloc_13, path + "[0]", "1", "2")), Clause::pool_09);
  EXPECT_EQ(precise_clause(failure_of(full, Clause::alloc_13, path + ".size()", "2", "1")), Clause::alloc_13);
  EXPECT_EQ(precise_clause(failure_of(full, Clause::alloc_13, path, "[1 2]", "absent")), Clause::alloc_13);
}

// ALLOC-12, ALLOC-13
TEST(PreciseClause, silence_of_an_allocation_is_that_of_caching_if_it_ends_without) {
  Failure failure = failure_of({group_of_kind(GroupKind::full)}, Clause::alloc_12, "");
  failure.counterexample.kind = Disagreement::protocol;
  failure.counterexample.step = 1;
  failure.commands = {AddRequest<S>{}, AllocateSlots<S>{}};
  int tried = 0;
  const auto answers_if = [&](bool delayed) {
    return [&tried, delayed, failure](const Config<S>&, const Commands& commands) -> std::optional<Counterexample> {
      ++tried;
      if (std::get<AllocateSlots<S>>(commands[1]).delay_cache_blocks == delayed) return {};
      return failure.counterexample;
    };
  };
  EXPECT_EQ(precise_clause(failure, answers_if(true)), Clause::alloc_13);
  EXPECT_EQ(precise_clause(failure, answers_if(false)), Clause::alloc_12);
  EXPECT_EQ(tried, 2);
  std::get<AllocateSlots<S>>(failure.commands[1]).delay_cache_blocks = true;
  EXPECT_EQ(precise_clause(failure, answers_if(true)), Clause::alloc_12);
  failure.counterexample.step = 0;
  EXPECT_EQ(precise_clause(failure, answers_if(true)), Clause::alloc_12);
  failure.counterexample.step = 2;
  EXPECT_EQ(precise_clause(failure, answers_if(true)), Clause::alloc_12);
  failure.counterexample.step = 1;
  failure.counterexample.kind = Disagreement::observation;
  EXPECT_EQ(precise_clause(failure, answers_if(true)), precise_clause(failure));
  EXPECT_EQ(tried, 2);
}

// HASH-01, HASH-07, HASH-08
TEST(PreciseClause, appended_hash_depends_on_the_items) {
  Failure failure = failure_of({group_of_kind(GroupKind::full)}, Clause::hash_08, "new_block_hashes[0]");
  EXPECT_EQ(precise_clause(failure), Clause::hash_01);
  AddRequest<S> add{};
  add.mm = {{.id = "a", .offset = 0, .length = 1}};
  failure.commands = {add};
  EXPECT_EQ(precise_clause(failure), Clause::hash_07);
  add.mm->push_back({.id = "b", .offset = 1, .length = 1});
  failure.commands = {add};
  EXPECT_EQ(precise_clause(failure), Clause::hash_08);
}

}  // namespace
}  // namespace kvspec::fuzz
