// A manager that tests drive command by command: what must be accepted, what must be refused and change nothing.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "impl/host/manager.hpp"
#include "spec/invariants.hpp"

namespace kvspec::host {

inline Config<Growing> config_of(std::int64_t num_blocks, std::int64_t block_size = 4) {
  Config<Growing> config = single_group_config<Growing>(GroupKind::full, block_size, num_blocks, 64);
  config.hash_fn = HashFunction::sha256_cbor;
  config.events = true;
  return config;
}

inline std::vector<Token> tokens(std::size_t count, Token first = 0) {
  std::vector<Token> list;
  for (std::size_t i = 0; i < count; ++i) list.push_back(first + static_cast<Token>(i));
  return list;
}

class HostManager : public ::testing::Test {
 protected:
  void start(const Config<Growing>& config) {
    Result<Manager> created = Manager::create(config);
    ASSERT_TRUE(created.ok());
    manager = std::move(created.value());
  }

  // Runs a command that must be accepted, and the invariants after it.
  template <class T>
  typename T::Observation run(const T& command) {
    const auto answer = manager.step(command);
    EXPECT_TRUE(answer.ok()) << T::op << ": " << describe(answer.error().clause).id;
    const Finding finding = Invariants<Growing>().check(manager);
    EXPECT_FALSE(finding) << T::op << ": " << finding->what;
    return answer.value();
  }
  // Runs a command that must be refused with this error and change nothing.
  template <class T>
  void refuse(const T& command, Clause clause, std::int64_t offending) {
    const View<Growing> before = manager.view();
    const auto answer = manager.step(command);
    ASSERT_FALSE(answer.ok()) << T::op;
    EXPECT_EQ(describe(answer.error().clause).id, describe(clause).id);
    EXPECT_EQ(answer.error().offending, offending);
    EXPECT_EQ(manager.view(), before);
  }

  void add(const std::string& req, std::vector<Token> list) {
    AddRequest<Growing> command{};
    command.req = req;
    command.tokens = std::move(list);
    run(command);
  }
  static AllocateSlots<Growing> allocation(const std::string& req, Count computed, Count new_tokens) {
    AllocateSlots<Growing> command{};
    command.req = req;
    command.req_num_computed_tokens = computed;
    command.num_new_tokens = new_tokens;
    return command;
  }
  static Free<Growing> release(const std::string& req, bool drop) {
    Free<Growing> command{};
    command.req = req;
    command.drop = drop;
    return command;
  }
  static PoolFreeBlocks<Growing> pool_free(BlockList<Growing> blocks, bool prepend = false) {
    PoolFreeBlocks<Growing> command{};
    command.block_ids = std::move(blocks);
    command.prepend = prepend;
    return command;
  }
  static PoolTouch<Growing> pool_touch(BlockList<Growing> blocks) {
    PoolTouch<Growing> command{};
    command.block_ids = std::move(blocks);
    return command;
  }
  static PoolCacheFullBlocks<Growing> pool_cache(const std::string& req, BlockList<Growing> blocks, Count first,
                                                 Count last, GroupId group = 0) {
    PoolCacheFullBlocks<Growing> command{};
    command.req = req;
    command.block_ids = std::move(blocks);
    command.num_cached_blocks = first;
    command.num_full_blocks = last;
    command.group = group;
    return command;
  }
  BlockList<Growing> take(Count count) {
    PoolGetNewBlocks<Growing> command{};
    command.num_blocks = count;
    return run(command).blocks;
  }
  GetComputedBlocks<Growing>::Observation look_up(const std::string& req) {
    GetComputedBlocks<Growing> command{};
    command.req = req;
    return run(command);
  }
  BlockList<Growing> queue() const { return manager.view().state.free_queue; }

  Manager manager;
};

}  // namespace kvspec::host
